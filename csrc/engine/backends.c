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
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "platform/files.h"
#include "platform/memory_file.h"

enum {
    PAGE = PLATFORM_PAGE,
    SHARED_UNIT = 65536, /* PGliteShared */
    SHARED_RANGES_MAX = 8,
    SHARED_RANGES_AT = 8,
    SHARED_RANGE_SIZE = 8,
    SIGNALS = 32,
    OWN = 0,              /* the engine's own backend's place in the list */
    OWN_PROCESS = 42,     /* what getpid() of PGlite returns */
    GROW_STEP = 32 << 20, /* memory beyond the original's is moved in such pieces */
    GROW_ROOM = 2 << 20,  /* the original's has room for a usual backend to grow */
    LIST_STEP = 16
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
    struct range ranges[SHARED_RANGES_MAX + 1]; /* private, below what grows */
    uint32_t range_count;
    size_t grows_from;      /* offset in the reservation */
    uint32_t break_address; /* of the variable that says where the heap ends */
    int original;           /* file: the private ranges of the original, at their offsets */
    struct guest_state original_globals;
};

/* --- turns -------------------------------------------------------------------------------- */

static struct backend *current(const pgn_engine *engine)
{
    return engine->backends->list[engine->backends->current];
}

static enum status run(pgn_engine *engine, bool (*task)(pgn_engine *engine), struct error *error)
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
    count = (end - backends->grows_from + GROW_STEP - 1) / GROW_STEP;
    return backends->grows_from + count * GROW_STEP <= memory->committed
               ? count
               : (memory->committed - backends->grows_from) / GROW_STEP;
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
        done = reservation_move(from, to, backends->grows_from + i * GROW_STEP, GROW_STEP);
    return done;
}

/* Half a switch leaves guest memory without a backend that could run. */
static enum status lose(pgn_engine *engine, struct error *error)
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
    struct backend *backend = current(engine);
    struct host_state *host = host_state(&engine->host);
    size_t start;
    struct reservation *memory = guest_reservation(engine->guest, &start);
    size_t count = pieces(engine);

    if (!move_pages(engine, memory, &backend->parked, count))
        return lose(engine, error);
    backend->parked.committed = engine->backends->grows_from + count * GROW_STEP;
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
    size_t count = (backend->parked.committed - backends->grows_from) / GROW_STEP;

    if (!move_pages(engine, &backend->parked, memory, count))
        return lose(engine, error);
    guest_set_globals(engine->guest, &backend->globals);
    memcpy(host->timer_deadline_ns, backend->timer_deadline_ns, sizeof host->timer_deadline_ns);
    if (engine->state == ENGINE_ENDED && backend->state != ENGINE_ENDED
        && !instance_renew_coroutine(engine))
        return lose(engine, error);
    engine->state = backend->state;
    engine->failure = backend->failure;
    engine->asleep = backend->asleep;
    backends->current = index;
    return STATUS_OK;
}

static enum status give_turn(pgn_engine *engine, uint32_t index, struct error *error)
{
    struct backends *backends = engine->backends;
    struct backend *from = current(engine);
    enum status status;

    if (index == backends->current)
        return STATUS_OK;
    instance_set_latest(engine, NULL);
    status = park(engine, error);
    if (!status)
        from->descriptors = vfs_use_descriptors(engine->vfs, backends->list[index]->descriptors);
    return status ? status : install(engine, index, error);
}

/* --- the original ------------------------------------------------------------------------- */

bool backends_keep_original(pgn_engine *engine)
{
    if (!session_settle(engine,
                        session_call(engine, engine->runtime->exports.keep_backend, NULL, NULL),
                        "pglite_keep_backend"))
        return false;
    if (!vfs_keep_descriptors(engine->vfs)) {
        engine->state = ENGINE_ENDED;
        error_set(&engine->failure, STATUS_NO_MEMORY,
                  "no memory for in-memory files: close engines");
        return false;
    }
    engine->used = false;
    return true;
}

