/* The session: PostgreSQL's main loop on the engine's coroutine, and the caller's side of it.
 *
 * The coroutine boots, then serves for ever: it suspends when the messages of a call are dealt with
 * (IDLE), when one is incomplete (WANTS_INPUT), and when enough of a long reply has come
 * (HAS_OUTPUT). A call resumes it; so a message may come in parts, and a reply may leave in parts.
 */
#include "engine/engine.h"
#include "platform/clock.h"

enum {
    EXIT_LONGJMP = 100 /* PGlite: an ERROR unwound past PostgresMainLoopOnce; PostgresMainLongJmp
                          does the rest of what PostgresMain's sigsetjmp block does */
};

bool session_poison(pgn_engine *engine, const char *where)
{
    char tail[LOG_TAIL_SIZE];
    const char *trap = guest_trap(engine->guest);

    log_tail(&engine->log, tail);
    engine->state = ENGINE_POISONED;
    error_set(&engine->failure, STATUS_POISONED, "the guest failed in %s: %s%s%s", where,
              trap ? trap : "it broke an invariant", tail[0] ? "; its last log lines:\n" : "",
              tail);
    return false;
}

static void end_session(pgn_engine *engine)
{
    char tail[LOG_TAIL_SIZE];

    log_tail(&engine->log, tail);
    engine->state = ENGINE_ENDED;
    error_set(&engine->failure, STATUS_CLOSED, "the session has ended%s%s",
              tail[0] ? "; PostgreSQL's last log lines:\n" : "", tail);
}

/* One call of the guest with what PostgreSQL's ERRORs need. GUEST_EXITED: the session has ended;
   GUEST_TRAPPED: the instance is lost. */
enum guest_outcome session_call(pgn_engine *engine, guest_function function, const uint64_t *args,
                                uint64_t *result)
{
    uint32_t stack_pointer = guest_stack_pointer(engine->guest);
    int64_t started_ns = engine->guest_measured ? platform_monotonic_ns() : 0;
    enum guest_outcome outcome = guest_invoke(engine->guest, function, args, result);

    while (outcome == GUEST_EXITED && guest_exit_code(engine->guest) == EXIT_LONGJMP) {
        guest_set_stack_pointer(engine->guest, stack_pointer);
        outcome = guest_invoke(engine->guest, engine->runtime->exports.long_jump, NULL, NULL);
    }
    if (engine->guest_measured)
        engine->statistics.guest_ns += platform_monotonic_ns() - started_ns;
    if (outcome == GUEST_LONGJMP)
        return guest_set_trap(engine->guest, "a longjmp without its setjmp");
    return outcome;
}

bool session_settle(pgn_engine *engine, enum guest_outcome outcome, const char *where)
{
    switch (outcome) {
    case GUEST_RETURNED:
        return true;
    case GUEST_EXITED:
        end_session(engine);
        return false;
    default:
        return session_poison(engine, where);
    }
}

/* PostgreSQL checks its depth (check_stack_depth) by the stack in linear memory alone, where calls
   without an address-taken variable take nothing: a regular expression's 100,000 parentheses would
   use up the stacks it cannot see. So when those run low, the one it can see is moved by more than
   max_stack_depth: its next check raises 54001, and longjmp moves the stack pointer back. A function
   that returns moves it back too, so this is told with every call; it is moved once, down to a floor. */
static void use_up_visible_stack(void *context)
{
    const struct host *host = context;
    pgn_engine *engine = host->engine;
    uint32_t stack_pointer = guest_stack_pointer(host->guest);

    engine->stack_was_low = true;
    if (stack_pointer > ENGINE_VISIBLE_STACK_STEP
        && stack_pointer - ENGINE_VISIBLE_STACK_STEP > ENGINE_VISIBLE_STACK_FLOOR)
        guest_set_stack_pointer(host->guest, stack_pointer - ENGINE_VISIBLE_STACK_STEP);
}

void session_watch_stack(pgn_engine *engine, struct guest *guest)
{
    guest_set_native_stack(guest,
                           (const uint8_t *) coroutine_stack_limit(engine->coroutine)
                               + ENGINE_NATIVE_MARGIN,
                           ENGINE_NATIVE_RESERVE, use_up_visible_stack);
}

/* Lets the caller look around now and then: a Python program wants to see its signals. */
void session_pause(pgn_engine *engine)
{
    if (engine->pause_ns && platform_monotonic_ns() >= engine->pause_ns) {
        engine->state = ENGINE_PAUSED;
        coroutine_suspend(engine->coroutine);
    }
}

static void set_guest_flag(pgn_engine *engine, uint32_t address)
{
    uint32_t *flag = guest_at(engine->guest, address, sizeof *flag);

    if (flag)
        __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
}

