/* Sessions kept at rest. */
#ifndef PGN_ENGINE_HOLD_H
#define PGN_ENGINE_HOLD_H

#include "engine/cluster/cluster.h"

/* With the baton: all sessions but the first stay as they are until they are released. Refused, with the reason,
   where one is in a transaction or runs. */
enum status hold_others(struct cluster *cluster, struct error *error);
void release_others(struct cluster *cluster);
bool is_held(const pgn_session *session); /* is it one of those that hold_others holds? */

#endif
