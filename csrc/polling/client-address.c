/* Where a client is: pg_stat_activity, inet_client_addr() and the log say so. BackendInitialize's part of it, which PGlite
 * does not have. */
#include "backend.h"

enum { HOST_MAX = 46, PORT_MAX = 6, NUMERIC = 1 | 2 /* NI_NUMERICHOST, NI_NUMERICSERV */ };

/* getnameinfo(3), which PostgreSQL asks too. */
GUEST_IMPORT(getnameinfo)
int getnameinfo(const void *address, uint32_t length, char *host, uint32_t host_size, char *service,
                uint32_t service_size, int flags);

static void store(uint8_t *at, uint64_t number, int size)
{
    while (size-- > 0) {
        at[size] = (uint8_t) number;
        number >>= 8;
    }
}

void client_is_local(PGPort *port)
{
    port->client = (PGSocketAddress){.family = PG_AF_UNIX};
    port->client_length = sizeof port->client.family;
    port->client_host = "[local]";
    port->client_port = "";
}

void client_is_remote(PGPort *port, int version, int number, uint64_t high, uint64_t low)
{
    static char host[HOST_MAX], service[PORT_MAX];
    PGSocketAddress *client = &port->client;

    if (version == 4) {
        *client = (PGSocketAddress){.family = PG_AF_INET};
        store(client->inet.address, high >> 32, sizeof client->inet.address);
        port->client_length = 16;
    } else {
        *client = (PGSocketAddress){.family = PG_AF_INET6};
        store(client->inet6.address, high, 8);
        store(client->inet6.address + 8, low, 8);
        port->client_length = sizeof client->inet6;
    }
    store(client->inet.port, (uint64_t) number, sizeof client->inet.port);
    if (getnameinfo(client, port->client_length, host, sizeof host, service, sizeof service,
                    NUMERIC)
        != 0)
        return;
    port->client_host = host;
    port->client_port = service;
}
