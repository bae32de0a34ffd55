/* An engine from the inside: what the files of this folder share.
 *
 *     api.c           who may come in: threads, close, fork
 *     runtime.c       what clusters share
 *     cluster.c       a cluster, and what its sessions have to do with each other
 *     baton.c         whose guest code may run
 *     shared.c        the memory that all sessions see
 *     sessions.c      more sessions in a cluster
 *     call.c          a call of a session, from begin to end
 *     run.c           the caller's side of the coroutine
 *     protocol.c      the session's loop on the coroutine
 *     transport.c     bytes between the caller and the guest's buffers
 *     postmaster.c    the thread that runs sessions no other thread is in
 *     serve.c         clients whose sessions the postmaster runs
 *     housekeeping.c  when autovacuum looks for work, and when there is a checkpoint
 *     hold.c          sessions kept at rest
 *     program.c       from a module to the end of its main
 *     instance.c      guest memory and arena: pristine, or mapped from an image
 *     boot.c          from a pristine instance to an open session
 *     startup.c       startup packets of our own
 *     image.c         an instance as a file
 *     snapshot.c      clusters into images and back
 *     tree.c          walking through a data directory
 *     copy.c          a data directory's files, into memory
 *     dump.c          a data directory's files, out
 *     load.c          a data directory's files, in
 *     datadir.c       a durable data directory: made, locked
 *     quota.c         what memory_limit does not limit
 *     initdb.c        a cluster made by initdb
 *     time.c          the instance's clocks and entropy
 *     arguments.c     argv in guest memory
 */
#ifndef PGN_ENGINE_ENGINE_H
#define PGN_ENGINE_ENGINE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/arena.h"
#include "engine/image.h"
#include "engine/log.h"
#include "engine/pglite_native.h"
#include "engine/state.h"
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
#define ENGINE_SLICE_NS INT64_C(2000000)   /* of time, after which other sessions have their turn */
#define ENGINE_PAUSE_NS INT64_C(50000000)  /* a call returns after this, to be continued */
#define ENGINE_OUTPUT_KEPT (1 * MIB)       /* of the output buffer, between calls */
#define ENGINE_CHECKPOINT_AFTER (64 * MIB) /* bytes written to files: initdb's max_wal_size */

enum { HOUSEKEEPING_DATABASES_MAX = 64 }; /* that one look for autovacuum's work goes through */

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
    X(begin_backend, "pglite_begin_backend")                                                       \
    X(begin_autovacuum, "pglite_begin_autovacuum")                                                 \
    X(autovacuum_naptime, "pglite_autovacuum_naptime")                                             \
    X(begin_checkpointer, "pglite_begin_checkpointer")                                             \
    X(checkpoint_timeout, "pglite_checkpoint_timeout")                                             \
    X(remove_files, "pglite_remove_files")                                                         \
    X(is_between_transactions, "pglite_is_between_transactions")                                   \
    X(raise_signals, "pglite_raise_signals")                                                       \
    X(attend, "pglite_attend")                                                                     \
    X(attend_reading, "pglite_attend_reading")                                                     \
    X(end_backend, "pglite_end_backend")                                                           \
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
    uint32_t interrupt_pending, query_cancel_pending, my_latch, my_database;
};

struct pgn_runtime {
    struct map module_file, initdb_file;
    struct guest_module *module;
    struct pack *system, *cluster; /* cluster: NULL before there is one, in the build */
    struct engine_exports exports;
};

/* The guest's end of the handshake: docs/HANDSHAKE.md. Addresses are guest memory's, checked once. */
struct handshake {
    uint8_t *control;
    uint8_t *input, *output; /* PGliteBuffer */
    uint32_t buffer_size;
    uint32_t address; /* of the control block */
    bool polling;     /* false: the callback transport, and the pointers are NULL */
};

/* Where in a message a stream of them is. */
enum { MESSAGE_HEADER_SIZE = 5 }; /* its type, and a length that counts itself */
struct framing {
    uint8_t header[MESSAGE_HEADER_SIZE];
    uint32_t header_size; /* of the header, what has come */
    uint32_t left;        /* of the payload, what has not */
};

/* Somebody who wants the baton of a cluster. */
struct claim {
    struct claim *next;          /* in the queue of those that wait for it */
    struct condition *condition; /* is notified when it has come */
};

