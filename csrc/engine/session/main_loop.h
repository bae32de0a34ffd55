/* PostgreSQL's main loop, on the coroutine. */
#ifndef PGN_ENGINE_MAIN_LOOP_H
#define PGN_ENGINE_MAIN_LOOP_H

#include "engine/cluster/session.h"

void session_main(void *session);            /* the coroutine's function */
enum guest_outcome session_poll(void *host); /* at safe points */
void session_watch_stack(pgn_session *session, struct guest *guest);

enum guest_outcome session_call(pgn_session *session, guest_function function, const uint64_t *args,
                                uint64_t *result);
/* What a call of the guest, named where, has come to. False when the session cannot go on. */
bool session_settle(pgn_session *session, enum guest_outcome outcome, const char *where);
/* Both, for a function that takes the session's process number. */
bool session_call_as_process(pgn_session *session, guest_function function, const char *where);
/* The backend's exit, which usually is the session's end: false. */
bool session_leave(pgn_session *session);
bool session_poison(pgn_session *session, const char *where); /* false, for `return` */

bool session_serve(pgn_session *session); /* the caller's input; false: the session is over */
/* What PostgreSQL does before it waits for a command. False when the session is over. */
bool session_get_ready(pgn_session *session);
/* Has an idle session's files copied while all others are held, as those of a cluster that was shut down. */
typedef enum status (*session_copier)(pgn_session *session, void *argument, struct error *error);
enum status session_copy(pgn_session *session, session_copier copier, void *argument,
                         struct error *error);

enum guest_outcome session_attend_reading(pgn_session *session);

/* Suspends until a wake or the deadline: false then. Signals that have come are delivered, and *outcome is
   that of their handlers. */
bool session_wait(pgn_session *session, int64_t deadline_ns, enum guest_outcome *outcome);

void session_request_cancel(pgn_session *session);
bool session_is_overdue(const pgn_session *session);

#endif
