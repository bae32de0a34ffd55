/* A cluster: what it consists of, and what its sessions have to do with each other. */
#ifndef PGN_ENGINE_CLUSTER_H
#define PGN_ENGINE_CLUSTER_H

#include "base/arena.h"
#include "engine/cluster/baton.h"
#include "engine/cluster/session.h"
#include "engine/cluster/shared.h"
#include "engine/instance/image.h"
#include "engine/instance/limits.h"
#include "engine/instance/log.h"
#include "engine/instance/runtime.h"
#include "engine/instance/spare.h"
#include "platform/directory_lock.h"
#include "platform/monitor.h"
#include "platform/reservation.h"
#include "vfs/vfs.h"

/* What a postmaster has: shared memory, files, the list of processes. */
struct cluster {
    pgn_runtime *runtime;
    const pgn_options *options; /* while opening */
    int32_t owner;              /* process: a child of fork must not use it */

    /* the files */
    struct spare spare; /* of the image, while opening: the part that is not yet in use */
    bool is_spare;      /* the memory is one's, and has the image's content: nothing has run */
    struct reservation arena_memory;
    struct arena arena;
    struct vfs *vfs;
    struct lock data_dir_lock; /* not held: in memory */
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
    struct postmaster *postmaster; /* NULL: there was no need of one yet, or it has been stopped */
    bool never_started;            /* nothing is to be shut down: who would, would wait for locks */
    bool postmaster_stopped;       /* for good: the cluster is being closed */
    void (*attend)(void *postmaster); /* what its thread does */
    pgn_session *autovacuum;          /* the process of it that runs; NULL: none */
    uint64_t written;                 /* bytes written to files when a change was last noticed */
    int64_t changed_ns;               /* monotonic time of that */
    int64_t first_changed_ns;         /* the first time */
    int64_t vacuum_due_ns;            /* monotonic time of the next look for work; 0: none is due */
    int64_t look_began_ns;            /* monotonic time of the last one */
    int64_t naptime_ns;               /* autovacuum_naptime */
    uint32_t looked_at_count;
    uint32_t looked_at[HOUSEKEEPING_DATABASES_MAX]; /* OIDs of the databases, in this look */
    bool has_reloaded;                              /* configuration files have been read anew */
    pgn_session *checkpointer;                      /* NULL: there is no checkpoint of its */
    bool checkpoint_wanted;    /* so much has been written since the last one */
    int64_t checkpoint_due_ns; /* monotonic time of the next; 0: nothing was written since */
    int64_t checkpointed_ns;   /* monotonic time of the last one, or of the cluster's beginning */
    pgn_session *wal_writer;   /* NULL: it has not been needed */
    int64_t wal_writer_due_ns; /* monotonic time of its beginning; 0: never */
    int64_t sync_ns;           /* that the disk took the last time */
    bool is_held;              /* its sessions are kept at rest: hold.c */
    bool is_interrupted;       /* the process of autovacuum is to end before it is done */
    bool worker_wanted;        /* an autovacuum launcher has asked for a worker */
    bool ending;               /* the first session is being closed, or has been */
    bool failed;               /* a session is poisoned, and with it all: why is in failure */
    struct error failure;
};

/* Numbers of the guest's signals. */
enum {
    SIGHUP_OF_GUEST = 1,
    SIGUSR1_OF_GUEST = 10,
    SIGUSR2_OF_GUEST = 12,
    SIGTERM_OF_GUEST = 15,
    SIGURG_OF_GUEST = 23 /* sent by SetLatch: it wakes, and does nothing else */
};

/* Without files. attend: what the thread of a postmaster does, once there is one. */
enum status cluster_open(pgn_runtime *runtime, const pgn_options *options,
                         void (*attend)(void *postmaster), struct cluster **cluster,
                         struct error *error);
void cluster_close(struct cluster *cluster); /* there are no sessions any more. NULL is fine */

/* The session whose guest code runs next uses its own descriptors. With the baton. */
void cluster_switch_to(pgn_session *session);

/* Has it had other sessions than the first? */
bool cluster_had_others(const struct cluster *cluster);

/* To be called whenever the first session is about to change: it is no longer what image says. */
void cluster_set_latest(struct cluster *cluster, pgn_image *image);

/* All sessions of the cluster are lost. */
void cluster_fail(struct cluster *cluster, const struct error *failure);

/* NULL: there is none of that number that has not ended. Inside the monitor. */
pgn_session *cluster_find(const struct cluster *cluster, int32_t process);

/* Has the session look around, where it waits, runs or is idle. Inside the monitor. */
void cluster_wake(pgn_session *session);

/* Of struct host_upcalls. */
int cluster_signal(void *session, int32_t process, int signal);
int cluster_wake_process(void *session, int32_t process);

#endif
