/* The backends of an engine: made, found, ended; and what the engine asks of them. */
#include <stdlib.h>

#include "engine/backends.h"
#include "platform/files.h"

enum {
    SIGNALS = 32,
    LIST_STEP = 16 /* backends */
};

static void free_backend(pgn_engine *engine, struct backend *backend)
{
    if (!backend)
        return;
    if (backend->descriptors)
        vfs_drop_descriptors(engine->vfs, backend->descriptors);
    reservation_close(&backend->parked);
    free(backend);
}

/* A backend with the original's pages, parked. */
static struct backend *new_backend(pgn_engine *engine)
{
    struct backends *backends = engine->backends;
    struct backend *backend = calloc(1, sizeof *backend);
    size_t start;
    const struct reservation *memory = guest_reservation(engine->guest, &start);
    bool done = backend && reservation_open_like(&backend->parked, memory);

    for (uint32_t i = 0; done && i < backends->range_count; i++)
        done = reservation_map(&backend->parked, backends->ranges[i].offset,
                               backends->ranges[i].size, backends->original,
                               backends->ranges[i].offset);
    if (!done) {
        free_backend(engine, backend);
        return NULL;
    }
    backend->parked.committed = backends->grows_from;
    backend->globals = backends->original_globals;
    backend->state = ENGINE_IDLE;
    backend->asleep = true;
    return backend;
}

static bool add(struct backends *backends, struct backend *backend)
{
    struct backend **grown;

    if (backends->count == backends->capacity) {
        grown = realloc(backends->list,
                        (backends->capacity + LIST_STEP) * sizeof(struct backend *));
        if (!grown)
            return false;
        backends->list = grown;
        backends->capacity += LIST_STEP;
    }
    backends->list[backends->count++] = backend;
    return true;
}

static void remove_at(pgn_engine *engine, uint32_t index)
{
    struct backends *backends = engine->backends;

    free_backend(engine, backends->list[index]);
    backends->list[index] = backends->list[--backends->count];
    if (backends->current == backends->count)
        backends->current = index;
}

static bool close_shared(pgn_engine *engine)
{
    const struct engine_exports *exports = &engine->runtime->exports;
    uint64_t shared, heap_end;

    if (!session_settle(engine, session_call(engine, exports->close_shared, NULL, &shared),
                        "pglite_close_shared")
        || !session_settle(engine, session_call(engine, exports->get_break, NULL, &heap_end),
                           "emscripten_get_sbrk_ptr"))
        return false;
    engine->backends->break_address = (uint32_t) heap_end;
    engine->task_argument = (int32_t) (uint32_t) shared;
    return true;
}

/* What is needed once, before there is a second backend. */
enum status backends_prepare(pgn_engine *engine, struct error *error)
{
    struct backends *backends;
    struct backend *own;
    enum status status;

    if (engine->backends)
        return STATUS_OK;
    if (engine->used && !engine->origin)
        return error_set(
            error, STATUS_INVALID,
            "sessions begin as the engine's own was before its first use, and this is "
            "not known any more: open one session before using a booted engine, or keep "
            "its session as it is (keep_session)");
    backends = engine->backends = calloc(1, sizeof *backends);
    if (!backends)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a session");
    backends->original = -1;
    backends->last_process = BACKENDS_OWN_PROCESS;
    status = backends_run(engine, close_shared, error);
    if (!status)
        status = backends_find_ranges(engine, (uint32_t) engine->task_argument, error);
    if (!status)
        status = backends_write_original(engine, error);
    own = status ? NULL : new_backend(engine);
    if (!status && (!own || !add(backends, own))) {
        free_backend(engine, own);
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a session");
    }
    if (!status && !backends_adopt_own(engine, own))
        status = error_set(error, STATUS_NO_MEMORY,
                           "sessions need a system that moves memory (Linux 5.13 or later)");
    if (status) {
        backends_forget(engine);
        return status;
    }
    own->process = BACKENDS_OWN_PROCESS;
    return STATUS_OK;
}

static bool become(pgn_engine *engine)
{
    uint64_t process = (uint32_t) engine->task_argument;

    return session_settle(engine,
                          session_call(engine, engine->runtime->exports.become_backend, &process,
                                       NULL),
                          "pglite_become_backend");
}

enum status backends_open_one(pgn_engine *engine, int32_t *process, struct error *error)
{
    struct backends *backends = engine->backends;
    uint32_t turn = backends->current;
    uint32_t index = backends->count;
    struct backend *backend = new_backend(engine);
    struct error ignored;
    enum status status;

