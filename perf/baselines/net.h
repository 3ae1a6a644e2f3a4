/* What the baselines share: a clock, namespaces, the socket that the relay uses too, and the list of flows. */
#ifndef NET_H
#define NET_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    MAX_SEGMENTS = 64,      /* every kernel with UDP_SEGMENT takes 64 */
    MAX_PAYLOAD = 65507,    /* UDP over IPv4 */
    SOCKET_BUFFER = 8 << 20,
    SINK_BUFFER = 64 << 20,
};

/* The first 32 bytes of a datagram: a WireGuard transport header, then what the baselines need. */
struct payload {
    uint8_t type;           /* 4 */
    uint8_t reserved[3];
    uint32_t receiver;      /* the receiver's index */
    uint64_t counter;       /* the sequence number within the flow */
    uint64_t sent_at;       /* nanoseconds of CLOCK_MONOTONIC */
    uint32_t flow;
    uint32_t mark;          /* PAYLOAD_MARK */
};

enum { PAYLOAD_MARK = 0x4b455948 };

/* A client's address, its connector's, and the connector's index in their session. */
struct flow {
    struct sockaddr_in source;
    struct sockaddr_in destination;
    uint32_t receiver;
};

struct flows {
    struct flow *items;
    uint32_t count;
};

void die(const char *what);
uint64_t now_ns(void);
uint64_t cpu_ns(void);
void enter_namespace(const char *name);

/* Lines of "SOURCE PORT DESTINATION PORT INDEX". */
struct flows read_flows(const char *path, uint32_t most);

/* "ADDRESS:PORT" */
struct sockaddr_in parse_endpoint(const char *text);

/* A socket that sends from a port; which address, each message says. */
int open_sender(uint16_t port);

/* A dual stack socket on a port with everything that the relay sets on its own. */
int open_forwarder(uint16_t port, int offload);

/* Asks the kernel to set an option, and goes on without it. */
void try_option(int socket, int level, int option, int value);

#endif
