/* A call of a session that has been entered, from begin to end. */
#ifndef PGN_ENGINE_CALL_H
#define PGN_ENGINE_CALL_H

#include "engine/cluster/session.h"

/* Can the session still be used? One that has ended cannot, unless that is of no matter. */
enum status call_check_alive(const pgn_session *session, bool may_have_ended, struct error *error);

/* And is it between two calls? */
enum status call_check_free(const pgn_session *session, bool may_have_ended, struct error *error);

/* And between two messages, where an instance is nothing but data? */
enum status call_check_quiet(const pgn_session *session, bool may_have_ended, struct error *error);

/* Inside the monitor: opens a call, or says why not. The input is borrowed until its end. */
enum status call_begin(pgn_session *session, const uint8_t *input, size_t size,
                       struct error *error);

/* Runs until limit bytes wait, nothing is left to do, or it is time for a pause. */
enum status call_collect(pgn_session *session, size_t limit, struct error *error);

/* Has it been suspended for a pause, a wait or other sessions, and not by itself? */
bool call_is_paused(const pgn_session *session);

/* Is there still something to be run, or to be taken from it? */
bool call_is_unfinished(const pgn_session *session);

/* Has the running statement end, if there is one. From any thread. */
void call_cancel(pgn_session *session);

/* Closes it; what is left of it runs cancelled and unheard. */
void call_end(pgn_session *session);

#endif
