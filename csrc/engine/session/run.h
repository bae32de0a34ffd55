/* Running a session: resuming its coroutine, and what it is resumed for. */
#ifndef PGN_ENGINE_RUN_H
#define PGN_ENGINE_RUN_H

#include "engine/cluster/session.h"

/* Runs the session until its caller has something to do: its state says what. WAITING and YIELDED are left
   only when it is time for a pause. With the baton, which others may have had meanwhile. */
void session_run(pgn_session *session);

/* The same, once: up to the end of a slice or the beginning of a wait. */
void session_step(pgn_session *session);

/* Has an idle session do something, on the coroutine; its answer is thrown away. */
enum status session_do(pgn_session *session, bool (*task)(pgn_session *session),
                       struct error *error);

/* On the coroutine: back to what resumed it. */
void session_suspend(pgn_session *session, enum session_state state);

#endif
