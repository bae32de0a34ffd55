/* How much of everything there is, and what is said where that is not enough. */
#ifndef PGN_ENGINE_LIMITS_H
#define PGN_ENGINE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define MIB ((size_t) 1 << 20)

#define ENGINE_VALUE_STACK (32 * MIB) /* wasm3's operand slots; committed by use */
#define ENGINE_NATIVE_STACK                                                                        \
    (64 * MIB) /* the coroutine's; many times the depth of a server with 2 MiB */
#define ENGINE_NATIVE_MARGIN (1 * MIB)   /* of it, kept for compiling and for host handlers */
#define ENGINE_NATIVE_RESERVE (16 * MIB) /* of it, what is left when PostgreSQL is told */
#define ENGINE_FILES_MAX (16384 * MIB)   /* the arena: in-memory files and host state */
#define ENGINE_FILES_PART 8 /* at most so much of a limited address space is reserved for them */
#define ENGINE_SLICE_NS INT64_C(2000000)   /* of time, after which other sessions have their turn */
#define ENGINE_PAUSE_NS INT64_C(50000000)  /* a call returns after this, to be continued */
#define ENGINE_OUTPUT_KEPT (1 * MIB)       /* of the output buffer, between calls */
#define ENGINE_CHECKPOINT_AFTER (64 * MIB) /* bytes written to files: initdb's max_wal_size */

enum { HOUSEKEEPING_DATABASES_MAX = 64 }; /* that one look for autovacuum's work goes through */

#define ENGINE_DATA_DIR "/pglite/data"
#define ENGINE_PID_FILE "postmaster.pid" /* in it; says that a server runs there */

/* The guest's own stack, 8 MiB in linear memory below its heap: what it is moved by when the others
   run low, more than max_stack_depth's 2 MiB; and how far down at most. */
enum {
    ENGINE_VISIBLE_STACK_STEP = 4 << 20,
    ENGINE_VISIBLE_STACK_FLOOR = 7
        << 19 /* static data ends, and the stack with it, at some 2.9 MiB */
};

/* "no memory for <what>", with what can be done about it. */
enum status no_memory_for(struct error *error, const char *what);

/* The same of memory_file_open, which gave -GE_*. */
enum status no_memory_file_for(struct error *error, const char *what, int result);

#endif
