/* What a session does. */
#ifndef PGN_ENGINE_STATE_H
#define PGN_ENGINE_STATE_H

#include "engine/instance/types.h"

/* One table makes the numbers, the names, and what may follow what: a set of the same names. */
#define SESSION_STATES(X)                                                                          \
    X(BOOTING, RUNS | SUSPENDED | OVER)                                                            \
    X(RUNNING, RUNS | SUSPENDED | OVER) /* its coroutine has been resumed */                       \
    X(IDLE, BIT(IDLE) | RUNS | OVER)    /* suspended between messages; or mapped anew */           \
    X(WANTS_INPUT, RUNS | OVER)         /* suspended inside a message, or COPY data */             \
    X(HAS_OUTPUT, RUNS | OVER)          /* suspended because enough output waits */                \
    X(WAITING, RUNS | OVER)             /* suspended until it is woken, or wake_ns has come */     \
    X(YIELDED, RUNS | OVER)             /* suspended at a safe point: its time slice is over */    \
    X(ENDED, BIT(IDLE) | OVER)          /* it is over; a new one may take its place */             \
    X(POISONED,                                                                                    \
      BIT(POISONED)) /* the guest trapped or broke an invariant, here or elsewhere in    \
                                  the cluster */

enum session_state {
#define SESSION_STATE(name, next) SESSION_##name,
    SESSION_STATES(SESSION_STATE)
#undef SESSION_STATE
};

/* Where the table does not allow it, the session is poisoned instead. */
void session_set_state(pgn_session *session, enum session_state state);

#endif