/* A cluster runs the guest code of one session at a time, of the one that has the baton: PostgreSQL is built
   without threads. It is handed over in the order in which it is asked for. */
struct baton {
    struct claim *holder; /* NULL: free */
    struct claim *first, *last;
    atomic_bool wanted; /* somebody waits: read at safe points, without the monitor */
};

/* The memory that all sessions see: ranges of guest memory at the same addresses. While there is one session
   they are pages of its own; from the second on they are one file in memory, mapped into all. */
struct shared_memory {
    uint32_t count;
    struct {
        uint32_t address, size;
    } ranges[SHARED_RANGES_MAX]; /* ascending, whole units of 64 KiB */
    int fd;                      /* -1: there is one session */
};

/* What a postmaster has: shared memory, files, the list of processes. */
struct cluster {
    pgn_runtime *runtime;
    const pgn_options *options; /* while opening */
    pid_t owner;                /* process: a child of fork must not use it */

    /* the files */
    struct reservation arena_memory;
    struct arena arena;
    struct vfs *vfs;
    struct lock data_dir_lock; /* fd -1: in memory */
    int filling;               /* the data directory while it is incomplete; -1: it is not */
    bool loading;              /* files come from the caller; then it boots */
    int load_fd;               /* the one that is coming, or -1 */
    struct dump *dump;         /* in progress; nothing else runs then */
    uint64_t checkpointed;     /* bytes written to files when the last checkpoint began */
    struct log log;

    /* the images of the first session */
    pgn_image *mapped; /* what memory and arena lie over; NULL: they grew from nothing */
    pgn_image *latest; /* what the instance is as it stands; NULL: nothing says so */
    pgn_image
        *template_session; /* the first session as it has begun, as others of its user and database
                                    do; NULL: not known */
    pgn_image *template_process; /* what it was before it had either, as all others begin */
    char user[IMAGE_NAME_SIZE], database[IMAGE_NAME_SIZE]; /* the first session's */
    bool used; /* the first session has been used since */

    /* the sessions; inside the monitor */
    struct monitor *monitor;
    struct baton baton;
    pgn_session *sessions; /* all that have not been freed */
    pgn_session *first;    /* the one that the cluster was opened with, and ends with */
    pgn_session *running;  /* whose descriptors the VFS uses: the last that had the baton */
    int32_t last_process;
    struct shared_memory shared;
    struct postmaster *postmaster; /* NULL: there was no need of one yet */
    pgn_session *autovacuum;       /* the process of it that runs; NULL: none */
    uint64_t written;              /* bytes written to files when a change was last noticed */
    int64_t changed_ns;            /* monotonic time of that */
    int64_t first_changed_ns;      /* the first time */
    int64_t vacuum_due_ns;         /* monotonic time of the next look for work; 0: none is due */
    int64_t look_began_ns;         /* monotonic time of the last one */
    int64_t naptime_ns;            /* autovacuum_naptime */
    uint32_t looked_at_count;
    uint32_t looked_at[HOUSEKEEPING_DATABASES_MAX]; /* OIDs of the databases, in this look */
    bool has_reloaded;                              /* configuration files have been read anew */
    pgn_session *checkpointer;                      /* NULL: there is no checkpoint of its */
    bool checkpoint_wanted;    /* so much has been written since the last one */
    int64_t checkpoint_due_ns; /* monotonic time of the next; 0: nothing was written since */
    int64_t checkpointed_ns;   /* monotonic time of the last one, or of the cluster's beginning */
    uint32_t checkpoints_begun, checkpoints_done; /* the latter: the number of the last one */
    bool is_held;                                 /* its sessions are kept at rest: hold.c */
    bool is_interrupted; /* the process of autovacuum is to end before it is done */
    bool worker_wanted;  /* an autovacuum launcher has asked for a worker */
    bool ending;         /* the first session is being closed, or has been */
    bool failed;         /* a session is poisoned, and with it all: why is in failure */
    struct error failure;
};

struct pgn_session {
    struct cluster *cluster;
    pgn_session *next; /* of the cluster */
    int32_t process;

    /* the instance */
    struct host host;
    struct guest *guest;
    struct coroutine *coroutine;
    struct handshake handshake;
    const pgn_image *began_as; /* what its private memory is mapped from, which the cluster keeps */
    vfs_descriptors descriptors; /* unless cluster->running is this one: then the VFS has them */

