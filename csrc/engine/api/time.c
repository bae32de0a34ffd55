/* The C interface to an instance's clocks: docs/TIME.md. */
#include "engine/instance/time.h"

#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"
#include "platform/random_source.h"

/* Of a session that is about to get another time. */
static struct virtual_clock *clock_to_change(pgn_session *session)
{
    cluster_set_latest(session->cluster, NULL);
    return virtual_clock_find(&session->cluster->arena);
}

static enum status set(pgn_session *session, void *argument, struct error *error)
{
    const int64_t *realtime_ns = argument;

    return time_freeze(clock_to_change(session), *realtime_ns, error);
}

static enum status release(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    virtual_clock_release(clock_to_change(session));
    return STATUS_OK;
}

static enum status settle(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    virtual_clock_settle(clock_to_change(session));
    random_source_reset(random_source_find(&session->cluster->arena));
    return STATUS_OK;
}

static enum status advance(pgn_session *session, void *argument, struct error *error)
{
    const int64_t *duration_ns = argument;

    return time_advance(clock_to_change(session), *duration_ns, error);
}

int pgn_set_time(pgn_session *session, int64_t realtime_ns, pgn_error *error)
{
    return api_run(session, gate_is_free, set, &realtime_ns, error);
}

int pgn_release_time(pgn_session *session, pgn_error *error)
{
    return api_run(session, gate_is_free, release, NULL, error);
}

int pgn_settle(pgn_session *session, pgn_error *error)
{
    return api_run(session, gate_is_free, settle, NULL, error);
}

int pgn_advance(pgn_session *session, int64_t duration_ns, pgn_error *error)
{
    return api_run(session, gate_is_free, advance, &duration_ns, error);
}
