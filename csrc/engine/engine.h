/* An engine from the inside: what the files of this folder share.
 *
 *     api.c        who may come in: threads, close, fork
 *     protocol.c   the session's loop on the coroutine, and the caller's side of it
 *     transport.c  bytes between the caller and the guest's buffers
 *     program.c    from a module to the end of its main
 *     instance.c   guest memory and arena: pristine, or mapped from an image
 *     boot.c       from a pristine instance to an open session
 *     image.c      an instance as a file
 *     snapshot.c   engines into images and back
 *     tree.c       walking through a data directory
 *     backends.c   many backends in one engine
 *     copy.c       a data directory's files, into memory
 *     dump.c       a data directory's files, out
 *     load.c       a data directory's files, in
 *     datadir.c    a durable data directory: made, locked
 *     quota.c      what memory_limit does not limit
 *     initdb.c     a cluster made by initdb
 *     time.c       the instance's clocks and entropy
 *     arguments.c  argv in guest memory
 *     runtime.c    what engines share
 */
#ifndef PGN_ENGINE_ENGINE_H
#define PGN_ENGINE_ENGINE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/arena.h"
#include "engine/log.h"
#include "engine/pglite_native.h"
#include "guest/guest.h"
#include "host/host.h"
#include "platform/coroutine.h"
#include "platform/lock.h"
#include "platform/map.h"
#include "platform/monitor.h"
#include "platform/reservation.h"
#include "vfs/pack.h"
#include "vfs/vfs.h"

#define MIB ((size_t) 1 << 20)

#define ENGINE_VALUE_STACK (32 * MIB) /* wasm3's operand slots; committed by use */
#define ENGINE_NATIVE_STACK                                                                        \
    (64 * MIB) /* the coroutine's; many times the depth of a server with 2 MiB */
#define ENGINE_NATIVE_MARGIN (1 * MIB)     /* of it, kept for compiling and for host handlers */
#define ENGINE_NATIVE_RESERVE (16 * MIB)   /* of it, what is left when PostgreSQL is told */
#define ENGINE_FILES_MAX (16384 * MIB)     /* the arena: in-memory files and host state */
#define ENGINE_SLICE_NS INT64_C(50000000)  /* a call returns after this, to be gone on with */
#define ENGINE_OUTPUT_KEPT (1 * MIB)       /* of the output buffer, between calls */
#define ENGINE_CHECKPOINT_AFTER (64 * MIB) /* bytes written to files: initdb's max_wal_size */

#define ENGINE_DATA_DIR "/pglite/data"
#define ENGINE_PID_FILE "postmaster.pid" /* in it; says that somebody runs there */

/* The guest's own stack, 8 MiB in linear memory below its heap: what it is moved by when the others
   run low, more than max_stack_depth's 2 MiB; and how far down at most. */
enum {
    ENGINE_VISIBLE_STACK_STEP = 4 << 20,
    ENGINE_VISIBLE_STACK_FLOOR = 7
        << 19 /* static data ends, and the stack with it, at some 2.9 MiB */
};

/* Exports of the linked module that the engine calls. One table makes the fields, the look-up and
   the list of what is missing. */
#define ENGINE_EXPORTS(X)                                                                          \
    X(malloc, "malloc")                                                                            \
    X(free, "free")                                                                                \
    X(set_active, "pgl_setPGliteActive")                                                           \
    X(start, "pgl_startPGlite")                                                                    \
    X(my_port, "pgl_getMyProcPort")                                                                \
    X(process_startup_packet, "ProcessStartupPacket")                                              \
    X(begin_session, "pglite_begin_session")                                                       \
    X(send_connection_data, "pgl_sendConnData")                                                    \
    X(flush, "pgl_pq_flush")                                                                       \
    X(remaining, "pq_buffer_remaining_data")                                                       \
    X(checkpoint, "pglite_checkpoint")                                                             \
    X(loop_once, "PostgresMainLoopOnce")                                                           \
    X(long_jump, "PostgresMainLongJmp")                                                            \
    X(ready_for_query, "PostgresSendReadyForQueryIfNecessary")                                     \
    X(run_atexit, "pgl_run_atexit_funcs")                                                          \
    X(wake, "pglite_wake")                                                                         \
    X(keep_backend, "pglite_keep_backend")                                                         \
    X(become_backend, "pglite_become_backend")                                                     \
    X(is_between_transactions, "pglite_is_between_transactions")                                   \
    X(take_signals, "pglite_take_signals")                                                         \
    X(end_backend, "pglite_end_backend")                                                           \
    X(close_shared, "pglite_close_shared")                                                         \
    X(get_break, "emscripten_get_sbrk_ptr")                                                        \
    X(transport_install, "pglite_transport_install")