    /* touched only by the thread that is inside the gate */
    enum session_state state;
    struct error failure; /* why ENDED or POISONED */
    const uint8_t *input; /* the caller's bytes not yet given to the guest */
    size_t input_size;
    uint8_t *output; /* bytes for the caller */
    size_t output_size, output_capacity, output_limit;
    bool output_given; /* the caller has had it */
    bool output_lost;  /* no memory to take the guest's output: it stays with the guest */
    bool discarding;   /* the caller does not want the rest of this call's output */
    bool abandoned;    /* its statements are to be cancelled */
    bool shutting_down;
    bool hanging_up; /* the client of the session that waits for input is gone */
    bool asleep;     /* a copy, and not yet told so */
    bool has_raised; /* signals, whose handlers may have taken note of something */
    bool (*task)(
        pgn_session
            *session); /* to be run on the coroutine instead of serving; false: it is over */
    int32_t task_argument;
    uint32_t
        files_since; /* number of the last checkpoint that had begun when its files were looked through */
    struct errand *errand; /* of the host's, which it waits for; NULL: there is none */
    bool stack_was_low;    /* in this call: the stacks have pages to give back */
    bool guest_measured;   /* statistics.guest_ns is kept */
    int64_t slice_ns;      /* monotonic time at which its time slice is over */
    int64_t pause_ns;      /* monotonic time at which the call pauses; 0: never */
    int64_t wake_ns;       /* monotonic time at which it wakes by itself; while WAITING */
    pgn_statistics statistics;

    /* inside the monitor */
    struct claim claim;
    struct condition *condition; /* for threads that wait for this session */
    bool held;                   /* between pgn_begin and pgn_end */
    bool inside;                 /* a thread is inside the gate */
    bool attended;               /* that thread is the postmaster's: others wait for it */
    bool suspended;              /* it is to stay as it is: others wait */
    bool pinned;                 /* another thread closes it: it is not to be freed meanwhile */
    bool cancellable;            /* there is something for pgn_cancel to cancel */
    bool closed;
    bool woken;             /* a wait ends, or does not begin */
    struct framing framing; /* of what its clients have sent */
    struct client *client;  /* whose requests the postmaster hands to it; NULL: none */
    bool is_auxiliary;      /* a process of the housekeeping: the postmaster's own */
    bool is_ready;          /* in the postmaster's queue */
    pgn_session *next_ready;
    bool is_answered; /* its client's answer is among those that the postmaster keeps back */
    pgn_session *next_answered;
    atomic_uint signals;     /* bit 1 << n: signal n has been sent and not been delivered */
    atomic_bool closing;     /* pgn_close waits for the running thread */
    atomic_bool trap_wanted; /* pgn_trap */
    atomic_llong stop_ns;    /* after it the guest is unwound at its next safe point; 0: never */
};

enum { SIGHUP_OF_GUEST = 1 };

/* state.c */
/* Where the table does not allow it, the session is poisoned instead. */
void session_set_state(pgn_session *session, enum session_state state);

/* baton.c */
/* All inside the monitor. */
void baton_take(struct cluster *cluster, struct claim *claim); /* waits for it */
void baton_give(struct cluster *cluster);
/* Gives it up, if somebody waits for it, and takes it again as the last. */
void baton_pass(struct cluster *cluster, struct claim *claim);

/* cluster.c */
enum status cluster_open(pgn_runtime *runtime, const pgn_options *options, struct cluster **cluster,
                         struct error *error);
void cluster_close_files(struct cluster *cluster); /* idempotent */
void cluster_close(struct cluster *cluster); /* there are no sessions any more. NULL is fine */
/* The session whose guest code runs next uses its own descriptors. With the baton. */
void cluster_switch_to(pgn_session *session);
/* All sessions of the cluster are lost. */
void cluster_fail(struct cluster *cluster, const struct error *failure);
/* NULL: there is none of that number that has not ended. Inside the monitor. */
pgn_session *cluster_find(const struct cluster *cluster, int32_t process);
/* Has the session look around, where it waits, runs or is idle. Inside the monitor. */
void cluster_wake(pgn_session *session);
/* Of struct host_upcalls. */
int cluster_signal(void *session, int32_t process, int signal);
int cluster_wake_process(void *session, int32_t process);
enum guest_outcome cluster_sync_all(void *session, int *result);
void cluster_end_errand(pgn_session *session); /* waits for its end. Outside the monitor */

