/* From a pristine instance to an open session. On the coroutine. */
#ifndef PGN_ENGINE_BOOT_H
#define PGN_ENGINE_BOOT_H

#include "engine/cluster/session.h"

enum { EXIT_ALIVE = 99 }; /* PGlite: main() leaves by this when the backend stands */

bool engine_boot(pgn_session *session); /* false: the session's state says why */

#endif
