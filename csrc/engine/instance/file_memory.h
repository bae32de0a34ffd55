/* The address space that files in memory, and a host's state, are in. */
#ifndef PGN_ENGINE_FILE_MEMORY_H
#define PGN_ENGINE_FILE_MEMORY_H

#include "base/arena.h"
#include "base/status.h"
#include "platform/reservation.h"

/* Reserves it, unless it is open, for an arena, which is formatted, or attached, by the caller. memory has to stay where it is, and is the
   caller's to close. */
enum status file_memory_open(struct reservation *memory, size_t limit, struct arena *arena,
                             struct error *error);

#endif