    if (backend)
        backend->descriptors = vfs_copy_kept_descriptors(engine->vfs);
    if (!backend || !backend->descriptors || !add(backends, backend)) {
        free_backend(engine, backend);
        return error_set(error, STATUS_NO_MEMORY,
                         "no memory for a session: close sessions or engines");
    }
    backend->process = ++backends->last_process;
    status = backends_give_turn(engine, index, error);
    engine->task_argument = backend->process;
    if (!status)
        status = backends_run(engine, become, error);
    if (engine->state == ENGINE_POISONED)
        return status;
    if (backends_give_turn(engine, turn, status ? &ignored : error))
        return engine->failure.status;
    if (status) {
        remove_at(engine, index);
        return status;
    }
    *process = backend->process;
    return STATUS_OK;
}

/* Runs until the backend's exit, which is what ends the coroutine. */
static bool leave(pgn_engine *engine)
{
    return session_settle(engine,
                          session_call(engine, engine->runtime->exports.end_backend, NULL, NULL),
                          "pglite_end_backend");
}

/* It waits inside a message: it reads the end of its input, and comes to rest or exits. */
static void hang_up(pgn_engine *engine)
{
    engine->hanging_up = engine->discarding = true;
    session_resume(engine);
    transport_drain(engine);
    engine->hanging_up = engine->discarding = false;
}

enum status backends_close_one(pgn_engine *engine, uint32_t index, struct error *error)
{
    enum status status = backends_give_turn(engine, index, error);

    if (status)
        return status;
    if (engine->state == ENGINE_WANTS_INPUT)
        hang_up(engine);
    if (engine->state == ENGINE_ENDED) { /* its callbacks may not have run */
        if (!instance_renew_coroutine(engine))
            return backends_lose(engine, error);
        engine->state = ENGINE_IDLE;
    }
    backends_run(engine, leave, error);
    if (engine->state == ENGINE_POISONED) {
        *error = engine->failure;
        return error->status;
    }
    status = backends_give_turn(engine, BACKENDS_OWN, error);
    if (!status)
        remove_at(engine, index);
    return status;
}

enum status backends_find(const pgn_engine *engine, int32_t process, uint32_t *index,
                          struct error *error)
{
    const struct backends *backends = engine->backends;

    for (*index = 0; backends && *index < backends->count; ++*index)
        if (backends->list[*index]->process == process)
            return STATUS_OK;
    return error_set(error, STATUS_CLOSED, "the session has been closed");
}

bool backends_has_signals(const pgn_engine *engine)
{
    return engine->backends && backends_current(engine)->signals;
}

uint32_t backends_take_signals(pgn_engine *engine)
{
    uint32_t signals = 0;

    if (engine->backends) {
        signals = backends_current(engine)->signals;
        backends_current(engine)->signals = 0;
    }
    return signals;
}

bool backends_are_open(const pgn_engine *engine)
{
    return engine->backends && engine->backends->count > 1;
}

/* kill(2), with signal 0 too, which only asks. SIGURG wakes a process that waits for its latch, and whose
   turn it is not does not wait. */
int backends_signal(void *context, int32_t process, int signal)
{
    enum { SIGURG_OF_GUEST = 23 };
    const pgn_engine *engine = context;
    struct error ignored;
    uint32_t index;

    if (backends_find(engine, process, &index, &ignored))
        return -GE_SRCH;
    if (signal < 0 || signal >= SIGNALS)
        return -GE_INVAL;
    if (signal != 0 && signal != SIGURG_OF_GUEST)
        engine->backends->list[index]->signals |= UINT32_C(1) << signal;
    return 0;
}

int backends_sync_all(void *context)
{
    const pgn_engine *engine = context;

    return engine->backends ? vfs_sync_all(engine->vfs) : 0;
}

void backends_end(pgn_engine *engine)
{
    struct error ignored;

    while (backends_are_open(engine) && engine->state != ENGINE_POISONED)
        backends_close_one(engine, engine->backends->count - 1, &ignored);
}

void backends_forget(pgn_engine *engine)
{
    struct backends *backends = engine->backends;

    if (!backends)
        return;
    for (uint32_t i = 0; i < backends->count; i++)
        free_backend(engine, backends->list[i]);
    if (backends->original >= 0)
        files_close(backends->original);
    free(backends->list);
    free(backends);
    engine->backends = NULL;
}
