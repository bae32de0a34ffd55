/* Sessions: their beginning and end. */
#ifndef PGN_ENGINE_SESSIONS_H
#define PGN_ENGINE_SESSIONS_H

#include "engine/cluster/cluster.h"

/* A session without an instance, in the cluster's list; NULL: no memory. An auxiliary one is the postmaster's from the
   beginning. */
pgn_session *session_new(struct cluster *cluster, bool is_auxiliary);
/* One that has ended; the last one takes the cluster along. */
void session_free(pgn_session *session);

/* For one that is not the first: its instance, as that of a session that begins. packet: a startup packet, whose
   answer waits then; NULL: the first session's, without an answer. address: its client's; NULL: it is on this machine.
   With the baton. */
enum status session_begin(pgn_session *session, const uint8_t *packet, size_t size,
                          const pgn_address *address, struct error *error);

/* For one that is not the first, with its gate closed: its backend leaves the cluster, as when a client is
   gone, and its instance is no more. */
void session_end(pgn_session *session);

/* A session of a copy of the cluster, as another is in the cluster itself: its private memory, and what the copy's
   arena has of it. With the baton of the copy. */
enum status session_map_copy(pgn_session *session, const pgn_session *other,
                             const pgn_image *private_memory, struct error *error);

/* At the end of booting, on the coroutine: the session as it is now is how others begin. False: its state
   says why. */
bool session_keep_template(pgn_session *session);

/* Of struct host_upcalls: the first session's process is as others are to begin. */
enum guest_outcome session_keep_process(void *session, struct guest *guest, uint32_t shared,
                                        bool *kept);

/* By the postmaster, with the baton, inside the monitor: a process of the housekeeping, in its hands; NULL: none. */
pgn_session *session_begin_auxiliary(struct cluster *cluster, bool (*task)(pgn_session *session),
                                     int32_t task_argument, struct error *error);
void session_discard(pgn_session *session); /* its end */

#endif