/* SetLatch(MyLatch): a WaitLatch that sleeps returns. is_set is a Latch's first member. */
static void set_latch(pgn_engine *engine)
{
    uint32_t *latch = guest_at(engine->guest, engine->runtime->exports.my_latch, sizeof *latch);

    if (latch)
        set_guest_flag(engine, __atomic_load_n(latch, __ATOMIC_ACQUIRE));
}

/* What PostgreSQL's StatementCancelHandler does, in its order: the request, the flag that makes
   CHECK_FOR_INTERRUPTS look, the latch. From any thread. */
void session_request_cancel(pgn_engine *engine)
{
    set_guest_flag(engine, engine->runtime->exports.query_cancel_pending);
    set_guest_flag(engine, engine->runtime->exports.interrupt_pending);
    set_latch(engine);
}

/* Safe point, every few thousand guest calls and after guest_poke. */
enum guest_outcome session_poll(void *context)
{
    struct host *host = context;
    pgn_engine *engine = host->engine;
    int64_t stop_ns = atomic_load(&engine->stop_ns);

    if (atomic_load(&engine->trap_wanted))
        return guest_set_trap(engine->guest, "a trap was asked for");
    if (stop_ns && platform_monotonic_ns() >= stop_ns) {
        guest_set_exit_code(engine->guest, 0);
        return GUEST_EXITED;
    }
    /* Again and again: PostgreSQL drops a cancel that comes while it reads a command, and each statement
       of a pipeline takes one of its own. */
    if (engine->abandoned)
        session_request_cancel(engine);
    session_pause(engine);
    return host_fire_timers(host);
}

/* Does a call begin with a startup packet? It has no type byte: a length, whose first byte is 0, and
   a protocol version, 3.x. Looked for only where its first 8 bytes have come together. */
static bool begins_startup(const pgn_engine *engine)
{
    enum { HEAD_SIZE = 8, LENGTH_MAX = 10000, MAJOR_VERSION = 3 }; /* MAX_STARTUP_PACKET_LENGTH */
    const uint8_t *head = engine->input;
    unsigned length;

    if (engine->input_size < HEAD_SIZE || head[0] != 0 || head[1] != 0)
        return false;
    length = (unsigned) head[2] << 8 | head[3];
    return length >= HEAD_SIZE && length <= LENGTH_MAX && head[4] == 0 && head[5] == MAJOR_VERSION;
}

/* A startup packet at the beginning of a call begins the session anew: its user and options, and as in
   PGlite the session's parameters are reported again. */
static bool start_session(pgn_engine *engine)
{
    const struct engine_exports *exports = &engine->runtime->exports;
    uint64_t port, result;
    uint64_t args[3] = {0, 1, 1}; /* port; no TLS and no GSS negotiation, which need a socket */

    if (!session_settle(engine, session_call(engine, exports->my_port, NULL, &port),
                        "pgl_getMyProcPort"))
        return false;
    args[0] = port;
    transport_fill(engine);
    if (!session_settle(engine,
                        session_call(engine, exports->process_startup_packet, args, &result),
                        "ProcessStartupPacket"))
        return false;
    if ((int32_t) result != 0) { /* STATUS_ERROR: not a startup packet; a server hangs up */
        end_session(engine);
        return false;
    }
    return session_settle(engine, session_call(engine, exports->begin_session, NULL, NULL),
                          "pglite_begin_session")
           && session_settle(engine,
                             session_call(engine, exports->send_connection_data, NULL, NULL),
                             "pgl_sendConnData")
           && session_settle(engine, session_call(engine, exports->flush, NULL, NULL),
                             "pgl_pq_flush");
}

/* Bytes that PostgreSQL has received but not yet looked at. */
static bool guest_has_input(pgn_engine *engine, bool *has_input)
{
    uint64_t result;

    *has_input = transport_input_waits(engine);
    if (*has_input)
        return true;
    if (!session_settle(engine,
                        session_call(engine, engine->runtime->exports.remaining, NULL, &result),
                        "pq_buffer_remaining_data"))
        return false;
    *has_input = result != 0;
    return true;
}

/* What PostgreSQL does before it waits for a command: changed parameters, ReadyForQuery, flush. */
static bool get_ready(pgn_engine *engine)
{
    const struct engine_exports *exports = &engine->runtime->exports;

    return session_settle(engine, session_call(engine, exports->ready_for_query, NULL, NULL),
                          "PostgresSendReadyForQueryIfNecessary")
           && session_settle(engine, session_call(engine, exports->flush, NULL, NULL),
                             "pgl_pq_flush");
}

/* A checkpoint when one is due, as the checkpointer process of a server makes them. The client hears
   nothing of it, and has its reply before: an error in it ends the checkpoint, not the session. */
