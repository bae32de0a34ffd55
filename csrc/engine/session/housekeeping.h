/* Housekeeping: what a server does by itself, autovacuum above all. */
#ifndef PGN_ENGINE_HOUSEKEEPING_H
#define PGN_ENGINE_HOUSEKEEPING_H

#include "engine/cluster/cluster.h"

/* On the coroutine of an idle session: has the cluster changed since the last look for work? Then there will be
   another. False when the session is over. */
bool housekeeping_note_changes(pgn_session *session);

/* Below, inside the monitor. */
/* Has the cluster lived so long with its changes that it may have a thread for them? */
bool housekeeping_is_worth_a_thread(const struct cluster *cluster);

/* By the postmaster: begins an autovacuum launcher, if it is time. */
void housekeeping_begin_if_due(struct cluster *cluster, int64_t now_ns);

/* A process of the housekeeping has come to its end, or cannot go on; it is freed. */
void housekeeping_end(pgn_session *session);

/* Outside the monitor, with the baton: has a process that runs come to its end. What it has not got
   done, the next look for work finds. */
void housekeeping_interrupt(struct cluster *cluster);

/* Outside the monitor: has a process that runs come to its end, and begins no more, as the cluster is ending. */
void housekeeping_stop(struct cluster *cluster);

#endif
