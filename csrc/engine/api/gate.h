/* The gate: the one way for a caller's thread into a session, and out of it again. */
#ifndef PGN_ENGINE_GATE_H
#define PGN_ENGINE_GATE_H

#include "engine/api/pglite_native.h"
#include "engine/cluster/session.h"

/* A check of a session's state, or a step, which is done with the session then. argument is gate_run's. */
typedef enum status (*gate_step)(pgn_session *session, void *argument, struct error *error);

/* Refused where the session is closed or another process's, or another thread is in it. Otherwise takes the
   cluster's baton; has check say, inside the monitor, whether the step may be done now, and take note that it is;
   does it; and gives the baton back. Both may be NULL. */
enum status gate_run(pgn_session *session, gate_step check, gate_step step, void *argument,
                     struct error *error);

/* The same for the C interface's errors. */
int api_run(pgn_session *session, gate_step check, gate_step step, void *argument,
            pgn_error *error);

/* Why the cluster cannot be used by this process, or any more. */
enum status gate_check_cluster(struct cluster *cluster, struct error *error);

/* Does the session belong to a parent of this process? */
bool gate_is_foreign(const pgn_session *session);

/* For the reason that the status names; returns it. */
enum status gate_refuse(struct error *error, enum status status);

/* Copies the error, if the caller wants it, and returns its status. */
int api_error(pgn_error *to, const struct error *from);

/* Checks, of a session between two calls that can go on; */
enum status gate_is_free(pgn_session *session, void *argument, struct error *error);
/* or has ended; */
enum status gate_is_free_or_ended(pgn_session *session, void *argument, struct error *error);
/* and that is not in the middle of a message. */
enum status gate_is_quiet(pgn_session *session, void *argument, struct error *error);

#endif