static bool checkpoint_if_due(pgn_engine *engine)
{
    uint64_t written = vfs_bytes_written(engine->vfs);
    uint64_t done = true; /* stays so after an error: the next time is when it is due again */
    bool goes_on;

    if (written - engine->checkpointed < ENGINE_CHECKPOINT_AFTER || !transport_drain(engine))
        return true;
    engine->discarding = true;
    goes_on = session_settle(engine,
                             session_call(engine, engine->runtime->exports.checkpoint, NULL, &done),
                             "pglite_checkpoint")
              && get_ready(engine);
    transport_drain(engine);
    engine->discarding = false;
    if (done)
        engine->checkpointed = written;
    return goes_on;
}

/* Tells a twin that it is one: what may not be the same in both is made anew. */
static bool wake(pgn_engine *engine)
{
    if (!engine->asleep)
        return true;
    engine->asleep = false;
    return session_settle(engine, session_call(engine, engine->runtime->exports.wake, NULL, NULL),
                          "pglite_wake");
}

/* What has come while the session was idle: other backends' signals, and those of its own timers, as
 * that of idle_in_transaction_session_timeout. */
static bool take_signals(pgn_engine *engine)
{
    uint64_t signals = backends_take_signals(engine);

    if (!signals && !host_timer_is_due(&engine->host))
        return true;
    return session_settle(engine, host_fire_timers(&engine->host), "_emscripten_timeout")
           && session_settle(engine,
                             session_call(engine, engine->runtime->exports.take_signals, &signals,
                                          NULL),
                             "pglite_take_signals");
}

/* Deals with all messages that have come. False when the session is over. */
bool session_serve(pgn_engine *engine)
{
    const struct engine_exports *exports = &engine->runtime->exports;
    bool has_input = true;

    if (!wake(engine) || !take_signals(engine))
        return false;
    if (begins_startup(engine) && !start_session(engine))
        return false;
    for (;;) {
        transport_fill(engine);
        if (!guest_has_input(engine, &has_input))
            return false;
        if (!has_input)
            break;
        if (!session_settle(engine, session_call(engine, exports->loop_once, NULL, NULL),
                            "PostgresMainLoopOnce"))
            return false;
    }
    return get_ready(engine) && checkpoint_if_due(engine);
}

/* An orderly end, which checkpoints a durable directory. What it reports goes to nobody. Where the
   session has ended by itself, in Terminate or at the end of its input, only the last step is left. */
static void shut_down(pgn_engine *engine)
{
    static const uint8_t terminate[] = {'X', 0, 0, 0, 4};
    const struct engine_exports *exports = &engine->runtime->exports;
    uint64_t inactive = 0;

    if (engine->state == ENGINE_IDLE) {
        if (!session_settle(engine, session_call(engine, exports->set_active, &inactive, NULL),
                            "pgl_setPGliteActive"))
            return;
        engine->input = terminate;
        engine->input_size = sizeof terminate;
        transport_fill(engine);
        session_settle(engine, session_call(engine, exports->loop_once, NULL, NULL), "Terminate");
    }
    if (engine->state != ENGINE_POISONED)
        session_settle(engine, session_call(engine, exports->run_atexit, NULL, NULL),
                       "pgl_run_atexit_funcs");
}

/* The last of a reply. Where there is no memory for it the call fails, and pgn_end drops it. */
static void complete_reply(pgn_engine *engine)
{
    engine->output_lost = !transport_drain(engine);
}

static void become_idle(pgn_engine *engine)
{
    complete_reply(engine);
    engine->state = ENGINE_IDLE;
    coroutine_suspend(engine->coroutine);
}

void session_main(void *context)
{
    pgn_engine *engine = context;
    bool goes_on = true;

    if (engine->state == ENGINE_BOOTING) { /* else an image was mapped: it is idle and has a call */
        goes_on = engine_boot(engine);
        if (goes_on)
            become_idle(engine);
    } else {
        session_watch_stack(engine, engine->guest);
    }
    while (goes_on && !engine->shutting_down) {
        goes_on = engine->task ? engine->task(engine) : session_serve(engine);
        if (goes_on)
            become_idle(engine);
    }
    if (goes_on)
        shut_down(engine);
    complete_reply(engine);
}

/* The caller's side: runs the session until it suspends or is over. Timers that came due meanwhile
   fire first: so an idle session that has timed out says so before it reads a command. */
void session_resume(pgn_engine *engine)
{
    guest_poke(engine->guest);
    coroutine_resume(engine->coroutine);
}

enum status session_checkpoint(pgn_engine *engine, struct error *error)
{
    uint64_t due = vfs_bytes_written(engine->vfs) - ENGINE_CHECKPOINT_AFTER;

    instance_set_latest(engine, NULL);
    engine->checkpointed = due;
    session_resume(engine);
    if (engine->state != ENGINE_IDLE) {
        *error = engine->failure;
        return error->status;
    }
    if (engine->checkpointed == due)
        return error_set(
            error, STATUS_SNAPSHOT,
            "a transaction is in progress, which the copy would not have: end it first");
    return STATUS_OK;
}
