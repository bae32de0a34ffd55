/* Time and randomness under control: docs/TIME.md. */
#include "engine/instance/time.h"

#include "platform/random_source.h"

enum status time_freeze(struct virtual_clock *clock, int64_t realtime_ns, struct error *error)
{
    if (realtime_ns < 0)
        return error_set(error, STATUS_INVALID, "the time is before 1970");
    virtual_clock_freeze(clock, realtime_ns);
    return STATUS_OK;
}

/* Clocks that shall stand never run: from the same image they then have the same time, both of them. */
enum status time_start(const struct arena *arena, const pgn_options *options, struct error *error)
{
    struct virtual_clock *clock = virtual_clock_find(arena);

    if (options && options->seeded)
        random_source_seed(random_source_find(arena), options->seed);
    if (options && options->clock_frozen)
        return time_freeze(clock, options->clock_ns, error);
    virtual_clock_resume(clock);
    return STATUS_OK;
}

enum status time_advance(struct virtual_clock *clock, int64_t duration_ns, struct error *error)
{
    if (!virtual_clock_is_frozen(clock))
        return error_set(error, STATUS_INVALID,
                         "the clock is the real one, which moves by itself: set a time first");
    if (duration_ns < 0 || !virtual_clock_advance(clock, duration_ns))
        return error_set(error, STATUS_INVALID, "time cannot be moved %s",
                         duration_ns < 0 ? "back" : "so far: it ends in 2262");
    return STATUS_OK;
}