/* Those of the polling transport, absent from a guest built with PGLITE_POLLING=false. */
#define ENGINE_POLLING_EXPORTS(X)                                                                  \
    X(set_buffer_size, "pglite_set_buffer_size")                                                   \
    X(get_control, "pglite_get_control")

struct engine_exports {
#define ENGINE_EXPORT_FIELD(field, name) guest_function field;
    ENGINE_EXPORTS(ENGINE_EXPORT_FIELD)
    ENGINE_POLLING_EXPORTS(ENGINE_EXPORT_FIELD)
#undef ENGINE_EXPORT_FIELD
    bool has_polling;
    /* addresses of PostgreSQL's variables */
    uint32_t interrupt_pending, query_cancel_pending, my_latch;
};

struct pgn_runtime {
    struct map module_file, initdb_file;
    struct guest_module *module;
    struct pack *system, *cluster; /* cluster: NULL before there is one, in the build */
    struct engine_exports exports;
};

enum engine_state {
    ENGINE_BOOTING,
    ENGINE_IDLE,        /* suspended between messages */
    ENGINE_WANTS_INPUT, /* suspended inside a message, or COPY data */
    ENGINE_HAS_OUTPUT,  /* suspended because enough output waits */
    ENGINE_PAUSED,      /* suspended at a safe point, for the caller to look around */
    ENGINE_ENDED,       /* the session is over; nothing can be run any more */
    ENGINE_POISONED     /* the guest trapped or broke an invariant */
};

/* The guest's end of the handshake: docs/HANDSHAKE.md. Addresses are guest memory's, checked once. */
struct handshake {
    uint8_t *control;
    uint8_t *input, *output; /* PGliteBuffer */
    uint32_t buffer_size;
    uint32_t address; /* of the control block */
    bool polling;     /* false: the callback transport, and the pointers are NULL */
};

/* Many backends in one engine: backends.c. */
struct backends;

struct pgn_engine {
    pgn_runtime *runtime;

    /* the instance */
    struct reservation arena_memory;
    struct arena arena;
    struct vfs *vfs;
    struct host host;
    struct guest *guest;
    struct coroutine *coroutine;
    struct handshake handshake;
    pgn_image *mapped;         /* what memory and arena lie over; NULL: they grew from nothing */
    pgn_image *latest;         /* what the instance is as it stands; NULL: nothing says so */
    pgn_image *origin;         /* whose backend nobody has used, as the others begin; NULL: none */
    struct backends *backends; /* NULL: there never was another than the engine's own */
    struct lock data_dir_lock; /* fd -1: in memory */
    int filling;               /* the data directory while it is incomplete; -1: it is not */

    /* the session, touched only by who holds the engine */
    enum engine_state state;
    const pgn_options *options; /* while opening */
    bool loading;               /* files come from the caller; then it boots */
    int load_fd;                /* the one that is coming, or -1 */
    struct dump *dump;          /* in progress; nothing else runs then */
    struct error failure;       /* why ENDED or POISONED */
    const uint8_t *input;       /* the caller's bytes not yet given to the guest */
    size_t input_size;
    uint8_t *output; /* bytes for the caller */
    size_t output_size, output_capacity, output_limit;
    bool output_lost; /* no memory to take the guest's output: it stays with the guest */
    bool discarding;  /* the caller does not want the rest of this call's output */
    bool abandoned;   /* its statements are to be cancelled */
    bool shutting_down;
    bool hanging_up; /* the client of the session that waits for input is gone */
    bool asleep;     /* a copy, and not yet told so */
    bool used;       /* by a caller, since it stands: in a way that backends are not to begin */
    bool (*task)(
        pgn_engine *engine); /* to be run on the coroutine instead of serving; false: it is over */
    int32_t task_argument;
    uint64_t checkpointed; /* bytes written to files when the last checkpoint was due */
    bool stack_was_low;    /* in this call: the stacks have pages to give back */
    bool guest_measured;   /* statistics.guest_ns is kept */
    int64_t pause_ns;      /* monotonic time at which the call pauses; 0: never */
    pgn_statistics statistics;
    struct log log;

    /* the gate, api.c */
    struct monitor *monitor;
    pid_t owner;      /* process: a child of fork must not use it */
    bool held;        /* between pgn_begin and pgn_end */
    bool running;     /* a thread is inside */
    bool cancellable; /* there is something for pgn_cancel to cancel */
    bool closed;
    atomic_bool closing;     /* pgn_close waits for the running thread */
    atomic_bool cancelled;   /* wakes the guest's sleep */
    atomic_bool trap_wanted; /* pgn_trap */
    atomic_bool beckoned;    /* pgn_cancel: whoever is in pgn_serve is to come back */
    atomic_llong stop_ns;    /* after it the guest is unwound at its next safe point; 0: never */
};