static int compare_ranges(const void *a, const void *b)
{
    size_t left = ((const struct range *) a)->offset, right = ((const struct range *) b)->offset;

    return (left > right) - (left < right);
}

/* What is private: all but what the guest says it shares. */
static enum status find_ranges(pgn_engine *engine, const uint8_t *shared, struct error *error)
{
    struct backends *backends = engine->backends;
    struct range taken[SHARED_RANGES_MAX];
    uint32_t count = load_u32(shared + sizeof count);
    size_t start, offset;
    struct reservation *memory = guest_reservation(engine->guest, &start);

    if (load_u32(shared) != SHARED_UNIT || count > SHARED_RANGES_MAX)
        goto bad;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = shared + SHARED_RANGES_AT + (size_t) i * SHARED_RANGE_SIZE;
        uint32_t address = load_u32(at), size = load_u32(at + sizeof address);

        if (address % SHARED_UNIT || size % SHARED_UNIT || !guest_at(engine->guest, address, size))
            goto bad;
        taken[i] = (struct range){start + address, size};
    }
    qsort(taken, count, sizeof *taken, compare_ranges);
    offset = start;
    for (uint32_t i = 0; i < count; i++) {
        if (taken[i].offset < offset)
            goto bad;
        if (taken[i].offset > offset)
            backends->ranges[backends->range_count++] = (struct range){offset,
                                                                       taken[i].offset - offset};
        offset = taken[i].offset + taken[i].size;
    }
    if (!reservation_commit(memory, (size_t) guest_memory_size(engine->guest) + start + GROW_ROOM))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a session");
    backends->grows_from = memory->committed;
    reservation_set_step(memory, GROW_STEP);
    if (offset < backends->grows_from)
        backends->ranges[backends->range_count++] = (struct range){offset,
                                                                   backends->grows_from - offset};
    return STATUS_OK;

bad:
    engine->state = ENGINE_POISONED;
    error_set(&engine->failure, STATUS_POISONED,
              "the guest's list of shared memory makes no sense");
    *error = engine->failure;
    return error->status;
}

