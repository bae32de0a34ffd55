/* Syncing a session's files while others run. */
#ifndef PGN_ENGINE_SYNC_H
#define PGN_ENGINE_SYNC_H

#include "engine/cluster/session.h"

/* Of struct host_upcalls. */
enum guest_outcome session_sync(void *session, int fd, bool data_only, int *result);

/* Waits for the end of a sync whose session does not. Outside the monitor. */
void session_end_errand(pgn_session *session);

#endif
