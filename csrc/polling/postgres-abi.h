/* The part of PGlite's module that guest code calls into: functions it exports, and the few facts about
 * PostgreSQL 18 they need.
 *
 * No PostgreSQL header is pinned or copied; each declaration says how it was verified. Signatures were
 * compared with the types in the module's own type section, which the linker checks again for every call
 * it resolves: a wrong one stops the build. */
#ifndef PGLITE_POSTGRES_ABI_H
#define PGLITE_POSTGRES_ABI_H

#include "guest-libc.h"

/* elog.h levels. Verified: pgl_startPGlite and PostgresMainLongJmp pass 22 for FATAL. */
enum { PG_ERROR = 21, PG_FATAL = 22 };

/* An SQLSTATE as errcode takes it: five characters of six bits. Verified: PostgresMainLongJmp passes
 * 16908800, which is 08P01. */
#define PG_SIXBIT(character) ((((unsigned) (character)) - '0') & 0x3f)
#define PG_SQLSTATE(a, b, c, d, e)                                                                 \
    ((int) (PG_SIXBIT(a) | PG_SIXBIT(b) << 6 | PG_SIXBIT(c) << 12 | PG_SIXBIT(d) << 18             \
            | PG_SIXBIT(e) << 24))

/* ereport is these in order; errfinish does not return for ERROR and above. The file, line and function
 * given to it go to the client, so those of PostgreSQL's own source are passed. */
bool errstart(int level, const char *domain);
int errcode(int sqlstate);
int errmsg(const char *format, ...);
int errmsg_internal(const char *format, ...);
void errfinish(const char *file, int line, const char *function);

#endif
