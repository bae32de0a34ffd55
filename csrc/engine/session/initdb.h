/* A cluster made by initdb. On the coroutine. */
#ifndef PGN_ENGINE_INITDB_H
#define PGN_ENGINE_INITDB_H

#include "engine/cluster/session.h"

bool engine_initdb(pgn_session *session); /* false: the session's state says why */

#endif
