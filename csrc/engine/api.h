/* From the layers' errors to the interface's. */
#ifndef PGN_ENGINE_API_H
#define PGN_ENGINE_API_H

#include "base/status.h"
#include "engine/pglite_native.h"

/* Copies the error, if the caller wants it, and returns its status. */
int api_error(pgn_error *to, const struct error *from);

/* The gate, for a step that runs or changes the session: refused, or to be left again. A refusal has been
   put into *error. */
int api_enter(pgn_session *session, pgn_error *error);
void api_leave(pgn_session *session);

/* Is the session, which has been entered, between two calls and in order? One whose session has ended is
   not, unless that is of no matter. */
enum status api_check_free(const pgn_session *session, bool may_have_ended, struct error *error);

/* All sessions but the first end. */
struct cluster;
void api_close_others(struct cluster *cluster);

/* Why the cluster cannot be used by this process, or any more; 0: it can. */
int api_refuse_cluster(struct cluster *cluster, pgn_error *error);

#endif
