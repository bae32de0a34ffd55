/* The world as an instance sees it: its time and its chance, the system's or under control.
 *
 * It lives in the instance's arena, under a root of its own, so that an image carries it.
 *
 * The realtime clock tells the date and may be set; the monotonic clock is what deadlines are on.
 * Of the second this holds, whatever happens to the first: it never goes back, and it goes on from
 * where it was when the clocks are frozen, released, suspended or resumed. So a deadline keeps its
 * remaining time, and only time that passes uses it up:
 *
 *     running    both are the system's, the monotonic one with an offset
 *     frozen     both stand, and move together: when told to (world_advance), and when the guest
 *                sleeps (world_skip_to)
 *     suspended  the monotonic one stands; between images, and before the first beginning
 */
#ifndef PGN_PLATFORM_WORLD_H
#define PGN_PLATFORM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct world;

/* A new world, suspended, with the system's entropy: to be resumed or frozen before it is looked at.
   NULL: no memory. */
struct world *world_open(struct arena *arena);

/* The one that an arena holds, where it stays. NULL: none. */
struct world *world_find(const struct arena *arena);

int64_t world_realtime_ns(const struct world *world);  /* since 1970-01-01 UTC */
int64_t world_monotonic_ns(const struct world *world); /* since an arbitrary point; never 0 */

/* So much later on the monotonic clock; INT64_MAX, which is never, where that is out of range. */
int64_t world_deadline_ns(const struct world *world, int64_t duration_ns);

/* A time of the world's monotonic clock on the system's; INT64_MAX where it never comes by itself. */
int64_t world_system_ns(const struct world *world, int64_t monotonic_ns);

/* Sets the realtime clock (>= 0) and stops both. No time passes by it. */
void world_freeze(struct world *world, int64_t realtime_ns);

/* Back to the system's clocks. */
void world_release(struct world *world);

bool world_is_frozen(const struct world *world);

/* Lets time pass on frozen clocks. False: they run, or would leave the range of int64_t. */
bool world_advance(struct world *world, int64_t duration_ns);

/* What sleeping is on frozen clocks: it is the deadline. False where they cannot get there (as above;
   INT64_MAX is never), and it has to be waited for. */
bool world_skip_to(struct world *world, int64_t monotonic_ns);

/* Around taking an image: the one who takes it, and everybody who has a copy, resumes. Frozen clocks
   stay frozen. */
void world_suspend(struct world *world);
void world_resume(struct world *world);

/* For an image that is to be the same whenever it is made: clocks and chance are the system's again, for everybody who
   resumes, and nothing is left of what they were. */
void world_settle(struct world *world);

/* From now on all randomness follows from the seed: for repeating a run, not for secrets. */
void world_seed(struct world *world, uint64_t seed);

bool world_is_seeded(const struct world *world);

/* False when the system has no entropy. */
bool world_random(struct world *world, void *bytes, size_t size);

#endif
