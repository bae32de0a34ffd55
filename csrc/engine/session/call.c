/* A call: messages in, and what PostgreSQL answers until it has dealt with them all. */
#include "engine/session/call.h"

#include <stdlib.h>

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/session/client.h"
#include "engine/session/main_loop.h"
#include "engine/session/run.h"
#include "engine/session/transport.h"

enum status call_check_alive(const pgn_session *session, bool may_have_ended, struct error *error)
{
    if (session->state == SESSION_POISONED
        || (session->state == SESSION_ENDED && !may_have_ended)) {
        *error = session->failure;
        return error->status;
    }
    return STATUS_OK;
}

enum status call_check_free(const pgn_session *session, bool may_have_ended, struct error *error)
{
    const struct cluster *cluster = session->cluster;

    if (session->held || cluster->dump || cluster->loading)
        return error_set(error, STATUS_BUSY,
                         "a stream of this session is still open, or another thread is in a call");
    return call_check_alive(session, may_have_ended, error);
}

enum status call_check_quiet(const pgn_session *session, bool may_have_ended, struct error *error)
{
    enum status status = call_check_free(session, may_have_ended, error);

    if (!status && session->state == SESSION_WANTS_INPUT)
        status = error_set(error, STATUS_SNAPSHOT,
                           "the engine is in the middle of a message or of COPY: finish it first");
    return status;
}

/* What it said while it was idle, its last words say, is still to be delivered. */
static bool has_last_words(const pgn_session *session)
{
    return session->state == SESSION_ENDED && session->output_size > 0;
}

enum status call_begin(pgn_session *session, const uint8_t *input, size_t size, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = call_check_free(session, has_last_words(session), error);

    if (status)
        return status;
    cluster_set_latest(cluster, NULL);
    cluster->used |= session == cluster->first;
    session->held = session->cancellable = true;
    session->woken = false;
    if (session->output_size == 0 && session->output_capacity > ENGINE_OUTPUT_KEPT) {
        free(session->output);
        session->output = NULL;
        session->output_capacity = 0;
    }
    session->input = input;
    session->input_size = size;
    return STATUS_OK;
}

bool call_is_paused(const pgn_session *session)
{
    return session->state == SESSION_WAITING || session->state == SESSION_YIELDED;
}

bool call_is_unfinished(const pgn_session *session)
{
    return session->state == SESSION_HAS_OUTPUT || call_is_paused(session)
           || (session->input_size > 0
               && (session->state == SESSION_IDLE || session->state == SESSION_WANTS_INPUT));
}

/* Is there anything that resuming would do? */
static bool can_go_on(const pgn_session *session)
{
    return call_is_unfinished(session)
           || (session->state == SESSION_IDLE
               && (atomic_load(&session->signals) || host_timer_is_due(&session->instance.host)));
}

/* Runs until limit bytes wait, nothing is left to do, or it is time for a pause. What comes before
   the session's end is delivered; the end is told by the next call, or at once if there is nothing to
   deliver. */
enum status call_collect(pgn_session *session, size_t limit, struct error *error)
{
    session->output_limit = limit;
    session->output_lost = false;
    session->pauses = true;
    do {
        if (!can_go_on(session))
            break;
        session_run(session);
    } while (!call_is_paused(session) && session->output_size < limit && !session->output_lost);
    session->pauses = false;
    session->pause_ns = 0;
    if (session->output_lost)
        return error_set(error, STATUS_NO_MEMORY,
                         "no memory for the reply; take it in parts (exec_protocol_stream)");
    if (session->state == SESSION_ENDED && session_is_overdue(session))
        return error_set(error, STATUS_CLOSED, "%s", status_message(STATUS_CLOSED));
    if (session->state == SESSION_POISONED && session->output_size == 0) {
        *error = session->failure;
        return error->status;
    }
    return STATUS_OK;
}

void call_cancel(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    monitor_enter(cluster->monitor);
    client_return(session);
    if (session->cancellable && !session->closed) {
        session_request_cancel(session);
        cluster_wake(session);
    }
    monitor_leave(cluster->monitor);
}

void call_end(pgn_session *session)
{
    if (call_is_unfinished(session)) {
        session->discarding = session->abandoned = true;
        call_cancel(session); /* wakes a sleep too; session_poll repeats the rest */
        while (call_is_unfinished(session))
            session_run(session);
        session->discarding = session->abandoned = false;
    }
    if (session->output_lost) {
        session->discarding = true;
        transport_drain(session);
        session->discarding = session->output_lost = false;
    }
    session->held = session->output_given = false;
    session->input = NULL;
    session->input_size = session->output_size = 0;
    if (session->stack_was_low) {
        session->stack_was_low = false;
        coroutine_trim(session->instance.coroutine);
        guest_trim_stack(session->instance.guest);
    }
}
