/* Whose turn it is: moving private pages in and out. */
#include <string.h>

#include "engine/backends.h"

enum status backends_run(pgn_engine *engine, bool (*task)(pgn_engine *engine), struct error *error)
{
    instance_set_latest(engine, NULL);
    engine->task = task;
    engine->discarding = true;
    session_resume(engine);
    transport_drain(engine);
    engine->discarding = false;
    engine->task = NULL;
    if (engine->state == ENGINE_IDLE)
        return STATUS_OK;
    *error = engine->failure;
    return error->status;
}

/* How many pieces of growth the backend in guest memory has in use. */
static size_t pieces(const pgn_engine *engine)
{
    const struct backends *backends = engine->backends;
    const uint32_t *heap_end = guest_at(engine->guest, backends->break_address, sizeof *heap_end);
    size_t start;
    const struct reservation *memory = guest_reservation(engine->guest, &start);
    size_t end = heap_end ? start + *heap_end : 0;
    size_t count;

    if (end <= backends->grows_from)
        return 0;
    count = (end - backends->grows_from + BACKENDS_GROW_STEP - 1) / BACKENDS_GROW_STEP;
    return backends->grows_from + count * BACKENDS_GROW_STEP <= memory->committed
               ? count
               : (memory->committed - backends->grows_from) / BACKENDS_GROW_STEP;
}

/* Moves all private pages between guest memory and where a backend is parked. */
static bool move_pages(const pgn_engine *engine, struct reservation *from, struct reservation *to,
                       size_t piece_count)
{
    const struct backends *backends = engine->backends;
    bool done = true;

    for (uint32_t i = 0; done && i < backends->range_count; i++)
        done = reservation_move(from, to, backends->ranges[i].offset, backends->ranges[i].size);
    for (size_t i = 0; done && i < piece_count; i++)
        done = reservation_move(from, to, backends->grows_from + i * BACKENDS_GROW_STEP,
                                BACKENDS_GROW_STEP);
    return done;
}

/* Half a switch leaves guest memory without a backend that could run. */
enum status backends_lose(pgn_engine *engine, struct error *error)
{
    engine->state = ENGINE_POISONED;
    error_set(&engine->failure, STATUS_POISONED,
              "cannot move a session's memory: the process has too many memory maps (Linux: "
              "vm.max_map_count)");
    *error = engine->failure;
    return error->status;
}

/* parked.committed says how far a parked backend's memory goes. */
static enum status park(pgn_engine *engine, struct error *error)
{
    struct backend *backend = backends_current(engine);
    struct host_state *host = host_state(&engine->host);
    size_t start;
    struct reservation *memory = guest_reservation(engine->guest, &start);
    size_t count = pieces(engine);

    if (!move_pages(engine, memory, &backend->parked, count))
        return backends_lose(engine, error);
    backend->parked.committed = engine->backends->grows_from + count * BACKENDS_GROW_STEP;
    guest_get_state(engine->guest, &backend->globals);
    memcpy(backend->timer_deadline_ns, host->timer_deadline_ns, sizeof host->timer_deadline_ns);
    backend->state = engine->state;
    backend->failure = engine->failure;
    backend->asleep = engine->asleep;
    return STATUS_OK;
}

static enum status install(pgn_engine *engine, uint32_t index, struct error *error)
{
    struct backends *backends = engine->backends;
    struct backend *backend = backends->list[index];
    struct host_state *host = host_state(&engine->host);
    size_t start;
    struct reservation *memory = guest_reservation(engine->guest, &start);
    size_t count = (backend->parked.committed - backends->grows_from) / BACKENDS_GROW_STEP;

    if (!move_pages(engine, &backend->parked, memory, count))
        return backends_lose(engine, error);
    guest_set_globals(engine->guest, &backend->globals);
    memcpy(host->timer_deadline_ns, backend->timer_deadline_ns, sizeof host->timer_deadline_ns);
    if (engine->state == ENGINE_ENDED && backend->state != ENGINE_ENDED
        && !instance_renew_coroutine(engine))
        return backends_lose(engine, error);
    engine->state = backend->state;
    engine->failure = backend->failure;
    engine->asleep = backend->asleep;
    backends->current = index;
    return STATUS_OK;
}

enum status backends_give_turn(pgn_engine *engine, uint32_t index, struct error *error)
{
    struct backends *backends = engine->backends;
    struct backend *from = backends_current(engine);
    enum status status;

    if (index == backends->current)
        return STATUS_OK;
    instance_set_latest(engine, NULL);
    status = park(engine, error);
    if (!status)
        from->descriptors = vfs_use_descriptors(engine->vfs, backends->list[index]->descriptors);
    return status ? status : install(engine, index, error);
}

/* Guest memory as it stands, in mappings that can be moved: the original's, and over it what differs. */
bool backends_adopt_own(pgn_engine *engine, struct backend *own)
{
    const struct backends *backends = engine->backends;
    size_t start;
    struct reservation *memory = guest_reservation(engine->guest, &start);

    for (uint32_t i = 0; i < backends->range_count; i++) {
        const struct range *range = &backends->ranges[i];

        for (size_t at = range->offset; at < range->offset + range->size; at += BACKENDS_PAGE)
            if (memcmp(own->parked.base + at, memory->base + at, BACKENDS_PAGE) != 0)
                memcpy(own->parked.base + at, memory->base + at, BACKENDS_PAGE);
    }
    return move_pages(engine, &own->parked, memory, 0);
}
