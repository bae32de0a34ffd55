/* Many backends in one engine, by turns: docs/SESSIONS.md.
 *
 * A backend is what a process is to a server: private memory, the mutable globals, descriptors, timers. All
 * that lies between the ranges that PostgreSQL has mapped to be shared is private. The backend whose turn it
 * is has its private pages in guest memory, where the shared ones always are; every other has them parked in
 * a reservation of its own, at the same offsets. A switch moves pages, and copies none.
 *
 *     guest memory   | private | shared memory | private | shared | private, to grow |
 *     parked, each   | private |               | private |        | private          |
 *
 * A new backend's private pages are a file's, copy-on-write: the original, a backend that nobody has used.
 */
#ifndef PGN_ENGINE_BACKENDS_H
#define PGN_ENGINE_BACKENDS_H

#include "engine/engine.h"

enum {
    BACKENDS_PAGE = PLATFORM_PAGE,
    BACKENDS_OWN = 0,              /* the engine's own backend's place in the list */
    BACKENDS_OWN_PROCESS = 42,     /* what getpid() of PGlite returns */
    BACKENDS_GROW_STEP = 32 << 20, /* memory beyond the original's is moved in such pieces */
    BACKENDS_SHARED_MAX = 8        /* ranges that the guest shares */
};

struct range {
    size_t offset, size; /* in the reservation */
};

struct backend {
    int32_t process;
    struct reservation parked;
    struct guest_state globals;
    int64_t timer_deadline_ns[HOST_TIMERS];
    vfs_descriptors descriptors; /* while parked */
    enum engine_state state;
    struct error failure;
    bool asleep;
    uint32_t signals; /* bit 1 << n: signal n has been sent since its last turn */
};

struct backends {
    struct backend **list;
    uint32_t count, capacity;
    uint32_t current;
    int32_t last_process;
    struct range ranges[BACKENDS_SHARED_MAX + 1]; /* private, below what grows */
    uint32_t range_count;
    size_t grows_from;      /* offset in the reservation */
    uint32_t break_address; /* of the variable that says where the heap ends */
    int original;           /* file: the private ranges of the original, at their offsets */
    struct guest_state original_globals;
};

/* The one whose turn it is. */
static inline struct backend *backends_current(const pgn_engine *engine)
{
    return engine->backends->list[engine->backends->current];
}

/* turns.c */
/* Has the one whose turn it is do something, on the coroutine; what it says goes to nobody. */
enum status backends_run(pgn_engine *engine, bool (*task)(pgn_engine *engine), struct error *error);
enum status backends_give_turn(pgn_engine *engine, uint32_t index, struct error *error);
/* For when half a switch leaves guest memory without a backend that could run. */
enum status backends_lose(pgn_engine *engine, struct error *error);
/* Guest memory as it stands becomes own's, in mappings that can be moved. */
bool backends_adopt_own(pgn_engine *engine, struct backend *own);

/* original.c */
/* By the guest's list of what it shares, at this address. */
enum status backends_find_ranges(pgn_engine *engine, uint32_t address, struct error *error);
enum status backends_write_original(pgn_engine *engine, struct error *error);

/* backends.c */
/* What is needed once, before there is a second backend. */
enum status backends_prepare(pgn_engine *engine, struct error *error);
enum status backends_open_one(pgn_engine *engine, int32_t *process, struct error *error);
enum status backends_close_one(pgn_engine *engine, uint32_t index, struct error *error);
enum status backends_find(const pgn_engine *engine, int32_t process, uint32_t *index,
                          struct error *error);

#endif
