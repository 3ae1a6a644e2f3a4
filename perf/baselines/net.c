#include "net.h"

void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

uint64_t cpu_ns(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

void enter_namespace(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || setns(file, CLONE_NEWNET) != 0)
        die(path);
    close(file);
}

static struct sockaddr_in make_address(const char *address, uint16_t port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1) {
        fprintf(stderr, "%s is no IPv4 address\n", address);
        exit(1);
    }
    return result;
}

struct flows read_flows(const char *path, uint32_t most)
{
    FILE *file = fopen(path, "re");
    if (!file)
        die(path);
    struct flows flows = {calloc(most, sizeof *flows.items), 0};
    char source[64], destination[64];
    unsigned source_port, destination_port, receiver;
    while (flows.count < most && fscanf(file, "%63s %u %63s %u %u", source, &source_port, destination, &destination_port, &receiver) == 5)
        flows.items[flows.count++] = (struct flow){
            make_address(source, (uint16_t)source_port), make_address(destination, (uint16_t)destination_port), receiver};
    fclose(file);
    if (flows.count == 0) {
        fprintf(stderr, "%s holds no flow\n", path);
        exit(1);
    }
    return flows;
}

struct sockaddr_in parse_endpoint(const char *text)
{
    char address[64];
    unsigned port;
    if (sscanf(text, "%63[^:]:%u", address, &port) != 2) {
        fprintf(stderr, "%s is not ADDRESS:PORT\n", text);
        exit(1);
    }
    return make_address(address, (uint16_t)port);
}

void try_option(int socket, int level, int option, int value) { (void)!setsockopt(socket, level, option, &value, sizeof value); }

static void set_buffers(int socket, int length)
{
    try_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, length);
    try_option(socket, SOL_SOCKET, SO_SNDBUFFORCE, length);
}

int open_sender(uint16_t port)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        die("socket");
    set_buffers(s, SINK_BUFFER);
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(s, (struct sockaddr *)&local, sizeof local) != 0)
        die("bind");
    return s;
}

int open_forwarder(uint16_t port, int offload)
{
    int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        die("socket");
    try_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    try_option(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    try_option(s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    try_option(s, IPPROTO_IP, IP_RECVTOS, 1);
    try_option(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    try_option(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_buffers(s, SOCKET_BUFFER);
    if (offload)
        try_option(s, SOL_UDP, UDP_GRO, 1);
    struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (bind(s, (struct sockaddr *)&local, sizeof local) != 0)
        die("bind");
    return s;
}