/* shared.c */
/* What the guest says it shares, at that address; false: it makes no sense. */
bool shared_read(struct cluster *cluster, struct guest *guest, uint32_t address);
/* The first session's shared memory becomes a file that others can map. With the baton. */
enum status shared_publish(struct cluster *cluster, struct error *error);
/* Maps it into a session, and the private memory of a template around it. */
enum status shared_map(pgn_session *session, const pgn_image *private_memory, struct error *error);
void shared_close(struct cluster *cluster);

/* sessions.c */
/* A session without an instance, in the cluster's list; NULL: no memory. */
/* An auxiliary one is the postmaster's from the beginning. */
pgn_session *session_new(struct cluster *cluster, bool is_auxiliary);
void session_free(
    pgn_session *session); /* one that has ended; the last one takes the cluster along */
/* A session of a copy of the cluster, as another is in the cluster itself: its private memory, and what the copy's
   arena has of it. With the baton of the copy. */
enum status session_map_copy(pgn_session *session, const pgn_session *other,
                             const pgn_image *private_memory, struct error *error);
/* At the end of booting, on the coroutine: the session as it is now is how others begin. False: its state
   says why. */
bool session_keep_template(pgn_session *session);

/* For one that is not the first, with its gate closed: its backend leaves the cluster, as when a client is
   gone, and its instance is no more. */
void session_end(pgn_session *session);

/* By the postmaster, with the baton, inside the monitor: a process of the housekeeping, in its hands; NULL: none. It
   runs to its exit. */
pgn_session *session_begin_auxiliary(struct cluster *cluster, bool (*task)(pgn_session *session),
                                     int32_t task_argument, struct error *error);
void session_discard(pgn_session *session); /* its end */
/* Of struct host_upcalls: the first session's process is as others are to begin. */
enum guest_outcome session_keep_process(void *session, struct guest *guest, uint32_t shared,
                                        bool *kept);

/* instance.c */
enum status instance_open(pgn_session *session, struct error *error); /* as cluster->options say */
void instance_close(pgn_session *session);                            /* idempotent */
/* The first session as it is after booting is how others begin. */
enum status instance_keep_template(pgn_session *session, struct error *error);
/* An idle session, the only one, as an image, and the other way round. When mapping has failed the
   instance is no more. */
enum status instance_write(pgn_session *session, pgn_image **image, struct error *error);
enum status instance_map(pgn_session *session, pgn_image *image, struct error *error);
/* Its private memory as it is at this moment, in the middle of a call or not. */
enum status instance_write_process(pgn_session *session, pgn_image **image, struct error *error);
/* To be called whenever the instance is about to change: it is no longer what image says. */
void instance_set_latest(struct cluster *cluster, pgn_image *image);
/* For a session that begins; false: no address space. */
bool instance_renew_coroutine(pgn_session *session);

/* postmaster.c: all inside the monitor but postmaster_stop */
/* It is there from the first time that it is needed. False: there is no memory or thread for it. */
bool postmaster_need(struct cluster *cluster);
/* Has it look at the session, which is idle, is served, or runs in its hands. */
void postmaster_push(pgn_session *session);
void postmaster_note_deadline(struct cluster *cluster, int64_t deadline_ns);
void postmaster_forget(pgn_session *session); /* it is not in the queue any more */
/* The session is at rest now: there may be something to do for it, by time or by signals. */
void postmaster_look_at(pgn_session *session);
struct poller *postmaster_poller(struct cluster *cluster);
void postmaster_stop(struct cluster *cluster); /* idempotent */

/* serve.c: by the postmaster, whose session it is now */
/* Before it is resumed: what its client has sent becomes its input. False: it is at rest again. */
bool client_begin(pgn_session *session);
/* It has been resumed, and neither waits nor has yielded. */
void client_rest(pgn_session *session);
/* It has been resumed, and waits or has yielded. */
void client_pass_on(pgn_session *session);
/* Something has come of the socket. */
void client_event(struct client *client, int what);
/* pgn_serve shall come back when the session is at rest. Inside the monitor. */
void client_return(pgn_session *session);

/* hold.c: with the baton */
/* All sessions but the first stay as they are until they are released. Refused, with the reason, where one is in
   a transaction or runs. */
