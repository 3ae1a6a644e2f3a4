/* The plainest forwarder: one datagram per call. usage: forward_single PORT FLOWS */
#include "table.h"

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: forward_single PORT FLOWS\n");
        return 2;
    }
    struct flows flows = read_flows(arguments[2], UINT16_MAX);
    struct table *table = table_make(&flows);
    int s = open_forwarder((uint16_t)atoi(arguments[1]), 0);
    puts("ready");
    fflush(stdout);
    static uint8_t buffer[65536];
    for (;;) {
        struct sockaddr_in6 source;
        socklen_t length = sizeof source;
        ssize_t received = recvfrom(s, buffer, sizeof buffer, 0, (struct sockaddr *)&source, &length);
        int to = received < 0 ? -1 : table_route(table, &source, buffer, (uint32_t)received);
        if (to >= 0)
            (void)!sendto(s, buffer, (size_t)received, MSG_DONTWAIT, (const struct sockaddr *)table_address(table, to), sizeof source);
    }
}
