/* Many backends in one instance: docs/SESSIONS.md.
 *
 * A server forks a process for each connection: its memory is the postmaster's, but for the shared part.
 * Here the host does what fork(2) does, with the memory of a backend that has not been used yet; then the copy
 * has to become a backend of its own among those that share memory with it. */
#ifndef PGLITE_BACKEND_H
#define PGLITE_BACKEND_H

#include "postgres-abi.h"

/* Of the backend that copies are made of, when it stands and has not been used. */
GUEST_EXPORT(pglite_keep_backend) void pglite_keep_backend(void);

/* The first call into a copy: takes a place of its own in shared memory, under the process number given.
 * Raises as FATAL what speaks against it: the backend exits. */
GUEST_EXPORT(pglite_become_backend) void pglite_become_backend(int process);

/* The first call into a copy of a process that is not a backend yet (template.c): becomes one by the startup
 * packet that is the input. Leaves by exit as PGlite's main does, with 99 for success; on failure the client has
 * been told.
 *
 * Where the client is: on this machine (version 0), or at an Internet address of version 4 or 6, a port, and the
 * address's bytes, of which `high` has the first eight, the first one at the top. */
GUEST_EXPORT(pglite_begin_backend)
void pglite_begin_backend(int process, int version, int port, uint64_t high, uint64_t low);

/* Notes in a port that the client is on this machine, or where else it is. */
GUEST_LOCAL void client_is_local(PGPort *port);
GUEST_LOCAL void client_is_remote(PGPort *port, int version, int number, uint64_t high,
                                  uint64_t low);

/* Likewise becomes an autovacuum launcher or a worker, which runs to its exit. */
GUEST_EXPORT(pglite_begin_autovacuum) void pglite_begin_autovacuum(int process, bool is_worker);

/* Seconds between two looks for work; 0: autovacuum is off. */
GUEST_EXPORT(pglite_autovacuum_naptime) int pglite_autovacuum_naptime(void);

/* A copy that is not a backend yet forgets the original's place in shared memory, and takes one of its own. */
GUEST_LOCAL void backend_leave_original(int process);
GUEST_LOCAL void backend_take_slot(void);

GUEST_LOCAL bool backend_is_copy(void);

/* The process has opened the cluster, or found it open. */
GUEST_LOCAL void backend_note_opening(void);
/* The process that has opened it exits as others do: the cluster stays open. */
GUEST_LOCAL void backend_leave_cluster_open(void);

/* Is there nothing that another backend's turn must wait for: no transaction, not even a failed one? */
GUEST_EXPORT(pglite_is_between_transactions) bool pglite_is_between_transactions(void);

/* Runs the handlers of the signals in the set, bit 1 << n for signal n. They only take note. */
GUEST_EXPORT(pglite_raise_signals) void pglite_raise_signals(uint32_t signals);

/* Does what they have taken note of, as a backend that waits for a command does; or for more of one. */
GUEST_EXPORT(pglite_attend) void pglite_attend(void);
GUEST_EXPORT(pglite_attend_reading) void pglite_attend_reading(void);

/* Ends the backend as its process's exit does: what it has in shared memory is given back, and the cluster stays
 * open. Returns if that has been done. */
GUEST_EXPORT(pglite_end_backend) void pglite_end_backend(void);

#endif
