/* The WAL writer: PostgreSQL's own process, for commits that have not waited for their WAL to be written. */
#ifndef PGLITE_WAL_WRITER_H
#define PGLITE_WAL_WRITER_H

#include "postgres-abi.h"

/* The first call into a copy of a process: writes and syncs WAL until it is told to exit. */
GUEST_EXPORT(pglite_begin_wal_writer) void pglite_begin_wal_writer(int process);

/* How long a process is to wait that would wait for timeout_ms: longer where a WAL writer has nothing to do. */
GUEST_LOCAL double wal_writer_timeout_ms(uint32_t wait_event, double timeout_ms);
/* The process exits: is it the WAL writer, all that it is there for is written first. */
GUEST_LOCAL void wal_writer_finish(void);

#endif
