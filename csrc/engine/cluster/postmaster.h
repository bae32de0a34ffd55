/* The postmaster: a cluster's own thread, which runs the sessions that no other thread is in. */
#ifndef PGN_ENGINE_POSTMASTER_H
#define PGN_ENGINE_POSTMASTER_H

#include "engine/cluster/baton.h"
#include "engine/instance/types.h"

struct cluster;
struct error;

struct postmaster {
    struct cluster *cluster;
    struct thread *thread;
    struct poller *poller;
    struct condition *condition;
    struct claim claim;
    bool has_baton;
    bool sleeps, stopping;
    pgn_session *first_ready, *last_ready;
    unsigned ready_count;
    pgn_session *first_answered; /* whose answers are kept back: session/attend.c */
    unsigned answered_count;
    struct courier *courier; /* NULL: it has not been needed */
    bool has_no_courier;     /* nor can it be had */
    unsigned given_count;    /* sessions that it has */
    int64_t answered_ns;     /* since when the first of them has been kept back */
    int64_t deadline_ns;     /* no session is due before it */
    int64_t busy_ns;         /* when there was something to do last */
};

/* All inside the monitor but postmaster_stop. */

/* It is there from the first time that it is needed. False: there is no memory or thread for it, or it may not wait. */
bool postmaster_need(struct cluster *cluster, struct error *error);
void postmaster_stop(struct cluster *cluster); /* idempotent */
struct poller *postmaster_poller(struct cluster *cluster);

/* Has it look at the session, which is idle, is served, or runs in its hands. */
void postmaster_push(pgn_session *session);
void postmaster_forget(pgn_session *session);               /* it is not in the queue any more */
pgn_session *postmaster_pop(struct postmaster *postmaster); /* NULL: there is none */

/* It has something to do then, or before. */
void postmaster_note_deadline(struct postmaster *postmaster, int64_t deadline_ns);

#endif
