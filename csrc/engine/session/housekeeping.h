/* Housekeeping: what a server does by itself, which is autovacuum, checkpoints and writing WAL. */
#ifndef PGN_ENGINE_HOUSEKEEPING_H
#define PGN_ENGINE_HOUSEKEEPING_H

#include "engine/cluster/cluster.h"

/* On the coroutine of an idle session: has the cluster changed since the last look for work, or the last checkpoint?
   Then there will be another. False when the session is over. */
bool housekeeping_note_changes(pgn_session *session);

/* With the baton, outside the monitor: has so much been written that there is to be a checkpoint now? */
void housekeeping_note_writing(struct cluster *cluster);

/* Of struct host_upcalls. */
void housekeeping_need_wal_writer(void *session, int32_t milliseconds);

/* With the baton: bytes that the session has written. What a checkpoint writes makes no other one due. */
void housekeeping_discount(struct cluster *cluster, const pgn_session *session, uint64_t written);

/* Below, inside the monitor. */
/* When a process is to be begun; INT64_MAX: none is. */
int64_t housekeeping_due_ns(const struct cluster *cluster);

/* Has the cluster lived so long with its changes that it may have a thread for them? */
bool housekeeping_is_worth_a_thread(const struct cluster *cluster);

/* By the postmaster: begins those processes whose time has come. */
void housekeeping_begin_if_due(struct cluster *cluster, int64_t now_ns);

/* A process of the housekeeping has come to its end, or cannot go on; it is freed. */
void housekeeping_end(pgn_session *session);

/* Outside the monitor, with the baton: has the processes that run come to their end. What autovacuum has not got
   done, its next look for work finds; a checkpoint is waited for. */
void housekeeping_interrupt(struct cluster *cluster);

/* Outside the monitor: likewise, and there will be no more, as the cluster is ending. */
void housekeeping_stop(struct cluster *cluster);

/* Outside the monitor, without a postmaster: shuts the cluster down by a process of its own. Its first session has
   ended before, as any session can, and the others have as well. */
void housekeeping_shut_down(struct cluster *cluster);

/* Outside the monitor, without a postmaster: frees the processes of a cluster that has failed. */
void housekeeping_discard(struct cluster *cluster);

#endif
