/* Functions that take the place of PGlite's own: what a browser cannot do, and a host of ours can.
 *
 * The names are those of ld's --wrap: every call of NAME in the linked module goes to __wrap_NAME, and
 * __real_NAME is the original. tools/link.py lists them with the reasons; docs/LINKER.md says how. */
#ifndef PGLITE_WRAPPED_H
#define PGLITE_WRAPPED_H

#include "postgres-abi.h"

/* signals.c */

/* kill(2), among the backends of one instance. */
GUEST_EXPORT(__wrap_kill) int __wrap_kill(int process, int signal);

/* PostgreSQL's, which PGlite lets believe that it has a postmaster: asked while VACUUM takes a rest. */
GUEST_EXPORT(__wrap_PostmasterIsAliveInternal) bool __wrap_PostmasterIsAliveInternal(void);

/* process.c */

/* PostgreSQL's: runs the callbacks registered for it, and ends the process. */
GUEST_EXPORT(__wrap_proc_exit) _Noreturn void __wrap_proc_exit(int code);

/* PostgreSQL's: handles all signals, by calling what was registered for each. */
GUEST_EXPORT(__wrap_wrapper_handler) void __wrap_wrapper_handler(int signal);

/* PostgreSQL's: the last of them, gives the process's slot in shared memory back. */
GUEST_EXPORT(__wrap_ProcKill) void __wrap_ProcKill(int code, PGDatum argument);

/* PostgreSQL's: the same of the checkpointer, which is not a backend. */
GUEST_EXPORT(__wrap_AuxiliaryProcKill)
void __wrap_AuxiliaryProcKill(int code, PGDatum argument);

/* shared.c */

/* mmap(2). What is mapped to be shared is shared by all backends of the instance. */
GUEST_EXPORT(__wrap_mmap)
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset);

/* template.c */

/* PostgreSQL's: what a process does from the moment on that it is to be a backend. */
GUEST_EXPORT(__wrap_PostgresMain)
void __wrap_PostgresMain(const char *database, const char *user);

/* PGlite's: makes the port, and reads the file that says who is let in how. */
GUEST_EXPORT(__wrap_pgl_startPGlite) void __wrap_pgl_startPGlite(void);

/* PostgreSQL's: makes the process one of the cluster's, of a database and a user. */
GUEST_EXPORT(__wrap_InitPostgres)
void __wrap_InitPostgres(const char *database, PGOid database_id, const char *user, PGOid user_id,
                         uint32_t flags, char *database_name);

/* PGlite's: one round of PostgresMain's loop. */
GUEST_EXPORT(__wrap_PostgresMainLoopOnce) void __wrap_PostgresMainLoopOnce(void);

/* idle.c */

/* PGlite's: what PostgresMain's loop does between two commands. */
GUEST_EXPORT(__wrap_PostgresSendReadyForQueryIfNecessary)
void __wrap_PostgresSendReadyForQueryIfNecessary(void);

/* checkpoint.c */

/* PostgreSQL's: what any checkpoint is. False: there was nothing to do. */
GUEST_EXPORT(__wrap_CreateCheckPoint) bool __wrap_CreateCheckPoint(int flags);

/* PostgreSQL's: checkpoints for a command, in this process where there is no checkpointer. */
GUEST_EXPORT(__wrap_RequestCheckpoint) void __wrap_RequestCheckpoint(int flags);

/* PostgreSQL's: writes all that is not on the disk yet, and syncs it. */
GUEST_EXPORT(__wrap_CheckPointGuts) void __wrap_CheckPointGuts(uint64_t redo, int flags);

/* sync-requests.c */

/* PostgreSQL's: has the next checkpoint sync a file, or remove it, or do neither. False: the caller has to; it does
 * not want to wait. */
GUEST_EXPORT(__wrap_RegisterSyncRequest)
bool __wrap_RegisterSyncRequest(const PGPendingFile *file, int type, bool retries);

/* PostgreSQL's: the checkpointer takes over what others have requested. */
GUEST_EXPORT(__wrap_AbsorbSyncRequests) void __wrap_AbsorbSyncRequests(void);

/* PostgreSQL's: what every error does, and a process that ends. */
GUEST_EXPORT(__wrap_LWLockReleaseAll) void __wrap_LWLockReleaseAll(void);

/* drop.c */

/* PostgreSQL's: does a fork of a relation have a file? */
GUEST_EXPORT(__wrap_smgrexists) bool __wrap_smgrexists(void *relation, int fork);

/* wal-writer.c */

/* PostgreSQL's: a commit has not waited for its WAL, which reaches as far as `position`. */
GUEST_EXPORT(__wrap_XLogSetAsyncXactLSN) void __wrap_XLogSetAsyncXactLSN(uint64_t position);

/* sleep.c */

/* nanosleep(2): EINTR when a signal was handled. */
GUEST_EXPORT(__wrap_nanosleep)
int __wrap_nanosleep(const struct timespec *duration, struct timespec *remaining);

/* PostgreSQL's: waits for `latch`, if `wake_events` has PG_LATCH_SET, for at most `timeout_ms`, if it has
 * PG_TIMEOUT. Returns the one that came. What sets a latch meanwhile: other backends, the handlers of signals, and
 * the host, cancelling. */
GUEST_EXPORT(__wrap_WaitLatch)
int __wrap_WaitLatch(PGLatch *latch, int wake_events, long timeout_ms, uint32_t wait_event_info);

/* settings-file.c */

/* PostgreSQL's: the scanner of settings files cannot go on. */
GUEST_EXPORT(__wrap_GUC_flex_fatal) _Noreturn void __wrap_GUC_flex_fatal(const char *message);

/* copy.c */

/* PostgreSQL's: copies a file to one that must not exist yet, and raises an error if it cannot. For
 * CREATE DATABASE STRATEGY file_copy, and for the emptying of unlogged tables. */
GUEST_EXPORT(__wrap_copy_file) void __wrap_copy_file(const char *from, const char *to);

#endif
