/* The gate: who may come in, opening and closing. Everything a caller touches is checked here. */
#include "engine/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "platform/clock.h"

enum { CLOSE_GRACE_NS = 2000000000 }; /* for a cancelled statement to end by itself */

int api_error(pgn_error *to, const struct error *from)
{
    if (to) {
        to->status = from->status;
        memcpy(to->message, from->message, sizeof to->message);
    }
    return (int) from->status;
}

static int fail(pgn_error *to, enum status status, const char *message)
{
    struct error error;

    error_set(&error, status, "%s", message);
    return api_error(to, &error);
}

const char *pgn_status_name(int status)
{
    return status_name((enum status) status);
}

/* --- opening ------------------------------------------------------------------------------ */

int pgn_open(pgn_runtime *runtime, const pgn_options *options, pgn_engine **opened,
             pgn_error *pgn_error)
{
    struct error error = {STATUS_OK, ""};
    int64_t started_ns = platform_monotonic_ns();
    pgn_engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return fail(pgn_error, STATUS_NO_MEMORY, "no memory for an engine");
    engine->runtime = runtime;
    engine->options = options;
    engine->owner = getpid();
    engine->data_dir_lock.fd = engine->filling = engine->load_fd = -1;
    engine->loading = options->loads;
    engine->output_limit = SIZE_MAX;
    engine->monitor = monitor_open();
    if (!engine->monitor) {
        error_set(&error, STATUS_NO_MEMORY, "no memory for an engine");
        goto fail;
    }
    if (instance_open(engine, &error))
        goto fail;
    engine->statistics.load_ns = platform_monotonic_ns() - started_ns;
    if (engine->loading) { /* pgn_load_end does the rest */
        *opened = engine;
        return STATUS_OK;
    }
    if (engine->state == ENGINE_BOOTING)
        session_resume(engine);
    if (engine->state != ENGINE_IDLE) {
        error = engine->failure;
        goto fail;
    }
    engine->options = NULL;
    *opened = engine;
    return STATUS_OK;

fail:
    pgn_free(engine);
    return api_error(pgn_error, &error);
}

/* --- coming in ---------------------------------------------------------------------------- */

/* The reason why nobody of this process may use the engine now, or STATUS_OK. Inside the monitor. */
static enum status refusal(const pgn_engine *engine)
{
    if (engine->closed || atomic_load(&engine->closing))
        return STATUS_CLOSED;
    if (engine->running)
        return STATUS_BUSY;
    return STATUS_OK;
}

static int refuse(pgn_error *error, enum status status)
{
    return fail(error, status, status_message(status));
}

/* Enters for a step that runs the guest. The forked child must not even wait for the monitor: the
   thread that held it does not exist there. */
int api_enter(pgn_engine *engine, pgn_error *error)
{
    enum status status;

    if (engine->owner != getpid())
        return refuse(error, STATUS_FORKED);
    monitor_enter(engine->monitor);
    status = refusal(engine);
    if (!status)
        engine->running = true;
    monitor_leave(engine->monitor);
    return status ? refuse(error, status) : STATUS_OK;
}

void api_leave(pgn_engine *engine)
{
    monitor_enter(engine->monitor);
    engine->running = false;
    engine->cancellable = engine->held || engine->state == ENGINE_WANTS_INPUT;
    monitor_notify(engine->monitor);
    monitor_leave(engine->monitor);
}

enum status api_check_free(const pgn_engine *engine, bool may_have_ended, struct error *error)
{
    if (engine->held || engine->dump || engine->loading)
        return error_set(error, STATUS_BUSY,
                         "a stream of this engine is still open, or another thread is in a call");
    if (engine->state == ENGINE_POISONED || (engine->state == ENGINE_ENDED && !may_have_ended)) {
        *error = engine->failure;
        return error->status;
    }
    return STATUS_OK;
}

/* --- a call ------------------------------------------------------------------------------- */

/* Opens a call, or says why not. The engine has been entered. */
static enum status begin(pgn_engine *engine, const uint8_t *input, size_t size, struct error *error)
{
    enum status status = api_check_free(engine, false, error);

    if (status)
        return status;
    instance_set_latest(engine, NULL);
    engine->used = true;
    if (engine->output_capacity > ENGINE_OUTPUT_KEPT) {
        free(engine->output);
        engine->output = NULL;
        engine->output_capacity = 0;
    }
    monitor_enter(engine->monitor);
    engine->held = engine->cancellable = true;
    atomic_store(&engine->cancelled, false);
    monitor_leave(engine->monitor);
    engine->input = input;
    engine->input_size = size;
    engine->output_size = 0;
    return STATUS_OK;
}

