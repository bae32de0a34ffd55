/* The clocks that a guest sees: the system's, or under control.
 *
 * They live in the instance's arena, under a root of their own, so that an image carries them.
 *
 * The realtime clock tells the date and may be set; the monotonic clock is what deadlines are on.
 * The monotonic clock never goes back, whatever happens to the realtime clock. When the clocks are frozen, released,
 * suspended or resumed, it continues from where it was. So a deadline keeps its
 * remaining time, and only time that passes uses it up:
 *
 *     running    both are the system's, the monotonic one with an offset
 *     frozen     both stand, and move together: when told to (virtual_clock_advance), and when the guest
 *                sleeps (virtual_clock_skip_to)
 *     suspended  the monotonic one stands; between images, and before the first beginning
 */
#ifndef PGN_PLATFORM_VIRTUAL_CLOCK_H
#define PGN_PLATFORM_VIRTUAL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct virtual_clock;

/* New ones, suspended: to be resumed or frozen before they are read. NULL: no memory. */
struct virtual_clock *virtual_clock_open(struct arena *arena);

/* Those that an arena holds, where they stay. NULL: none. */
struct virtual_clock *virtual_clock_find(const struct arena *arena);

int64_t virtual_clock_realtime_ns(const struct virtual_clock *clock); /* since 1970-01-01 UTC */
int64_t virtual_clock_monotonic_ns(
    const struct virtual_clock *clock); /* since an arbitrary point; never 0 */

/* So much later on the monotonic clock; INT64_MAX, which is never, where that is out of range. */
int64_t virtual_clock_deadline_ns(const struct virtual_clock *clock, int64_t duration_ns);

/* A time of this monotonic clock on the system's; INT64_MAX where it never comes by itself. */
int64_t virtual_clock_system_ns(const struct virtual_clock *clock, int64_t monotonic_ns);

/* Sets the realtime clock (>= 0) and stops both. No time passes by it. */
void virtual_clock_freeze(struct virtual_clock *clock, int64_t realtime_ns);

/* Back to the system's clocks. */
void virtual_clock_release(struct virtual_clock *clock);

bool virtual_clock_is_frozen(const struct virtual_clock *clock);

/* Lets time pass on frozen clocks. False: they run, or would leave the range of int64_t. */
bool virtual_clock_advance(struct virtual_clock *clock, int64_t duration_ns);

/* What sleeping is on frozen clocks: it is the deadline. False where they cannot get there (as above;
   INT64_MAX is never), and it has to be waited for. */
bool virtual_clock_skip_to(struct virtual_clock *clock, int64_t monotonic_ns);

/* Around taking an image: the original and every copy are resumed. Frozen clocks stay frozen. */
void virtual_clock_suspend(struct virtual_clock *clock);
void virtual_clock_resume(struct virtual_clock *clock);

/* For an image that is to be the same whenever it is made: the clocks are the system's again once they are resumed, and
   nothing is left of what they were. */
void virtual_clock_settle(struct virtual_clock *clock);

#endif
