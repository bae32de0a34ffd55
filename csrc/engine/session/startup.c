/* Startup packets of our own. */
#include "engine/session/startup.h"

#include <stdbool.h>
#include <string.h>

enum { PROTOCOL_VERSION = 196608, HEAD_SIZE = 8 }; /* 3.0; length and version */

static bool append(uint8_t *packet, size_t *size, const char *string)
{
    size_t length = strlen(string) + 1;

    if (length > STARTUP_MAX - *size)
        return false;
    memcpy(packet + *size, string, length);
    *size += length;
    return true;
}

static void store_big_endian(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t) (value >> (24 - 8 * i));
}

size_t startup_packet(const char *user, const char *database, uint8_t packet[STARTUP_MAX])
{
    size_t size = HEAD_SIZE;

    if (!append(packet, &size, "user") || !append(packet, &size, user)
        || !append(packet, &size, "database") || !append(packet, &size, database)
        || !append(packet, &size, ""))
        return 0;
    store_big_endian(packet, (uint32_t) size);
    store_big_endian(packet + 4, PROTOCOL_VERSION);
    return size;
}
