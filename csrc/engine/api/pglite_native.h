/* The C interface of pglite-native: a PostgreSQL in this process, spoken to in its wire protocol.
 *
 * Read by the compiler and, between the cffi lines, by cffi. Every function that can fail returns
 * a status (0 is success; pgn_status_name tells the others) and fills *error when it is not NULL.
 * Handles are opaque and owned by the caller that opened them. Any thread may call, and one at a time uses a session.
 */
#ifndef PGLITE_NATIVE_H
#define PGLITE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/instance/types.h"

/* cffi: begin */

typedef struct {
    int status;
    char message[1024];
} pgn_error;

/* "OK", "BUSY", ...: the name of a status. */
const char *pgn_status_name(int status);

/* Paths of files: the linked pglite.wasm; the shared object it, or what it was linked onto, was compiled to, or NULL,
   and wasm3 runs it; that of what a link has added to it, or NULL, and wasm3 runs that; initdb.wasm; packs of the
   guest's tree and of a fresh
   PGDATA, which may be NULL: then every engine needs initdb_arguments or a data directory made before. */
int pgn_runtime_open(const char *module, const char *library, const char *added, const char *initdb,
                     const char *system, const char *cluster, pgn_runtime **runtime,
                     pgn_error *error);

/* Around fork(): before it in the thread that forks, which waits for other threads that change the runtime; after it
   in both processes, also where that before it was interrupted. With several runtimes always in the same order. */
void pgn_runtime_before_fork(pgn_runtime *runtime);
void pgn_runtime_after_fork(pgn_runtime *runtime);

/* What runs the guest: "wasm3" or "aot". */
const char *pgn_runtime_tier(const pgn_runtime *runtime);

/* What runs the functions that a link has added to the packaged guest; NULL: it is that guest itself. */
const char *pgn_runtime_added_tier(const pgn_runtime *runtime);

/* Of shared objects that a module was compiled to; of another number they are refused. */
int pgn_library_abi(void);

/* Of compressed bytes: how large they are unpacked, and these, where there is room for so many. */
int pgn_unpacked_size(const uint8_t *bytes, size_t size, size_t *unpacked, pgn_error *error);
int pgn_unpack(const uint8_t *bytes, size_t size, uint8_t *to, pgn_error *error);

/* Boots PostgreSQL, or maps an image. The runtime stays borrowed; options are copied. */
int pgn_open(pgn_runtime *runtime, const pgn_options *options, pgn_session **session,
             pgn_error *error);

/* What a call has brought so far. bytes are the engine's, valid until pgn_end; but where the call has ended,
   they are in short_bytes. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t log_size; /* bytes that pgn_log would give */
    bool ended;      /* there is no need for pgn_end */
    bool over;       /* the session has ended by it */
    char short_bytes[512];
    bool paused; /* nothing yet, call pgn_next again: the call took a break to let its caller look
                        at signals */
    pgn_error error;
} pgn_reply;

/* Begins a call: input is borrowed until pgn_end. */
int pgn_begin(pgn_session *session, const uint8_t *input, size_t size, pgn_error *error);

/* Continues the call until at least limit bytes of output have come or the guest wants more than
   the input has. Size 0, and not paused: nothing is left to come. */
int pgn_next(pgn_session *session, size_t limit, pgn_reply *reply);

/* Ends the call. What is still running is cancelled, what is left of its output dropped. */
int pgn_end(pgn_session *session, pgn_error *error);

/* pgn_begin and pgn_next; on failure, or when the reply is short, also pgn_end. */
int pgn_exec(pgn_session *session, const uint8_t *input, size_t size, size_t limit,
             pgn_reply *reply);

/* Answers a client on a connected stream socket, together with others of the cluster by one thread of it, and
   sends it what its idle session has to say. buffer, for what comes, is the caller's and borrowed. Comes back when it
   is over: one side has ended it; or else as there is something for the caller to look at: the log, a pgn_cancel. */
int pgn_serve(pgn_session *session, int fd, uint8_t *buffer, size_t size, bool *over,
              pgn_reply *reply);

/* Whether pgn_serve can do so here: else a system call that it takes is refused. */
int pgn_can_serve(pgn_error *error);

/* Cancels the running statement, as a CancelRequest does. Never blocks. */
void pgn_cancel(pgn_session *session);

/* Sets PostgreSQL's realtime clock (>= 0, since 1970-01-01 UTC) and stops all its clocks: they move by
   pgn_advance and, instead of waiting, by sleeping. Not during a call. */
int pgn_set_time(pgn_session *session, int64_t realtime_ns, pgn_error *error);

/* Back to the system's clocks. */
int pgn_release_time(pgn_session *session, pgn_error *error);

/* The same, and the system's entropy; clocks stand until there is a snapshot, so that it has nothing of its making. */
int pgn_settle(pgn_session *session, pgn_error *error);

/* Moves stopped clocks on, by >= 0. What was to happen meanwhile does in the next call. */
int pgn_advance(pgn_session *session, int64_t duration_ns, pgn_error *error);

