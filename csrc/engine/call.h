/* A call of a session that has been entered, from begin to end. */
#ifndef PGN_ENGINE_CALL_H
#define PGN_ENGINE_CALL_H

#include "base/status.h"
#include "engine/pglite_native.h"

/* Inside the monitor: opens a call, or says why not. The input is borrowed until its end. */
enum status call_begin(pgn_session *session, const uint8_t *input, size_t size,
                       struct error *error);

/* Runs until limit bytes wait, nothing is left to do, or it is time for a pause. */
enum status call_collect(pgn_session *session, size_t limit, struct error *error);

/* Has it been suspended for a pause, a wait or other sessions, and not by itself? */
bool call_is_paused(const pgn_session *session);

/* Is there still something to be run, or to be taken from it? */
bool call_is_unfinished(const pgn_session *session);

/* Closes it; what is left of it runs cancelled and unheard. */
void call_end(pgn_session *session);

#endif
