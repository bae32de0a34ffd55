/* A session: what it consists of. What it does is the next stratum's. */
#ifndef PGN_ENGINE_SESSION_H
#define PGN_ENGINE_SESSION_H

#include <stdatomic.h>

#include "engine/cluster/baton.h"
#include "engine/cluster/state.h"
#include "engine/instance/instance.h"
#include "engine/instance/types.h"
#include "vfs/vfs.h"

struct client;
struct errand;
struct cluster;

/* Where in a message a stream of them is. */
enum { MESSAGE_HEADER_SIZE = 5 }; /* its type, and a length that counts itself */
struct framing {
    uint8_t header[MESSAGE_HEADER_SIZE];
    uint32_t header_size; /* of the header, what has come */
    uint32_t left;        /* of the payload, what has not */
};

struct pgn_session {
    struct cluster *cluster;
    pgn_session *next; /* of the cluster */
    int32_t process;

    struct instance instance;
    vfs_descriptors descriptors; /* unless cluster->running is this one: then the VFS has them */

    /* touched only by the thread that is inside the gate */
    enum session_state state;
    struct error failure; /* why ENDED or POISONED */
    const uint8_t *input; /* the caller's bytes not yet given to the guest */
    size_t input_size;
    const pgn_address *address; /* its client's, while it begins; NULL: it is on this machine */
    uint8_t *output;            /* bytes for the caller */
    size_t output_size, output_capacity, output_limit;
    bool output_given; /* the caller has had it */
    bool output_lost;  /* no memory to take the guest's output: it stays with the guest */
    bool discarding;   /* the caller does not want the rest of this call's output */
    bool abandoned;    /* its statements are to be cancelled */
    bool shutting_down;
    bool lacks_memory;    /* why it does not start */
    bool hanging_up;      /* the client of the session that waits for input is gone */
    bool needs_reseeding; /* a copy, and not yet told so */
    bool has_raised;      /* signals, whose handlers may have taken note of something */
    bool (*task)(
        pgn_session
            *session); /* to be run on the coroutine instead of serving; false: it is over */
    int32_t task_argument;
    struct errand *errand; /* a sync that it waits for; NULL: there is none */
    bool stack_was_low;    /* in this call: the stacks have pages to give back */
    bool guest_measured;   /* statistics.guest_ns is kept */
    int64_t slice_ns;      /* monotonic time at which its time slice is over */
    bool pauses;           /* its call does, ENGINE_PAUSE_NS after it has begun to run */
    int64_t pause_ns;      /* monotonic time at which it pauses; 0: not known yet, or never */
    int64_t wake_ns;       /* monotonic time at which it wakes by itself; while WAITING */
    pgn_statistics statistics;

    /* inside the monitor */
    struct claim claim;
    struct condition *condition; /* for threads that wait for this session */
    bool held;                   /* between pgn_begin and pgn_end */
    bool inside;                 /* a thread is inside the gate */
    bool attended;               /* that thread is the postmaster's: others wait for it */
    bool suspended;              /* it is to stay as it is: others wait */
    bool ends_later;             /* closed while it was suspended: its backend has yet to end */
    bool is_freed;               /* likewise freed: by who ends it */
    bool pinned;                 /* another thread closes it: it is not to be freed meanwhile */
    bool cancellable;            /* there is something for pgn_cancel to cancel */
    bool closed;
    bool woken;             /* a wait ends, or does not begin */
    struct framing framing; /* of what its clients have sent */
    struct client *client;  /* whose requests the postmaster hands to it; NULL: none */
    bool is_auxiliary;      /* a process of the housekeeping: the postmaster's own */
    bool is_ready;          /* in the postmaster's queue */
    pgn_session *next_ready;
    bool is_answered; /* the postmaster keeps its client's answer back, or the courier has it */
    bool is_given;    /* to the courier, as is what its client says: it is not to be resumed */
    bool is_due;      /* likewise, and is to be looked at when it comes back */
    pgn_session *next_answered;
    atomic_uint signals;     /* bit 1 << n: signal n has been sent and not been delivered */
    atomic_bool closing;     /* pgn_close waits for the running thread */
    atomic_bool trap_wanted; /* pgn_trap */
    atomic_llong stop_ns;    /* after it the guest is unwound at its next safe point; 0: never */
};

#endif
