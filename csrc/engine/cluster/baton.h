/* The baton: whose guest code may run. */
#ifndef PGN_ENGINE_BATON_H
#define PGN_ENGINE_BATON_H

#include <stdatomic.h>
#include <stdbool.h>

#include "platform/monitor.h"

struct cluster;

/* The wish of a thread to have the baton of a cluster. */
struct claim {
    struct claim *next;          /* in the queue of those that wait for it */
    struct condition *condition; /* is notified when it has come */
};

/* A cluster runs the guest code of one session at a time, of the one that has the baton: PostgreSQL is built
   without threads. It is handed over in the order in which it is asked for. */
struct baton {
    struct claim *holder; /* NULL: free */
    struct claim *first, *last;
    atomic_bool wanted; /* a claim waits: read at safe points, without the monitor */
};

/* Inside the monitor. */
void baton_take(struct cluster *cluster, struct claim *claim); /* waits for it */
void baton_give(struct cluster *cluster);
/* Gives it up, if another claim waits for it, and takes it again as the last. */
void baton_pass(struct cluster *cluster, struct claim *claim);

/* baton_take and baton_give from outside the monitor. */
void baton_acquire(struct cluster *cluster, struct claim *claim);
void baton_release(struct cluster *cluster);

#endif
