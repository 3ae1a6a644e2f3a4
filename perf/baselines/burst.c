#include "burst.h"

void burst_make(struct burst *burst, struct msghdr *header, struct sockaddr_in *relay, uint32_t segments, uint32_t size)
{
    size_t length = (size_t)segments * size;
    burst->relay = relay;
    burst->segments = segments;
    burst->size = size;
    burst->datagrams = aligned_alloc(64, (length + 63) & ~(size_t)63);
    memset(burst->datagrams, 0x5a, length);
    for (uint32_t i = 0; i < segments; i++)
        *burst_payload(burst, i) = (struct payload){.type = 4, .mark = PAYLOAD_MARK};
    struct cmsghdr *c = (struct cmsghdr *)burst->control;
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    burst->source = (struct in_pktinfo *)(void *)CMSG_DATA(c);
    *burst->source = (struct in_pktinfo){0};
    c = (struct cmsghdr *)(burst->control + CMSG_SPACE(sizeof(struct in_pktinfo)));
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    *(uint16_t *)(void *)CMSG_DATA(c) = (uint16_t)size;
    *header = (struct msghdr){.msg_name = relay, .msg_namelen = sizeof *relay, .msg_iov = &burst->vector, .msg_iovlen = 1, .msg_control = burst->control};
    burst_shorten(burst, header, segments);
}

void burst_set_flow(struct burst *burst, const struct flows *flows, uint32_t flow)
{
    burst->source->ipi_spec_dst = flows->items[flow].source.sin_addr;
    for (uint32_t i = 0; i < burst->segments; i++) {
        burst_payload(burst, i)->receiver = flows->items[flow].receiver;
        burst_payload(burst, i)->flow = flow;
    }
}

void burst_shorten(struct burst *burst, struct msghdr *header, uint32_t segments)
{
    burst->vector = (struct iovec){burst->datagrams, (size_t)segments * burst->size};
    header->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo)) + (segments > 1 ? CMSG_SPACE(sizeof(uint16_t)) : 0);
}
