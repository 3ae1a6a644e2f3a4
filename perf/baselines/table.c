#include "table.h"

enum { SLOTS = 1 << 12 };

struct address_slot {
    struct sockaddr_in6 address;
    int agent;              /* -1: free */
};

struct entry {
    int from;               /* -1: free */
    int to;
    uint32_t receiver;
};

struct table {
    struct address_slot addresses[SLOTS];
    struct entry entries[SLOTS];
    struct sockaddr_in6 agents[SLOTS];
    int count;
};

static uint32_t mix(uint64_t a, uint64_t b)
{
    uint64_t mixed = (a * 0x9e3779b97f4a7c15u ^ b) * 0xd6e8feb86659fd93u;
    return (uint32_t)(mixed >> 40) & (SLOTS - 1);
}

static uint32_t hash_address(const struct sockaddr_in6 *address)
{
    uint64_t halves[2];
    memcpy(halves, &address->sin6_addr, sizeof halves);
    return mix(halves[0] ^ (uint64_t)address->sin6_port << 48, halves[1]);
}

static int equal(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

static struct sockaddr_in6 map(const struct sockaddr_in *address)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = address->sin_port};
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    memcpy(mapped.sin6_addr.s6_addr + 12, &address->sin_addr, 4);
    return mapped;
}

static int add_agent(struct table *table, const struct sockaddr_in *address)
{
    struct sockaddr_in6 mapped = map(address);
    uint32_t i = hash_address(&mapped);
    while (table->addresses[i].agent >= 0)
        i = (i + 1) & (SLOTS - 1);
    table->addresses[i] = (struct address_slot){mapped, table->count};
    table->agents[table->count] = mapped;
    return table->count++;
}

static void add_entry(struct table *table, int from, int to, uint32_t receiver)
{
    uint32_t i = mix((uint64_t)from, receiver);
    while (table->entries[i].from >= 0)
        i = (i + 1) & (SLOTS - 1);
    table->entries[i] = (struct entry){from, to, receiver};
}

struct table *table_make(const struct flows *flows)
{
    struct table *table = calloc(1, sizeof *table);
    if (flows->count > SLOTS / 4) {
        fprintf(stderr, "at most %d flows\n", SLOTS / 4);
        exit(1);
    }
    for (int i = 0; i < SLOTS; i++)
        table->addresses[i].agent = table->entries[i].from = -1;
    for (uint32_t i = 0; i < flows->count; i++) {
        int client = add_agent(table, &flows->items[i].source), connector = add_agent(table, &flows->items[i].destination);
        add_entry(table, client, connector, flows->items[i].receiver);
    }
    return table;
}

static int find_agent(const struct table *table, const struct sockaddr_in6 *source)
{
    for (uint32_t i = hash_address(source); table->addresses[i].agent >= 0; i = (i + 1) & (SLOTS - 1))
        if (equal(&table->addresses[i].address, source))
            return table->addresses[i].agent;
    return -1;
}

int table_route(const struct table *table, const struct sockaddr_in6 *source, const uint8_t *datagram, uint32_t length)
{
    static const uint8_t transport[4] = {4};
    if (length < sizeof(struct payload) || memcmp(datagram, transport, sizeof transport) != 0)
        return -1;
    uint32_t receiver;
    memcpy(&receiver, datagram + 4, sizeof receiver);
    int from = find_agent(table, source);
    if (from < 0)
        return -1;
    for (uint32_t i = mix((uint64_t)from, receiver); table->entries[i].from >= 0; i = (i + 1) & (SLOTS - 1))
        if (table->entries[i].from == from && table->entries[i].receiver == receiver)
            return table->entries[i].to;
    return -1;
}

const struct sockaddr_in6 *table_address(const struct table *table, int agent) { return table->agents + agent; }

int table_agents(const struct table *table) { return table->count; }
