/* The C interface to an instance's clocks: docs/TIME.md. */
#include "engine/instance/time.h"

#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"

/* Of a session that is about to get another time. */
static struct world *world_to_change(pgn_session *session)
{
    cluster_set_latest(session->cluster, NULL);
    return world_find(&session->cluster->arena);
}

static enum status set(pgn_session *session, void *argument, struct error *error)
{
    const int64_t *realtime_ns = argument;

    return time_freeze(world_to_change(session), *realtime_ns, error);
}

static enum status release(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    world_release(world_to_change(session));
    return STATUS_OK;
}

static enum status settle(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    world_settle(world_to_change(session));
    return STATUS_OK;
}

static enum status advance(pgn_session *session, void *argument, struct error *error)
{
    const int64_t *duration_ns = argument;

    return time_advance(world_to_change(session), *duration_ns, error);
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