static bool is_zero(const unsigned char *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* Writes pages that hold anything to the same offsets of the file: those that lie in private ranges. */
static int write_private(const struct backends *backends, const unsigned char *bytes, size_t offset,
                         size_t size)
{
    for (uint32_t i = 0; i < backends->range_count; i++) {
        const struct range *range = &backends->ranges[i];
        size_t first = offset > range->offset ? offset : range->offset;
        size_t end = offset + size;

        if (end > range->offset + range->size)
            end = range->offset + range->size;
        for (size_t at = first; at < end; at += PAGE) {
            int64_t result = is_zero(bytes + (at - offset))
                                 ? 0
                                 : files_write(backends->original, bytes + (at - offset), PAGE, at);

            if (result < 0)
                return (int) result;
        }
    }
    return 0;
}

static int write_original_of_image(struct backends *backends, const pgn_image *image, size_t start)
{
    const struct image_header *header = &image->header;
    struct map file;
    int result = map_descriptor(image->fd, &file);

    for (uint32_t i = 0; result == 0 && i < header->section_count; i++) {
        const struct image_section *section = &header->sections[i];

        if (section->region == IMAGE_MEMORY)
            result = write_private(backends, file.base + section->position,
                                   start + (size_t) section->offset, (size_t) section->size);
    }
    map_close(&file);
    backends->original_globals.global_count = header->global_count;
    memcpy(backends->original_globals.globals, header->globals, sizeof header->globals);
    return result;
}

static enum status write_original(pgn_engine *engine, struct error *error)
{
    struct backends *backends = engine->backends;
    size_t start;
    const struct reservation *memory = guest_reservation(engine->guest, &start);
    int result = backends->original = memory_file_open();

    if (result >= 0)
        result = files_truncate(backends->original, backends->grows_from);
    if (result >= 0 && engine->origin)
        result = write_original_of_image(backends, engine->origin, start);
    else if (result >= 0) {
        guest_get_state(engine->guest, &backends->original_globals);
        result = write_private(backends, memory->base, 0, backends->grows_from);
    }
    return result < 0 ? error_set(error, STATUS_NO_MEMORY, "no memory for a session") : STATUS_OK;
}

/* --- one more ----------------------------------------------------------------------------- */

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

/* Guest memory as it stands, in mappings that can be moved: the original's, and over it what differs. */
static bool adopt_own(pgn_engine *engine, struct backend *own)
{
    const struct backends *backends = engine->backends;
    size_t start;
    struct reservation *memory = guest_reservation(engine->guest, &start);

    for (uint32_t i = 0; i < backends->range_count; i++) {
        const struct range *range = &backends->ranges[i];

        for (size_t at = range->offset; at < range->offset + range->size; at += PAGE)
            if (memcmp(own->parked.base + at, memory->base + at, PAGE) != 0)
                memcpy(own->parked.base + at, memory->base + at, PAGE);
    }
    return move_pages(engine, &own->parked, memory, 0);
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
static enum status prepare(pgn_engine *engine, struct error *error)
{
    struct backends *backends;
    struct backend *own;
    const uint8_t *shared;
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
    backends->last_process = OWN_PROCESS;
    status = run(engine, close_shared, error);
    if (!status) {
        shared = guest_at(engine->guest, (uint32_t) engine->task_argument,
                          SHARED_RANGES_AT + SHARED_RANGES_MAX * SHARED_RANGE_SIZE);
        status = shared
                     ? find_ranges(engine, shared, error)
                     : error_set(error, STATUS_INVALID, "the guest has no list of shared memory");
    }
    if (!status)
        status = write_original(engine, error);
    own = status ? NULL : new_backend(engine);
    if (!status && (!own || !add(backends, own))) {
        free_backend(engine, own);
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a session");
    }
    if (!status && !adopt_own(engine, own))
        status = error_set(error, STATUS_NO_MEMORY,
                           "sessions need a system that moves memory (Linux 5.13 or later)");
    if (status) {
        backends_forget(engine);
        return status;
    }
    own->process = OWN_PROCESS;
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

static enum status open_backend(pgn_engine *engine, int32_t *process, struct error *error)
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
    status = give_turn(engine, index, error);
    engine->task_argument = backend->process;
    if (!status)
        status = run(engine, become, error);
    if (engine->state == ENGINE_POISONED)
        return status;
    if (give_turn(engine, turn, status ? &ignored : error))
        return engine->failure.status;
    if (status) {
        remove_at(engine, index);
        return status;
    }
    *process = backend->process;
    return STATUS_OK;
}

/* --- the interface ------------------------------------------------------------------------ */

static bool check_transaction(pgn_engine *engine)
{
    uint64_t between;

    if (!session_settle(engine,
                        session_call(engine, engine->runtime->exports.is_between_transactions, NULL,
                                     &between),
                        "pglite_is_between_transactions"))
        return false;
    engine->task_argument = (int32_t) between;
    return true;
}

/* May the turn of the backend that has it end? */
static enum status check_turn(pgn_engine *engine, struct error *error)
{
    enum status status = api_check_free(engine, true, error);

    if (!status && engine->state == ENGINE_WANTS_INPUT)
        status = error_set(error, STATUS_INVALID,
                           "the session is in the middle of a message or of COPY: finish it first");
    if (status || engine->state == ENGINE_ENDED)
        return status;
    status = run(engine, check_transaction, error);
    if (!status && !engine->task_argument)
        status = error_set(error, STATUS_INVALID,
                           "the session is in a transaction: end it before another's turn");
    return status;
}

static enum status find(const pgn_engine *engine, int32_t process, uint32_t *index,
                        struct error *error)
{
    const struct backends *backends = engine->backends;

    for (*index = 0; backends && *index < backends->count; ++*index)
        if (backends->list[*index]->process == process)
            return STATUS_OK;
    return error_set(error, STATUS_CLOSED, "the session has been closed");
}

int pgn_session_open(pgn_engine *engine, int32_t *process, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = check_turn(engine, &error);
    if (!status && engine->state == ENGINE_ENDED && !engine->backends) {
        error = engine->failure;
        status = error.status;
    }
    if (!status)
        status = prepare(engine, &error);
    if (!status)
        status = open_backend(engine, process, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* The engine's own backend has the cluster open: nothing goes on without it. */
static enum status check_own(const pgn_engine *engine, struct error *error)
{
    const struct backends *backends = engine->backends;
    const struct backend *own = backends->list[OWN];
    bool ended = backends->current == OWN ? engine->state == ENGINE_ENDED
                                          : own->state == ENGINE_ENDED;

    if (!ended)
        return STATUS_OK;
    return error_set(error, STATUS_CLOSED,
                     "the engine's own session has ended, and with it the cluster's");
}

int pgn_session_enter(pgn_engine *engine, int32_t process, pgn_error *pgn_error)
{
    struct error error;
    uint32_t index;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    if (process == OWN_PROCESS && !engine->backends) {
        api_leave(engine);
        return STATUS_OK;
    }
    status = find(engine, process, &index, &error);
    if (!status && index != engine->backends->current)
        status = check_turn(engine, &error);
    if (!status && index != OWN)
        status = check_own(engine, &error);
    if (!status)
        status = give_turn(engine, index, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
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

static enum status close_backend(pgn_engine *engine, uint32_t index, struct error *error)
{
    enum status status = give_turn(engine, index, error);

    if (status)
        return status;
    if (engine->state == ENGINE_WANTS_INPUT)
        hang_up(engine);
    if (engine->state == ENGINE_ENDED) { /* its callbacks may not have run */
        if (!instance_renew_coroutine(engine))
            return lose(engine, error);
        engine->state = ENGINE_IDLE;
    }
    run(engine, leave, error);
    if (engine->state == ENGINE_POISONED) {
        *error = engine->failure;
        return error->status;
    }
    status = give_turn(engine, OWN, error);
    if (!status)
        remove_at(engine, index);
    return status;
}

/* As when a client is gone: what its backend was in the middle of is cancelled. */
int pgn_session_close(pgn_engine *engine, int32_t process, pgn_error *pgn_error)
{
    struct error error;
    uint32_t index;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    if (process != OWN_PROCESS && !find(engine, process, &index, &error)) {
        status = engine->held ? api_check_free(engine, true, &error) : STATUS_OK;
        if (!status && engine->state == ENGINE_POISONED) {
            error = engine->failure;
            status = error.status;
        }
        if (!status && index != engine->backends->current)
            status = check_turn(engine, &error);
        if (!status)
            status = close_backend(engine, index, &error);
    }
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

size_t pgn_sessions_signalled(pgn_engine *engine, int32_t *processes, size_t size)
{
    const struct backends *backends;
    size_t count = 0;

    if (api_enter(engine, NULL))
        return 0;
    backends = engine->backends;
    for (uint32_t i = 0; backends && i < backends->count; i++)
        if (backends->list[i]->signals && i != backends->current && count < size)
            processes[count++] = backends->list[i]->process;
    api_leave(engine);
    return count;
}

int pgn_session_keep(pgn_engine *engine, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = engine->backends
                 ? error_set(&error, STATUS_INVALID, "the engine has had sessions already")
                 : api_check_free(engine, false, &error);
    if (!status)
        status = check_turn(engine, &error);
    if (!status)
        status = run(engine, backends_keep_original, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* --- for the engine ----------------------------------------------------------------------- */

bool backends_has_signals(const pgn_engine *engine)
{
    return engine->backends && current(engine)->signals;
}

uint32_t backends_take_signals(pgn_engine *engine)
{
    uint32_t signals = 0;

    if (engine->backends) {
        signals = current(engine)->signals;
        current(engine)->signals = 0;
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

    if (find(engine, process, &index, &ignored))
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
        close_backend(engine, engine->backends->count - 1, &ignored);
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
