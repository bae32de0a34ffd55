/* Time and chance under control: docs/TIME.md. */
#include "engine/api.h"
#include "engine/engine.h"
#include "platform/world.h"

static enum status freeze(struct world *world, int64_t realtime_ns, struct error *error)
{
    if (realtime_ns < 0)
        return error_set(error, STATUS_INVALID, "the time is before 1970");
    world_freeze(world, realtime_ns);
    return STATUS_OK;
}

/* Clocks that shall stand never run: from the same image they then have the same time, both of them. */
enum status time_start(struct cluster *cluster, struct error *error)
{
    const pgn_options *options = cluster->options;
    struct world *world = world_find(&cluster->arena);

    if (options && options->seeded)
        world_seed(world, options->seed);
    if (options && options->clock_frozen)
        return freeze(world, options->clock_ns, error);
    world_resume(world);
    return STATUS_OK;
}

/* Enters between two calls of a session that can go on, to change its world: NULL when refused. */
static struct world *enter_idle(pgn_session *session, int *status, pgn_error *pgn_error)
{
    struct error error;

    *status = api_enter(session, pgn_error);
    if (*status)
        return NULL;
    if (api_check_free(session, false, &error)) {
        api_leave(session);
        *status = api_error(pgn_error, &error);
        return NULL;
    }
    instance_set_latest(session->cluster, NULL);
    return world_find(&session->cluster->arena);
}

static int leave(pgn_session *session, enum status status, const struct error *error,
                 pgn_error *pgn_error)
{
    api_leave(session);
    return status ? api_error(pgn_error, error) : STATUS_OK;
}

int pgn_set_time(pgn_session *session, int64_t realtime_ns, pgn_error *pgn_error)
{
    struct error error;
    int status;
    struct world *world = enter_idle(session, &status, pgn_error);

    return world ? leave(session, freeze(world, realtime_ns, &error), &error, pgn_error) : status;
}

int pgn_release_time(pgn_session *session, pgn_error *pgn_error)
{
    int status;
    struct world *world = enter_idle(session, &status, pgn_error);

    if (!world)
        return status;
    world_release(world);
    return leave(session, STATUS_OK, NULL, NULL);
}

static enum status advance(struct world *world, int64_t duration_ns, struct error *error)
{
    if (!world_is_frozen(world))
        return error_set(error, STATUS_INVALID,
                         "the clock is the real one, which moves by itself: set a time first");
    if (duration_ns < 0 || !world_advance(world, duration_ns))
        return error_set(error, STATUS_INVALID, "time cannot be moved %s",
                         duration_ns < 0 ? "back" : "so far: it ends in 2262");
    return STATUS_OK;
}

int pgn_advance(pgn_session *session, int64_t duration_ns, pgn_error *pgn_error)
{
    struct error error;
    int status;
    struct world *world = enter_idle(session, &status, pgn_error);

    return world ? leave(session, advance(world, duration_ns, &error), &error, pgn_error) : status;
}
