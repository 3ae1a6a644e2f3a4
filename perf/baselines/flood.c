/*
 * Sends as fast as one core can, in bursts of one flow, and says how many datagrams left and what processor time they took.
 * usage: flood RELAY FLOWS COUNT SIZE BURST SECONDS      RELAY: ADDRESS:PORT; FLOWS: a file; COUNT: its first so many flows
 */
#include "burst.h"

enum { MESSAGES = 64 };

int main(int count, char **arguments)
{
    if (count != 7) {
        fprintf(stderr, "usage: flood RELAY FLOWS COUNT SIZE BURST SECONDS\n");
        return 2;
    }
    struct sockaddr_in relay = parse_endpoint(arguments[1]);
    struct flows flows = read_flows(arguments[2], (uint32_t)atoi(arguments[3]));
    uint32_t size = (uint32_t)atoi(arguments[4]), segments = (uint32_t)atoi(arguments[5]);
    if (segments > MAX_SEGMENTS || segments * size > MAX_PAYLOAD)
        segments = MAX_PAYLOAD / size < MAX_SEGMENTS ? MAX_PAYLOAD / size : MAX_SEGMENTS;
    int s = open_sender(ntohs(flows.items[0].source.sin_port));
    static struct burst bursts[MESSAGES];
    static struct mmsghdr messages[MESSAGES];
    for (uint32_t i = 0; i < MESSAGES; i++)
        burst_make(bursts + i, &messages[i].msg_hdr, &relay, segments, size);

    uint64_t sent = 0, refused = 0, start = now_ns(), end = start + (uint64_t)(atof(arguments[6]) * 1e9), cpu = cpu_ns();
    uint32_t next = 0;
    for (int isFirst = 1; now_ns() < end; isFirst = 0) {
        /* With at most as many flows as messages every message keeps its own. */
        for (uint32_t i = 0; (isFirst || flows.count > MESSAGES) && i < MESSAGES; i++, next++)
            burst_set_flow(bursts + i, &flows, next % flows.count);
        int done = sendmmsg(s, messages, MESSAGES, 0);
        if (done > 0)
            sent += (uint64_t)done * segments;
        else
            refused++;
    }
    printf("{\"sent\":%lu,\"refused\":%lu,\"seconds\":%.6f,\"cpu_ns\":%lu}\n",
        (unsigned long)sent, (unsigned long)refused, (double)(now_ns() - start) / 1e9, (unsigned long)(cpu_ns() - cpu));
    return sent == 0;
}
