/* An instance can be copied as it stands, and the copies continue side by side. */
#ifndef PGLITE_RESEED_H
#define PGLITE_RESEED_H

#include "guest-libc.h"

/* The first call into a copy: reseeds the generators behind random() and PostgreSQL's own choices, so
 * that no two copies draw the same numbers. */
GUEST_EXPORT(pglite_reseed) void pglite_reseed(void);

#endif
