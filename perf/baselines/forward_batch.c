/*
 * The relay's loop in C: recvmmsg with UDP_GRO, runs of segments with equal first 8 bytes routed by one look-up, gathered by destination without a copy,
 * one sendmmsg with UDP_SEGMENT. usage: forward_batch PORT FLOWS
 */
#include "table.h"

enum { RECEIVES = 16, BUFFER = 65536, SENDS = 512, VECTORS = 64, CONTROL = 128, PREFIX = 8 };

struct outgoing {
    struct iovec vectors[VECTORS];
    uint32_t length, segment, segments;
    int tos, closed;
    uint8_t control[64] __attribute__((aligned(8)));
};

struct received {
    uint8_t *start;
    uint32_t length, segment;
    int tos;
};

static struct mmsghdr g_in[RECEIVES], g_out[SENDS];
static struct iovec g_in_vectors[RECEIVES];
static struct sockaddr_in6 g_sources[RECEIVES];
static uint8_t g_controls[RECEIVES][CONTROL] __attribute__((aligned(8)));
static struct outgoing g_outgoing[SENDS];
static int g_count;

/* The last message begun for an agent, valid in the round of its stamp. */
static struct { uint32_t stamp; int message; } *g_open;
static uint32_t g_stamp = 1;

static void prepare(const struct table *table)
{
    uint8_t *buffers = aligned_alloc(4096, (size_t)RECEIVES * BUFFER);
    memset(buffers, 0, (size_t)RECEIVES * BUFFER);
    for (int i = 0; i < RECEIVES; i++) {
        g_in_vectors[i] = (struct iovec){buffers + (size_t)i * BUFFER, BUFFER};
        g_in[i].msg_hdr = (struct msghdr){.msg_name = g_sources + i, .msg_namelen = sizeof *g_sources, .msg_iov = g_in_vectors + i,
            .msg_iovlen = 1, .msg_control = g_controls[i], .msg_controllen = CONTROL};
    }
    g_open = calloc((size_t)table_agents(table), sizeof *g_open);
}

static struct received take(int i)
{
    struct msghdr *header = &g_in[i].msg_hdr;
    struct received message = {g_in_vectors[i].iov_base, g_in[i].msg_len, g_in[i].msg_len, 0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
            message.segment = (uint32_t)*(int *)CMSG_DATA(c);
        else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
            message.tos = *CMSG_DATA(c);
        else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
            message.tos = *(int *)CMSG_DATA(c);
    }
    header->msg_controllen = CONTROL;
    header->msg_namelen = sizeof *g_sources;
    return message;
}

static void *put_control(struct outgoing *message, size_t *used, int level, int type, size_t length)
{
    struct cmsghdr *c = (struct cmsghdr *)(message->control + *used);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    *used += CMSG_SPACE(length);
    return CMSG_DATA(c);
}

static void send_all(int s)
{
    for (int i = 0; i < g_count; i++) {
        struct outgoing *message = g_outgoing + i;
        size_t used = 0;
        if (message->segments > 1)
            *(uint16_t *)put_control(message, &used, SOL_UDP, UDP_SEGMENT, sizeof(uint16_t)) = (uint16_t)message->segment;
        if (message->tos != 0)
            *(int *)put_control(message, &used, IPPROTO_IP, IP_TOS, sizeof(int)) = message->tos;
        g_out[i].msg_hdr.msg_control = used ? message->control : NULL;
        g_out[i].msg_hdr.msg_controllen = used;
    }
    for (int done = 0; done < g_count;) {
        int sent = sendmmsg(s, g_out + done, (unsigned)(g_count - done), MSG_DONTWAIT);
        done += sent > 0 ? sent : 1;
    }
    g_count = 0;
    g_stamp++;
}

static int gather(struct outgoing *message, struct msghdr *header, const struct received *in, uint8_t *start, uint32_t length, uint32_t segments)
{
    if (message->closed || message->segment != in->segment || message->tos != in->tos || message->segments + segments > MAX_SEGMENTS
        || message->length + length > MAX_PAYLOAD)
        return 0;
    struct iovec *last = message->vectors + header->msg_iovlen - 1;
    if ((uint8_t *)last->iov_base + last->iov_len == start) {
        last->iov_len += length;
    } else {
        if (header->msg_iovlen == VECTORS)
            return 0;
        message->vectors[header->msg_iovlen++] = (struct iovec){start, length};
    }
    message->length += length;
    message->segments += segments;
    message->closed = length != segments * in->segment;
    return 1;
}

static void enqueue(int s, const struct table *table, int to, const struct received *in, uint8_t *start, uint32_t length, uint32_t segments)
{
    if (g_open[to].stamp == g_stamp && gather(g_outgoing + g_open[to].message, &g_out[g_open[to].message].msg_hdr, in, start, length, segments))
        return;
    if (g_count == SENDS)
        send_all(s);
    struct outgoing *message = g_outgoing + g_count;
    message->vectors[0] = (struct iovec){start, length};
    message->length = length;
    message->segment = in->segment;
    message->segments = segments;
    message->tos = in->tos;
    message->closed = length != segments * in->segment;
    g_out[g_count].msg_hdr = (struct msghdr){.msg_name = (void *)table_address(table, to), .msg_namelen = sizeof(struct sockaddr_in6),
        .msg_iov = message->vectors, .msg_iovlen = 1};
    g_open[to].stamp = g_stamp;
    g_open[to].message = g_count++;
}

static void forward(int s, const struct table *table, int i)
{
    struct received in = take(i);
    for (uint32_t offset = 0; offset < in.length;) {
        uint8_t *start = in.start + offset;
        uint32_t first = in.length - offset < in.segment ? in.length - offset : in.segment, length = first, segments = 1;
        while (offset + length < in.length && first >= PREFIX && segments < MAX_SEGMENTS) {
            uint32_t left = in.length - offset - length, next = left < in.segment ? left : in.segment;
            if (next < PREFIX || memcmp(start + length, start, PREFIX) != 0)
                break;
            length += next;
            segments++;
        }
        offset += length;
        int to = table_route(table, g_sources + i, start, first);
        if (to >= 0)
            enqueue(s, table, to, &in, start, length, segments);
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: forward_batch PORT FLOWS\n");
        return 2;
    }
    struct flows flows = read_flows(arguments[2], UINT16_MAX);
    struct table *table = table_make(&flows);
    int s = open_forwarder((uint16_t)atoi(arguments[1]), 1);
    prepare(table);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int received = recvmmsg(s, g_in, RECEIVES, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++)
            forward(s, table, i);
        send_all(s);
    }
}
