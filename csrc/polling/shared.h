/* Memory that is shared between the backends of one instance. */
#ifndef PGLITE_SHARED_H
#define PGLITE_SHARED_H

#include "guest-libc.h"

enum {
    PGLITE_SHARED_RANGES_MAX = 8,
    PGLITE_SHARED_UNIT =
        65536, /* each range begins at a multiple of it, and has one of it as its size */
};

/* For the host, which reads it in place: docs/SESSIONS.md. In ascending order of neither. */
typedef struct PGliteShared {
    uint32_t unit; /* PGLITE_SHARED_UNIT */
    uint32_t count;
    struct {
        uint32_t address, size;
    } ranges[PGLITE_SHARED_RANGES_MAX];
} PGliteShared;

/* Between the two nothing can be mapped to be shared: the memory in which it would be is a copy's own. */
GUEST_LOCAL const PGliteShared *shared_close(void);
GUEST_LOCAL void shared_open(void);

#endif
