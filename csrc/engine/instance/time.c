/* Time and chance under control: docs/TIME.md. */
#include "engine/instance/time.h"

enum status time_freeze(struct world *world, int64_t realtime_ns, struct error *error)
{
    if (realtime_ns < 0)
        return error_set(error, STATUS_INVALID, "the time is before 1970");
    world_freeze(world, realtime_ns);
    return STATUS_OK;
}

/* Clocks that shall stand never run: from the same image they then have the same time, both of them. */
enum status time_start(struct world *world, const pgn_options *options, struct error *error)
{
    if (options && options->seeded)
        world_seed(world, options->seed);
    if (options && options->clock_frozen)
        return time_freeze(world, options->clock_ns, error);
    world_resume(world);
    return STATUS_OK;
}

enum status time_advance(struct world *world, int64_t duration_ns, struct error *error)
{
    if (!world_is_frozen(world))
        return error_set(error, STATUS_INVALID,
                         "the clock is the real one, which moves by itself: set a time first");
    if (duration_ns < 0 || !world_advance(world, duration_ns))
        return error_set(error, STATUS_INVALID, "time cannot be moved %s",
                         duration_ns < 0 ? "back" : "so far: it ends in 2262");
    return STATUS_OK;
}