/* Ends the session and frees everything but the handle; idempotent. A statement running in another
   thread is cancelled and awaited. In a child of fork it does nothing: the session is its parent's. */
void pgn_close(pgn_session *session);

/* Frees the handle, closing it first if need be. NULL is fine. */
void pgn_free(pgn_session *session);

/* Frees what a variable holds, and empties it: for a caller that owns the variable before it holds anything, and may be
   interrupted at any time. */
void pgn_drop(pgn_session **session);

/* In a child of fork, for each engine, those being opened too: the lock on a data directory stays its parent's
   alone. NULL is fine. */
void pgn_forget_lock(pgn_session *session);

/* Writes the engine down; needs an idle one whose files are in memory. The image is the caller's. */
int pgn_snapshot(pgn_session *session, pgn_image **image, pgn_error *error);

/* Makes the engine what was written down, of this engine or of another. After a failure other than a
   refusal it can only be closed. */
int pgn_restore(pgn_session *session, pgn_image *image, pgn_error *error);

/* Opens and checks an image in a file, whose descriptor stays the caller's. The file must not be written to
   from now on. is_known: nor has it been since it was checked before, and the checksum of its content is not
   computed again. */
int pgn_image_open(pgn_runtime *runtime, int fd, bool is_known, pgn_image **image,
                   pgn_error *error);

/* Writes it to an empty file, to the disk. */
int pgn_image_save(const pgn_image *image, int fd, pgn_error *error);

/* Bytes of the file. */
uint64_t pgn_image_size(const pgn_image *image);

/* Frees what a variable holds, and empties it. Engines that were mapped from it go on. */
void pgn_image_drop(pgn_image **image);

/* Begins to read the data directory's files, as those of a cluster that was shut down. Needs an idle
   engine without a transaction; until pgn_dump_end nothing else is possible but pgn_close. */
int pgn_dump_begin(pgn_session *session, pgn_error *error);

/* The next entry, directories before what is in them. */
int pgn_dump_next(pgn_session *session, pgn_file *file, pgn_error *error);

/* The next bytes of the file that pgn_dump_next gave last; count 0 at its end. */
int pgn_dump_read(pgn_session *session, uint8_t *bytes, size_t size, size_t *count,
                  pgn_error *error);

int pgn_dump_end(pgn_session *session, pgn_error *error);

/* For an engine opened with options.loads: a directory, or a file whose bytes follow. Missing directories
   above it are made. Paths are relative to the data directory and cannot leave it. */
int pgn_load_directory(pgn_session *session, const char *path, pgn_error *error);
int pgn_load_file(pgn_session *session, const char *path, pgn_error *error);
int pgn_load_bytes(pgn_session *session, const uint8_t *bytes, size_t size, pgn_error *error);

/* Boots PostgreSQL from what has been loaded. After a failure, or when it is closed before, the engine is
   of no use, and a durable directory is as empty as it was. */
int pgn_load_end(pgn_session *session, pgn_error *error);

/* Opens another session of the cluster that a session belongs to; it has its own transaction, and any thread
   may use it while others are in use. packet: a startup packet, by which PostgreSQL chooses its user and
   database, and whose answer the next call gives, a refusal too; NULL for the first session's, without a
   greeting. address: where its client is, which PostgreSQL shows; NULL: on this machine. What concerns the cluster as a whole is for the first session, the one that pgn_open gave: its end is
   that of all. */
int pgn_session_open(pgn_session *sibling, const uint8_t *packet, size_t size,
                     const pgn_address *address, pgn_session **session, pgn_error *error);

/* Has other sessions begin as the first, which is idle, is now; in place of before its first use. */
int pgn_session_keep(pgn_session *session, pgn_error *error);

/* The first session's, as long as any of its cluster has not been freed. */
const char *pgn_session_user(const pgn_session *session);
const char *pgn_session_database(const pgn_session *session);

/* Its process number, as pg_backend_pid() gives it. */
int32_t pgn_session_process(const pgn_session *session);

/* Moves up to size bytes of the guest's log (stderr) out; returns how many. */
size_t pgn_log(pgn_session *session, char *bytes, size_t size);

/* Opens a client program of PostgreSQL's: the path of its module, and argv, NULL-terminated, borrowed until its end. It
   speaks to a server, whichever the caller passes its messages to. */
int pgn_program_open(const char *module, const char *const *arguments, pgn_program **program,
                     pgn_error *error);

/* Runs it until it has used up the input, which its server has said, and waits for more, or has ended. Input NULL: the
   server says no more. */
int pgn_program_run(pgn_program *program, const uint8_t *input, size_t size, pgn_turn *turn,
                    pgn_error *error);

/* Frees what a variable holds, and empties it. */
void pgn_program_drop(pgn_program **program);

int pgn_statistics_get(pgn_session *session, pgn_statistics *statistics, pgn_error *error);

/* cffi: end */

#endif
