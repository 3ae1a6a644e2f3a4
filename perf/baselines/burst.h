/* Bursts of datagrams of one flow, ready to send: up to MAX_SEGMENTS by one message with UDP_SEGMENT. */
#ifndef BURST_H
#define BURST_H

#include "net.h"

struct burst {
    struct iovec vector;
    struct sockaddr_in *relay;
    struct in_pktinfo *source;      /* in the control data */
    uint8_t *datagrams;
    uint32_t segments, size;
    uint8_t control[64] __attribute__((aligned(8)));
};

/* Allocates the datagrams and fills in everything but the flow. */
void burst_make(struct burst *burst, struct msghdr *header, struct sockaddr_in *relay, uint32_t segments, uint32_t size);

/* Gives every datagram the flow's index and the message its source. */
void burst_set_flow(struct burst *burst, const struct flows *flows, uint32_t flow);

/* Sends fewer segments than the burst holds. */
void burst_shorten(struct burst *burst, struct msghdr *header, uint32_t segments);

static inline struct payload *burst_payload(struct burst *burst, uint32_t segment)
{
    return (struct payload *)(void *)(burst->datagrams + (size_t)segment * burst->size);
}

#endif
