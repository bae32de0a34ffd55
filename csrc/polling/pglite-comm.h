/* How the backend's recv and send reach the client: the transport.
 *
 * PGLITE_USE_POLLING (build switch PGLITE_POLLING, on by default) compiles the polling transport in:
 * two buffers in guest memory that the host reads and writes directly, and one import to wait in.
 * Without it only the callback transport is there: each recv and send is an import. A polling build
 * keeps the callback transport selectable, so that the two can be compared in one binary.
 * docs/HANDSHAKE.md is the contract with the host. */
#ifndef PGLITE_COMM_H
#define PGLITE_COMM_H

#include "guest-libc.h"

#ifdef PGLITE_USE_POLLING
#include "pglite-comm-polling.h"
#endif

typedef enum PGliteTransport {
    PGLITE_TRANSPORT_POLLING = 0,
    PGLITE_TRANSPORT_CALLBACK = 1,
} PGliteTransport;

/* What the backend calls instead of the system's recv and send; errno is set when they return -1. */
typedef ssize_t (*PGliteRead)(void *bytes, size_t max_length);
typedef ssize_t (*PGliteWrite)(const void *bytes, size_t length);

/* Makes `transport` (a PGliteTransport) the backend's recv and send. Returns 0, or -1 if it was not
 * compiled in or its buffers cannot be allocated. May be called again between requests. */
GUEST_EXPORT(pglite_transport_install)
int pglite_transport_install(int transport);

#endif
