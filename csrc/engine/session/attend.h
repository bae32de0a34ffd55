/* What the postmaster does: running sessions that no other thread is in. */
#ifndef PGN_ENGINE_ATTEND_H
#define PGN_ENGINE_ATTEND_H

#include "engine/cluster/session.h"

/* The thread's function: struct cluster's attend. */
void attend(void *postmaster);

/* Inside the monitor: the session is at rest now, and there may be something to do for it, by time or by
   signals. */
void attend_at_rest(pgn_session *session);

#endif
