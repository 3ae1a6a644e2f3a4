/*
 * Sends at a fixed rate, whatever becomes of it, and receives on the other side in the same thread: loss, order within each flow, and the way's time.
 * usage: probe RELAY FLOWS COUNT SIZE BURST RATE PACKETS NAMESPACE      NAMESPACE: where the flows' destinations are
 */
#include "burst.h"

enum { RECEIVES = 64, BUFFER = 2048, LATE_NS = 1000000, TAIL_NS = 100000000 };

static struct {
    uint64_t *expected;             /* by flow: the next counter */
    uint32_t *times;                /* ns */
    uint64_t received, timed, reordered, wrong, skip;
} g_sink;

static int open_sink(const char *namespace, uint16_t port)
{
    enter_namespace(namespace);
    int s = open_sender(port);
    if (fcntl(s, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    return s;
}

static void receive_all(int s, const struct flows *flows, uint32_t size)
{
    static uint8_t buffers[RECEIVES][BUFFER];
    static struct iovec vectors[RECEIVES];
    static struct mmsghdr messages[RECEIVES];
    for (int i = 0; i < RECEIVES && !messages[i].msg_hdr.msg_iov; i++) {
        vectors[i] = (struct iovec){buffers[i], BUFFER};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = vectors + i, .msg_iovlen = 1};
    }
    int count = recvmmsg(s, messages, RECEIVES, MSG_DONTWAIT, NULL);
    uint64_t now = now_ns();
    for (int i = 0; i < count; i++) {
        struct payload payload;
        memcpy(&payload, buffers[i], sizeof payload);
        if (messages[i].msg_len != size || payload.mark != PAYLOAD_MARK || payload.flow >= flows->count
            || payload.receiver != flows->items[payload.flow].receiver) {
            g_sink.wrong++;
            continue;
        }
        g_sink.reordered += payload.counter < g_sink.expected[payload.flow];
        g_sink.expected[payload.flow] = payload.counter + 1;
        if (g_sink.received++ >= g_sink.skip)
            g_sink.times[g_sink.timed++] = (uint32_t)(now - payload.sent_at);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile(double share)
{
    return g_sink.timed == 0 ? 0 : g_sink.times[(size_t)(share * (double)(g_sink.timed - 1))] / 1e3;
}

int main(int count, char **arguments)
{
    if (count != 9) {
        fprintf(stderr, "usage: probe RELAY FLOWS COUNT SIZE BURST RATE PACKETS NAMESPACE\n");
        return 2;
    }
    struct sockaddr_in relay = parse_endpoint(arguments[1]);
    struct flows flows = read_flows(arguments[2], (uint32_t)atoi(arguments[3]));
    uint32_t size = (uint32_t)atoi(arguments[4]), burst = (uint32_t)atoi(arguments[5]);
    double rate = atof(arguments[6]);
    uint64_t packets = (uint64_t)atoll(arguments[7]);
    uint32_t most = MAX_PAYLOAD / size < MAX_SEGMENTS ? MAX_PAYLOAD / size : MAX_SEGMENTS;
    int s = open_sender(ntohs(flows.items[0].source.sin_port));
    int sink = open_sink(arguments[8], ntohs(flows.items[0].destination.sin_port));

    static struct burst message;
    static struct mmsghdr header;
    burst_make(&message, &header.msg_hdr, &relay, burst < most ? burst : most, size);
    g_sink.expected = calloc(flows.count, sizeof *g_sink.expected);
    g_sink.times = calloc(packets + burst, sizeof *g_sink.times);
    g_sink.skip = packets / 5;      /* the first fifth warms up */
    uint64_t *counters = calloc(flows.count, sizeof *counters);

    uint64_t sent = 0, late = 0, last = now_ns();
    double due = (double)last;
    for (uint32_t flow = 0; sent < packets || (g_sink.received < sent && now_ns() - last < TAIL_NS);) {
        uint64_t now = now_ns();
        if (sent < packets && (double)now >= due) {
            due += burst * 1e9 / rate;
            if ((double)now - due > LATE_NS) {
                due = (double)now;
                late++;
            }
            for (uint32_t left = burst; left > 0;) {
                uint32_t segments = left < message.segments ? left : message.segments;
                burst_set_flow(&message, &flows, flow);
                for (uint32_t i = 0; i < segments; i++) {
                    burst_payload(&message, i)->counter = counters[flow]++;
                    burst_payload(&message, i)->sent_at = now;
                }
                burst_shorten(&message, &header.msg_hdr, segments);
                if (sendmmsg(s, &header, 1, 0) != 1)
                    die("sendmmsg");
                sent += segments;
                left -= segments;
            }
            flow = (flow + 1) % flows.count;
            last = now;
        }
        receive_all(sink, &flows, size);
    }
    qsort(g_sink.times, g_sink.timed, sizeof *g_sink.times, compare);
    printf("{\"sent\":%lu,\"received\":%lu,\"lost\":%ld,\"reordered\":%lu,\"wrong\":%lu,\"late\":%lu,\"min_us\":%.2f,\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f}\n",
        (unsigned long)sent, (unsigned long)g_sink.received, (long)(sent - g_sink.received), (unsigned long)g_sink.reordered,
        (unsigned long)g_sink.wrong, (unsigned long)late, percentile(0), percentile(0.5), percentile(0.9), percentile(0.99));
    return g_sink.received == 0;
}
