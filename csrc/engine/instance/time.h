/* Time and randomness under control: docs/TIME.md. */
#ifndef PGN_ENGINE_TIME_H
#define PGN_ENGINE_TIME_H

#include "base/status.h"
#include "engine/instance/types.h"
#include "platform/virtual_clock.h"

/* The clocks begin to run, or stand, as the options say or else, where they are NULL too, as the image has it. */
enum status time_start(const struct arena *arena, const pgn_options *options, struct error *error);

enum status time_freeze(struct virtual_clock *clock, int64_t realtime_ns, struct error *error);
enum status time_advance(struct virtual_clock *clock, int64_t duration_ns, struct error *error);

#endif
