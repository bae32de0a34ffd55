/* The clocks that a guest sees. */
#include "platform/virtual_clock.h"

#include "platform/clock.h"

#define NS_PER_US INT64_C(1000)
#define BEGINNING_NS                                                                               \
    INT64_C(1000000000) /* of the monotonic clock; PostgreSQL takes 0 for "never" */
#define CLOCK_MAGIC UINT64_C(0x314b434f4c434e47) /* "GNCLOCK1" */

enum { SUSPENDED, RUNNING, FROZEN };

struct virtual_clock {
    uint64_t magic;
    uint64_t state;       /* SUSPENDED, RUNNING, FROZEN */
    int64_t realtime_ns;  /* FROZEN */
    int64_t monotonic_ns; /* FROZEN, SUSPENDED */
    int64_t offset_ns;    /* RUNNING: the monotonic clock's, from the system's */
};

struct virtual_clock *virtual_clock_open(struct arena *arena)
{
    arena_offset offset = arena_allocate(arena, sizeof(struct virtual_clock));
    struct virtual_clock *clock = arena_at(arena, offset);

    if (!offset)
        return NULL;
    *clock = (struct virtual_clock){.magic = CLOCK_MAGIC, .monotonic_ns = BEGINNING_NS};
    arena_set_root(arena, ARENA_ROOT_CLOCK, offset);
    return clock;
}

struct virtual_clock *virtual_clock_find(const struct arena *arena)
{
    struct virtual_clock *clock = arena_root_at(arena, ARENA_ROOT_CLOCK, sizeof *clock);

    return clock && clock->magic == CLOCK_MAGIC ? clock : NULL;
}

static void run(struct virtual_clock *clock)
{
    clock->offset_ns = clock->monotonic_ns - platform_monotonic_ns();
    clock->state = RUNNING;
}

static void stop(struct virtual_clock *clock, uint64_t state)
{
    clock->monotonic_ns = virtual_clock_monotonic_ns(clock);
    clock->state = state;
}

int64_t virtual_clock_realtime_ns(const struct virtual_clock *clock)
{
    return clock->state == FROZEN ? clock->realtime_ns : platform_realtime_ns();
}

int64_t virtual_clock_monotonic_ns(const struct virtual_clock *clock)
{
    return clock->state == RUNNING ? platform_monotonic_ns() + clock->offset_ns
                                   : clock->monotonic_ns;
}

int64_t virtual_clock_deadline_ns(const struct virtual_clock *clock, int64_t duration_ns)
{
    int64_t deadline_ns;

    if (__builtin_add_overflow(virtual_clock_monotonic_ns(clock), duration_ns, &deadline_ns))
        return INT64_MAX;
    return deadline_ns;
}

int64_t virtual_clock_system_ns(const struct virtual_clock *clock, int64_t monotonic_ns)
{
    int64_t system_ns;

    if (clock->state != RUNNING || monotonic_ns == INT64_MAX
        || __builtin_sub_overflow(monotonic_ns, clock->offset_ns, &system_ns))
        return INT64_MAX;
    return system_ns;
}

void virtual_clock_freeze(struct virtual_clock *clock, int64_t realtime_ns)
{
    stop(clock, FROZEN);
    clock->realtime_ns = realtime_ns;
}

void virtual_clock_release(struct virtual_clock *clock)
{
    if (clock->state == FROZEN)
        run(clock);
}

bool virtual_clock_is_frozen(const struct virtual_clock *clock)
{
    return clock->state == FROZEN;
}

bool virtual_clock_advance(struct virtual_clock *clock, int64_t duration_ns)
{
    int64_t realtime_ns, monotonic_ns;

    if (clock->state != FROZEN
        || __builtin_add_overflow(clock->realtime_ns, duration_ns, &realtime_ns)
        || __builtin_add_overflow(clock->monotonic_ns, duration_ns, &monotonic_ns))
        return false;
    clock->realtime_ns = realtime_ns;
    clock->monotonic_ns = monotonic_ns;
    return true;
}

/* In whole microseconds, PostgreSQL's unit: deadlines come as floating-point milliseconds, and one
   missed by a nanosecond would have it sleep a millisecond more. At least one, so that the clock of
   somebody who sleeps moves. */
bool virtual_clock_skip_to(struct virtual_clock *clock, int64_t monotonic_ns)
{
    int64_t us;

    if (clock->state != FROZEN || monotonic_ns == INT64_MAX)
        return false;
    if (monotonic_ns <= clock->monotonic_ns)
        return true;
    us = (monotonic_ns - clock->monotonic_ns + NS_PER_US / 2) / NS_PER_US;
    return virtual_clock_advance(clock, (us ? us : 1) * NS_PER_US);
}

void virtual_clock_suspend(struct virtual_clock *clock)
{
    if (clock->state == RUNNING)
        stop(clock, SUSPENDED);
}

void virtual_clock_resume(struct virtual_clock *clock)
{
    if (clock->state == SUSPENDED)
        run(clock);
}

void virtual_clock_settle(struct virtual_clock *clock)
{
    *clock = (struct virtual_clock){.magic = CLOCK_MAGIC,
                                    .monotonic_ns = virtual_clock_monotonic_ns(clock)};
}