enum status hold_others(struct cluster *cluster, struct error *error);
void release_others(struct cluster *cluster);
bool is_held(const pgn_session *session); /* is it one of those that hold_others holds? */

/* snapshot.c */
/* Is the engine between two messages, where an instance is nothing but data? */
enum status snapshot_check_quiet(const pgn_session *session, bool may_have_ended,
                                 struct error *error);

/* copy.c */
enum status copy_files(struct cluster *cluster, pgn_session *source, struct error *error);

/* dump.c */
void dump_close(pgn_session *session); /* idempotent */

/* boot.c: on the coroutine */
bool engine_boot(pgn_session *session);
enum { EXIT_ALIVE = 99 }; /* PGlite: main() leaves by this when the backend stands */

/* startup.c */
enum { STARTUP_MAX = 4096 };
/* A startup packet; its size, or 0 when the names are too long. */
size_t startup_packet(const char *user, const char *database, uint8_t packet[STARTUP_MAX]);

/* protocol.c */
void session_main(void *session); /* the coroutine's function */
/* Runs the session until its caller has something to do: its state says what. WAITING and YIELDED are left
   only when it is time for a pause. With the baton, which others may have had meanwhile. */
void session_run(pgn_session *session);
/* On the coroutine: back to who runs it. */
void session_suspend(pgn_session *session, enum session_state state);
enum guest_outcome session_attend_reading(pgn_session *session);
/* Has an idle session do something, on the coroutine; its answer is thrown away. */
enum status session_do(pgn_session *session, bool (*task)(pgn_session *session),
                       struct error *error);
/* As session_run, once: up to the end of a slice or the beginning of a wait. */
void session_step(pgn_session *session);
/* By an idle session, at once. */
enum status session_checkpoint(pgn_session *session, struct error *error);
enum guest_outcome session_call(pgn_session *session, guest_function function, const uint64_t *args,
                                uint64_t *result);
bool session_serve(pgn_session *session); /* the caller's input; false: the session is over */
/* Suspends until a wake or the deadline: false then. Signals that have come are delivered, and *outcome is
   that of their handlers. */
bool session_wait(pgn_session *session, int64_t deadline_ns, enum guest_outcome *outcome);
void session_request_cancel(pgn_session *session);
void session_watch_stack(pgn_session *session, struct guest *guest);
/* What PostgreSQL does before it waits for a command. False when the session is over. */
bool session_get_ready(pgn_session *session);
/* What a call of the guest, named where, has come to. False when the session cannot go on. */
bool session_settle(pgn_session *session, enum guest_outcome outcome, const char *where);
bool session_poison(pgn_session *session, const char *where); /* false, for `return` */
bool session_is_overdue(const pgn_session *session);
enum guest_outcome session_poll(void *host);

/* transport.c */
extern const struct host_upcalls engine_upcalls;
bool transport_open(pgn_session *session);
/* The control block is there already. False when it cannot be one. */
bool transport_attach(pgn_session *session, uint32_t control);
bool transport_input_waits(const pgn_session *session);
void transport_fill(pgn_session *session);
bool transport_drain(pgn_session *session);

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
enum status program_open(pgn_session *session, struct guest_module *module, size_t stack_size,
                         const struct host_upcalls *upcalls, struct host *host,
                         struct error *error);
/* On the coroutine: what comes before main, the module's constructors and those linked into it. */
enum guest_outcome program_start(struct host *host);
enum guest_outcome program_main(struct host *host, const struct arguments *arguments,
                                uint64_t *result);

/* time.c: the clocks of an instance begin to run, or stand, as the options of its opening or else its
   image have it. */
enum status time_start(struct cluster *cluster, struct error *error);

/* initdb.c: on the coroutine */
bool engine_initdb(pgn_session *session);
extern const char *const engine_environment[];

/* quota.c */
bool quota_exempt_bookkeeping(struct vfs *vfs); /* false: no memory */

/* datadir.c */
enum status data_dir_open(struct cluster *cluster, const char *path, struct error *error);
/* It has been filled, by initdb or by the caller. Does nothing in memory. */
enum status data_dir_complete(struct cluster *cluster, struct error *error);
void data_dir_close(struct cluster *cluster); /* what is incomplete is removed; idempotent */

#endif
