/* Syncing the files of all sessions of a cluster, for a checkpoint of any of them. */
#ifndef PGN_ENGINE_SYNC_H
#define PGN_ENGINE_SYNC_H

#include "engine/cluster/session.h"

/* Of struct host_upcalls. */
enum guest_outcome session_sync_all(void *session, int *result);

/* Waits for the end of a sync whose session does not. Outside the monitor. */
void session_end_errand(pgn_session *session);

#endif
