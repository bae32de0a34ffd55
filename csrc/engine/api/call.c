/* A call of the C interface: an input, and what it brings. */
#include <string.h>

#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"
#include "engine/session/call.h"
#include "engine/session/client.h"
#include "platform/poller.h"

struct call {
    const uint8_t *input;
    size_t size, limit;
    pgn_reply *reply;
};

/* A check: inside the monitor, the call has begun. */
static enum status begin(pgn_session *session, void *argument, struct error *error)
{
    const struct call *call = argument;

    return call_begin(session, call->input, call->size, error);
}

static enum status check_begun(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return session->held ? STATUS_OK : error_set(error, STATUS_INVALID, "no call has begun");
}

static size_t log_size(const struct cluster *cluster)
{
    return (size_t) (cluster->log.written - cluster->log.taken);
}

/* Runs the call further, and says what has come. What the caller has been given before is gone. */
static enum status next(pgn_session *session, void *argument, struct error *error)
{
    const struct call *call = argument;
    pgn_reply *reply = call->reply;
    enum status status;

    if (session->output_given)
        session->output_size = 0;
    session->output_given = false;
    status = call_collect(session, call->limit, error);
    reply->ended = false;
    reply->over = session->state == SESSION_ENDED;
    reply->paused = !status && call_is_paused(session);
    session->output_given = !reply->paused;
    reply->bytes = session->output;
    reply->size = reply->paused ? 0 : session->output_size;
    reply->log_size = log_size(session->cluster);
    return status;
}

static enum status end(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    call_end(session);
    return STATUS_OK;
}

/* Most replies are short: with a copy of it the caller need not come again to end the call. */
static void end_short(pgn_session *session, pgn_reply *reply)
{
    if (reply->paused || reply->size > sizeof reply->short_bytes)
        return;
    if (reply->size > 0)
        memcpy(reply->short_bytes, reply->bytes, reply->size);
    call_end(session);
    reply->ended = true;
}

static enum status execute(pgn_session *session, void *argument, struct error *error)
{
    const struct call *call = argument;
    enum status status = next(session, argument, error);

    if (status)
        call_end(session);
    else
        end_short(session, call->reply);
    return status;
}

int pgn_begin(pgn_session *session, const uint8_t *input, size_t size, pgn_error *error)
{
    struct call call = {.input = input, .size = size};

    return api_run(session, begin, NULL, &call, error);
}

int pgn_next(pgn_session *session, size_t limit, pgn_reply *reply)
{
    struct call call = {.limit = limit ? limit : 1, .reply = reply};

    return api_run(session, check_begun, next, &call, &reply->error);
}

int pgn_end(pgn_session *session, pgn_error *error)
{
    return api_run(session, NULL, end, NULL, error);
}

int pgn_exec(pgn_session *session, const uint8_t *input, size_t size, size_t limit,
             pgn_reply *reply)
{
    struct call call = {.input = input, .size = size, .limit = limit, .reply = reply};

    return api_run(session, begin, execute, &call, &reply->error);
}

int pgn_can_serve(pgn_error *error)
{
    struct error reason;
    struct poller *poller = poller_open(&reason);

    if (!poller)
        return api_error(error, &reason);
    poller_close(poller);
    return STATUS_OK;
}

/* The postmaster takes the session up after the gate has been left. */
int pgn_serve(pgn_session *session, int fd, uint8_t *buffer, size_t size, bool *over,
              pgn_reply *reply)
{
    struct error error;
    enum status status = gate_run(session, gate_is_free_or_ended, NULL, NULL, &error);

    reply->log_size = 0;
    *over = false;
    if (!status) {
        status = client_serve(session, fd, buffer, size, over, &error);
        reply->log_size = log_size(session->cluster);
    }
    return status ? api_error(&reply->error, &error) : STATUS_OK;
}

/* An idle session has nothing to cancel. */
void pgn_cancel(pgn_session *session)
{
    if (!gate_is_foreign(session))
        call_cancel(session);
}
