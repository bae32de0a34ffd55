/* The states of a session, and the transitions between them. */
#include "engine/cluster/state.h"

#include "engine/cluster/session.h"

#define BIT(name) (1u << SESSION_##name)
#define RUNS BIT(RUNNING)
#define SUSPENDED (BIT(IDLE) | BIT(WANTS_INPUT) | BIT(HAS_OUTPUT) | BIT(WAITING) | BIT(YIELDED))
#define OVER (BIT(ENDED) | BIT(POISONED))

static const struct {
    const char *name;
    unsigned next;
} states[] = {
#define SESSION_STATE(name, next) {#name, next},
    SESSION_STATES(SESSION_STATE)
#undef SESSION_STATE
};

void session_set_state(pgn_session *session, enum session_state state)
{
    if (states[session->state].next >> state & 1) {
        session->state = state;
        return;
    }
    error_set(&session->failure, STATUS_POISONED, "a session went from %s to %s",
              states[session->state].name, states[state].name);
    session->state = SESSION_POISONED;
}
