/* Where a guest's random bytes come from. */
#include "platform/random_source.h"

#include "base/generator.h"
#include "platform/clock.h"

#define RANDOM_MAGIC UINT64_C(0x31444e41524e4750) /* "PGNRAND1" */

struct random_source {
    uint64_t magic;
    uint64_t seeded; /* the generator is in use */
    struct generator generator;
};

struct random_source *random_source_open(struct arena *arena)
{
    arena_offset offset = arena_allocate(arena, sizeof(struct random_source));
    struct random_source *source = arena_at(arena, offset);

    if (!offset)
        return NULL;
    random_source_reset(source);
    arena_set_root(arena, ARENA_ROOT_RANDOM, offset);
    return source;
}

struct random_source *random_source_find(const struct arena *arena)
{
    struct random_source *source = arena_root_at(arena, ARENA_ROOT_RANDOM, sizeof *source);

    return source && source->magic == RANDOM_MAGIC ? source : NULL;
}

void random_source_seed(struct random_source *source, uint64_t seed)
{
    generator_seed(&source->generator, seed);
    source->seeded = true;
}

bool random_source_is_seeded(const struct random_source *source)
{
    return source->seeded;
}

void random_source_reset(struct random_source *source)
{
    *source = (struct random_source){.magic = RANDOM_MAGIC};
}

bool random_source_fill(struct random_source *source, void *bytes, size_t size)
{
    if (!source->seeded)
        return platform_random(bytes, size);
    generator_fill(&source->generator, bytes, size);
    return true;
}
