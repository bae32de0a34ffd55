/* Startup packets of our own. */
#ifndef PGN_ENGINE_STARTUP_H
#define PGN_ENGINE_STARTUP_H

#include <stddef.h>
#include <stdint.h>

enum { STARTUP_MAX = 4096 };

/* Its size, or 0 when the names are too long. */
size_t startup_packet(const char *user, const char *database, uint8_t packet[STARTUP_MAX]);

#endif
