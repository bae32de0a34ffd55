/* Sessions kept at rest. */
#ifndef PGN_ENGINE_HOLD_H
#define PGN_ENGINE_HOLD_H

#include "engine/cluster/cluster.h"

/* With the baton: all sessions but the first stay as they are until they are released. Refused, with the reason,
   where one is in a transaction or runs, or where another thread has them held. */
enum status hold_others(struct cluster *cluster, struct error *error);
/* Outside the monitor: also ends those that were closed meanwhile. If the baton is not free the caller has it. */
void release_others(struct cluster *cluster);
/* Likewise only those that are opened from now on; they begin when they are released. */
enum status hold_new(struct cluster *cluster, struct error *error);
void release_new(struct cluster *cluster); /* without the baton */
/* The sessions that are held, one after the other; NULL for the first, and after the last. They are not freed before
   they are released; others of the list may be at any time. */
pgn_session *next_held(struct cluster *cluster, const pgn_session *session);

#endif
