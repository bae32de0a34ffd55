/* Where a guest's random bytes come from: the system's entropy, or a seed.
 *
 * It lives in the instance's arena, under a root of its own, so that an image carries it.
 */
#ifndef PGN_PLATFORM_RANDOM_SOURCE_H
#define PGN_PLATFORM_RANDOM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct random_source;

/* A new one, of the system's entropy. NULL: no memory. */
struct random_source *random_source_open(struct arena *arena);

/* The one that an arena holds, where it stays. NULL: none. */
struct random_source *random_source_find(const struct arena *arena);

/* From now on all bytes follow from the seed: for repeating a run, not for secrets. */
void random_source_seed(struct random_source *source, uint64_t seed);

bool random_source_is_seeded(const struct random_source *source);

/* The system's entropy again; nothing is left of a seed. */
void random_source_reset(struct random_source *source);

/* False when the system has no entropy. */
bool random_source_fill(struct random_source *source, void *bytes, size_t size);

#endif
