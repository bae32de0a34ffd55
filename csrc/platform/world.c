/* The world as an instance sees it. */
#include "platform/world.h"

#include "base/generator.h"
#include "platform/clock.h"

#define NS_PER_US INT64_C(1000)
#define BEGINNING_NS                                                                               \
    INT64_C(1000000000) /* of the monotonic clock; PostgreSQL takes 0 for "never" */
#define WORLD_MAGIC UINT64_C(0x31444c524f574e47) /* "GNWORLD1" */

enum { SUSPENDED, RUNNING, FROZEN };

struct world {
    uint64_t magic;
    uint32_t clocks;      /* SUSPENDED, RUNNING, FROZEN */
    uint32_t seeded;      /* the generator is in use */
    int64_t realtime_ns;  /* FROZEN */
    int64_t monotonic_ns; /* FROZEN, SUSPENDED */
    int64_t offset_ns;    /* RUNNING: the monotonic clock's, from the system's */
    struct generator generator;
};

struct world *world_open(struct arena *arena)
{
    arena_offset offset = arena_allocate(arena, sizeof(struct world));
    struct world *world = arena_at(arena, offset);

    if (!offset)
        return NULL;
    *world = (struct world){.magic = WORLD_MAGIC, .monotonic_ns = BEGINNING_NS};
    arena_set_root(arena, ARENA_ROOT_WORLD, offset);
    return world;
}

struct world *world_find(const struct arena *arena)
{
    arena_offset offset = arena_root(arena, ARENA_ROOT_WORLD);
    struct world *world = arena_at(arena, offset);

    if (!offset || offset > arena_size(arena) - sizeof *world || world->magic != WORLD_MAGIC)
        return NULL;
    return world;
}

/* --- time --------------------------------------------------------------------------------- */

static void run(struct world *world)
{
    world->offset_ns = world->monotonic_ns - platform_monotonic_ns();
    world->clocks = RUNNING;
}

static void stop(struct world *world, uint32_t clocks)
{
    world->monotonic_ns = world_monotonic_ns(world);
    world->clocks = clocks;
}

int64_t world_realtime_ns(const struct world *world)
{
    return world->clocks == FROZEN ? world->realtime_ns : platform_realtime_ns();
}

int64_t world_monotonic_ns(const struct world *world)
{
    return world->clocks == RUNNING ? platform_monotonic_ns() + world->offset_ns
                                    : world->monotonic_ns;
}

int64_t world_deadline_ns(const struct world *world, int64_t duration_ns)
{
    int64_t deadline_ns;

    if (__builtin_add_overflow(world_monotonic_ns(world), duration_ns, &deadline_ns))
        return INT64_MAX;
    return deadline_ns;
}

int64_t world_system_ns(const struct world *world, int64_t monotonic_ns)
{
    int64_t system_ns;

    if (world->clocks != RUNNING || monotonic_ns == INT64_MAX
        || __builtin_sub_overflow(monotonic_ns, world->offset_ns, &system_ns))
        return INT64_MAX;
    return system_ns;
}

void world_freeze(struct world *world, int64_t realtime_ns)
{
    stop(world, FROZEN);
    world->realtime_ns = realtime_ns;
}

void world_release(struct world *world)
{
    if (world->clocks == FROZEN)
        run(world);
}

bool world_is_frozen(const struct world *world)
{
    return world->clocks == FROZEN;
}

bool world_advance(struct world *world, int64_t duration_ns)
{
    int64_t realtime_ns, monotonic_ns;

    if (world->clocks != FROZEN
        || __builtin_add_overflow(world->realtime_ns, duration_ns, &realtime_ns)
        || __builtin_add_overflow(world->monotonic_ns, duration_ns, &monotonic_ns))
        return false;
    world->realtime_ns = realtime_ns;
    world->monotonic_ns = monotonic_ns;
    return true;
}

/* In whole microseconds, PostgreSQL's unit: deadlines come as floating-point milliseconds, and one
   missed by a nanosecond would have it sleep a millisecond more. At least one, so that the clock of
   somebody who sleeps moves. */
bool world_skip_to(struct world *world, int64_t monotonic_ns)
{
    int64_t us;

    if (world->clocks != FROZEN || monotonic_ns == INT64_MAX)
        return false;
    if (monotonic_ns <= world->monotonic_ns)
        return true;
    us = (monotonic_ns - world->monotonic_ns + NS_PER_US / 2) / NS_PER_US;
    return world_advance(world, (us ? us : 1) * NS_PER_US);
}

void world_suspend(struct world *world)
{
    if (world->clocks == RUNNING)
        stop(world, SUSPENDED);
}

void world_resume(struct world *world)
{
    if (world->clocks == SUSPENDED)
        run(world);
}

void world_settle(struct world *world)
{
    *world = (struct world){.magic = WORLD_MAGIC, .monotonic_ns = world_monotonic_ns(world)};
}

/* --- chance ------------------------------------------------------------------------------- */

void world_seed(struct world *world, uint64_t seed)
{
    generator_seed(&world->generator, seed);
    world->seeded = true;
}

bool world_is_seeded(const struct world *world)
{
    return world->seeded;
}

bool world_random(struct world *world, void *bytes, size_t size)
{
    if (!world->seeded)
        return platform_random(bytes, size);
    generator_fill(&world->generator, bytes, size);
    return true;
}
