/* The relay's table with its two levels: address -> agent, (agent, receiver index) -> agent, agent -> address. */
#ifndef TABLE_H
#define TABLE_H

#include "net.h"

struct table;

struct table *table_make(const struct flows *flows);

/* The agent that a datagram goes on to, or -1: not type 4, not from an agent, or not between two that have a session. */
int table_route(const struct table *table, const struct sockaddr_in6 *source, const uint8_t *datagram, uint32_t length);

const struct sockaddr_in6 *table_address(const struct table *table, int agent);

int table_agents(const struct table *table);

#endif