int pgn_begin(pgn_engine *engine, const uint8_t *input, size_t size, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = begin(engine, input, size, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* Is there anything that resuming would do? */
static bool can_go_on(const pgn_engine *engine)
{
    return engine->state == ENGINE_HAS_OUTPUT || engine->state == ENGINE_PAUSED
           || (engine->state == ENGINE_IDLE
               && (backends_has_signals(engine) || host_timer_is_due(&engine->host)))
           || (engine->input_size > 0
               && (engine->state == ENGINE_IDLE || engine->state == ENGINE_WANTS_INPUT));
}

/* Runs until limit bytes wait, nothing is left to do, or it is time for a pause. What comes before
   the session's end is delivered; the end is told by the next call, or at once if there is nothing to
   deliver. */
static enum status collect(pgn_engine *engine, size_t limit, struct error *error)
{
    engine->output_limit = limit;
    if (engine->state != ENGINE_PAUSED)
        engine->output_size = 0;
    engine->output_lost = false;
    engine->pause_ns = platform_monotonic_ns() + ENGINE_SLICE_NS;
    do {
        if (!can_go_on(engine))
            break;
        session_resume(engine);
    } while (engine->state != ENGINE_PAUSED && engine->output_size < limit && !engine->output_lost);
    engine->pause_ns = 0;
    if (engine->output_lost)
        return error_set(error, STATUS_NO_MEMORY,
                         "no memory for the reply; take it in parts (exec_protocol_stream)");
    if (engine->state == ENGINE_POISONED && engine->output_size == 0) {
        *error = engine->failure;
        return error->status;
    }
    return STATUS_OK;
}

/* The same, as the caller sees it. */
static int reply_with(pgn_engine *engine, size_t limit, pgn_reply *reply)
{
    struct error error;
    enum status status = collect(engine, limit, &error);

    reply->ended = false;
    reply->over = engine->state == ENGINE_ENDED;
    reply->paused = !status && engine->state == ENGINE_PAUSED;
    reply->bytes = engine->output;
    reply->size = reply->paused ? 0 : engine->output_size;
    reply->log_size = (size_t) (engine->log.written - engine->log.taken);
    return status ? api_error(&reply->error, &error) : STATUS_OK;
}

int pgn_next(pgn_engine *engine, size_t limit, pgn_reply *reply)
{
    int status = api_enter(engine, &reply->error);

    if (status)
        return status;
    status = engine->held ? reply_with(engine, limit ? limit : 1, reply)
                          : fail(&reply->error, STATUS_INVALID, "no call has begun");
    api_leave(engine);
    return status;
}

/* Closes the call; what is left of it runs cancelled and unheard. The output stays. */
static void end(pgn_engine *engine)
{
    if (can_go_on(engine)) {
        engine->discarding = engine->abandoned = true;
        pgn_cancel(engine); /* wakes a sleep too; session_poll repeats the rest */
        while (can_go_on(engine))
            session_resume(engine);
        engine->discarding = engine->abandoned = false;
    }
    if (engine->output_lost) {
        engine->discarding = true;
        transport_drain(engine);
        engine->discarding = engine->output_lost = false;
    }
    engine->held = false;
    engine->input = NULL;
    engine->input_size = 0;
    if (engine->stack_was_low) {
        engine->stack_was_low = false;
        coroutine_trim(engine->coroutine);
        guest_trim_stack(engine->guest);
    }
}

int pgn_end(pgn_engine *engine, pgn_error *error)
{
    int status = api_enter(engine, error);

    if (status)
        return status;
    end(engine);
    api_leave(engine);
    return STATUS_OK;
}

/* Most replies are short: with a copy of it the caller need not come again to end the call. */
static void end_short(pgn_engine *engine, pgn_reply *reply)
{
    if (reply->paused || reply->size > sizeof reply->short_bytes)
        return;
    if (reply->size > 0)
        memcpy(reply->short_bytes, reply->bytes, reply->size);
    end(engine);
    reply->ended = true;
}

int pgn_exec(pgn_engine *engine, const uint8_t *input, size_t size, size_t limit, pgn_reply *reply)
{
    struct error error;
    int status = api_enter(engine, &reply->error);

    if (status)
        return status;
    status = begin(engine, input, size, &error);
    if (status) {
        api_error(&reply->error, &error);
    } else {
        status = reply_with(engine, limit, reply);
        if (status)
            end(engine);
        else
            end_short(engine, reply);
    }
    api_leave(engine);
    return status;
}

/* --- from other threads ------------------------------------------------------------------- */

/* An idle session has nothing to cancel. */
void pgn_cancel(pgn_engine *engine)
{
    if (engine->owner != getpid())
        return;
    atomic_store(&engine->beckoned, true);
    monitor_enter(engine->monitor);
    if (engine->cancellable && !engine->closed) {
        session_request_cancel(engine);
        atomic_store(&engine->cancelled, true);
        guest_poke(engine->guest);
        monitor_notify(engine->monitor);
    }
    monitor_leave(engine->monitor);
}

/* A database in memory needs no farewell. */
static void shut_down_session(pgn_engine *engine)
{
    if (engine->data_dir_lock.fd < 0 || engine->state == ENGINE_POISONED || !engine->coroutine
        || engine->loading)
        return;
    backends_end(engine);
    if (engine->state == ENGINE_POISONED)
        return;
    engine->shutting_down = true;
    engine->discarding = true;
    engine->output_size = 0;
    while (coroutine_resume(engine->coroutine))
        ;
}

int pgn_close(pgn_engine *engine, pgn_error *error)
{
    bool closed;

    if (engine->owner != getpid())
        return refuse(error, STATUS_FORKED);
    monitor_enter(engine->monitor);
    if (!atomic_exchange(&engine->closing, true)) {
        atomic_store(&engine->stop_ns, platform_monotonic_ns() + CLOSE_GRACE_NS);
        monitor_leave(engine->monitor);
        pgn_cancel(engine);
        monitor_enter(engine->monitor);
    }
    while (engine->running)
        monitor_wait(engine->monitor, INT64_MAX);
    closed = engine->closed;
    engine->closed = true;
    monitor_leave(engine->monitor);
    if (closed)
        return STATUS_OK;
    atomic_store(&engine->stop_ns, 0);
    dump_close(engine);
    shut_down_session(engine);
    instance_close(engine);
    data_dir_close(engine);
    return STATUS_OK;
}

void pgn_free(pgn_engine *engine)
{
    if (!engine || engine->owner != getpid()) /* a child of fork has no threads to meet: it leaks */
        return;
    if (engine->monitor)
        pgn_close(engine, NULL);
    monitor_close(engine->monitor);
    log_close(&engine->log);
    free(engine->output); /* not in pgn_close: another thread may still be copying from it */
    free(engine);
}

/* --- looking in --------------------------------------------------------------------------- */

/* Also of a closed engine: its last lines are those of the shutdown. */
size_t pgn_log(pgn_engine *engine, char *bytes, size_t size)
{
    if (engine->owner != getpid())
        return 0;
    monitor_enter(engine->monitor);
    size = engine->running ? 0 : log_take(&engine->log, bytes, size);
    monitor_leave(engine->monitor);
    return size;
}

int pgn_statistics_get(pgn_engine *engine, pgn_statistics *statistics, pgn_error *error)
{
    int status = api_enter(engine, error);

    if (status)
        return status;
    *statistics = engine->statistics;
    statistics->guest_memory = guest_memory_size(engine->guest);
    statistics->file_memory = arena_used(&engine->arena);
    api_leave(engine);
    return STATUS_OK;
}

int pgn_measure_guest(pgn_engine *engine, pgn_error *error)
{
    int status = api_enter(engine, error);

    if (status)
        return status;
    engine->guest_measured = true;
    api_leave(engine);
    return STATUS_OK;
}

int pgn_fail_writes(pgn_engine *engine, uint64_t countdown, int error_number, pgn_error *error)
{
    int status = api_enter(engine, error);

    if (status)
        return status;
    vfs_fail_writes(engine->vfs, countdown, (enum guest_errno) error_number);
    api_leave(engine);
    return STATUS_OK;
}

int pgn_trap(pgn_engine *engine, pgn_error *error)
{
    int status = api_enter(engine, error);

    if (status)
        return status;
    atomic_store(&engine->trap_wanted, true);
    guest_poke(engine->guest);
    api_leave(engine);
    return STATUS_OK;
}