/* instance.c */
enum status instance_open(pgn_engine *engine, struct error *error); /* as engine->options say */
void instance_close(pgn_engine *engine);                            /* idempotent */
/* An idle engine, and only such a one, as an image, and the other way round. When mapping has failed the
   instance is no more. */
enum status instance_write(pgn_engine *engine, pgn_image **image, struct error *error);
enum status instance_map(pgn_engine *engine, pgn_image *image, struct error *error);
/* To be called whenever the instance is about to change: it is no longer what image says. */
void instance_set_latest(pgn_engine *engine, pgn_image *image);
/* For a session that begins; false: no address space. */
bool instance_renew_coroutine(pgn_engine *engine);

/* snapshot.c */
/* Is the engine between two messages, where an instance is nothing but data? */
enum status snapshot_check_quiet(const pgn_engine *engine, bool may_have_ended,
                                 struct error *error);

/* backends.c */
/* To be called at the end of booting, on the coroutine. False: the state says why. */
bool backends_keep_original(pgn_engine *engine);
bool backends_has_signals(const pgn_engine *engine); /* for the one whose turn it is */
uint32_t backends_take_signals(pgn_engine *engine);  /* and there are none then */
bool backends_are_open(const pgn_engine *engine);    /* any but the engine's own */
int backends_signal(void *engine, int32_t process, int signal);
int backends_sync_all(void *engine);
void backends_end(pgn_engine *engine);    /* all but the engine's own exit, whose turn it is then */
void backends_forget(pgn_engine *engine); /* their memory is given back; idempotent */

/* copy.c */
enum status copy_files(pgn_engine *engine, pgn_engine *source, struct error *error);

/* dump.c */
void dump_close(pgn_engine *engine); /* idempotent */

/* boot.c: on the coroutine */
bool engine_boot(pgn_engine *engine);

/* protocol.c */
void session_main(void *engine); /* the coroutine's function */
void session_resume(pgn_engine *engine);
/* Of an idle session, whether due or not. */
enum status session_checkpoint(pgn_engine *engine, struct error *error);
enum guest_outcome session_call(pgn_engine *engine, guest_function function, const uint64_t *args,
                                uint64_t *result);
bool session_serve(pgn_engine *engine); /* the caller's input; false: the session is over */
void session_pause(pgn_engine *engine);
void session_request_cancel(pgn_engine *engine);
void session_watch_stack(pgn_engine *engine, struct guest *guest);
/* What a call of the guest, named where, has come to. False when the session cannot go on. */
bool session_settle(pgn_engine *engine, enum guest_outcome outcome, const char *where);
bool session_poison(pgn_engine *engine, const char *where); /* false, for `return` */
enum guest_outcome session_poll(void *host);

/* transport.c */
extern const struct host_upcalls engine_upcalls;
bool transport_open(pgn_engine *engine);
/* The control block is there already. False when it cannot be one. */
bool transport_attach(pgn_engine *engine, uint32_t control);
bool transport_input_waits(const pgn_engine *engine);
void transport_fill(pgn_engine *engine);
bool transport_drain(pgn_engine *engine);

/* arguments.c: a growing list of borrowed strings, and its copy in a guest */
struct arguments {
    uint32_t count, capacity;
    const char **strings;
};
bool arguments_add(struct arguments *arguments, const char *string);
void arguments_close(struct arguments *arguments);
/* The address of a NULL-terminated vector in one allocation of the guest's malloc; 0: no memory. */
uint32_t arguments_write(const struct arguments *arguments, struct guest *guest);

/* program.c */
enum status program_open(pgn_engine *engine, struct guest_module *module, size_t stack_size,
                         const struct host_upcalls *upcalls, struct host *host,
                         struct error *error);
/* On the coroutine: what comes before main, the module's constructors and those linked into it. */
enum guest_outcome program_start(struct host *host);
enum guest_outcome program_main(struct host *host, const struct arguments *arguments,
                                uint64_t *result);

/* time.c: the clocks of an instance begin to run, or stand, as the options of its opening or else its
   image have it. */
enum status time_start(pgn_engine *engine, struct error *error);

/* initdb.c: on the coroutine */
bool engine_initdb(pgn_engine *engine);
extern const char *const engine_environment[];

/* quota.c */
bool quota_exempt_bookkeeping(struct vfs *vfs); /* false: no memory */

/* datadir.c */
enum status data_dir_open(pgn_engine *engine, const char *path, struct error *error);
/* It has been filled, by initdb or by the caller. Does nothing in memory. */
enum status data_dir_complete(pgn_engine *engine, struct error *error);
void data_dir_close(pgn_engine *engine); /* what is incomplete is removed; idempotent */

#endif
