/* The session: PostgreSQL's main loop on a coroutine.
 *
 * It boots, then serves for ever: it suspends when the messages of a call are dealt with (IDLE), when
 * one is incomplete (WANTS_INPUT), when enough of a long reply has come (HAS_OUTPUT), where a process
 * would sleep (WAITING), and at the end of a time slice (YIELDED). Who resumes it: run.c.
 */
#include "engine/session/main_loop.h"

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/session/boot.h"
#include "engine/session/housekeeping.h"
#include "engine/session/run.h"
#include "engine/session/transport.h"
#include "platform/clock.h"

enum {
    EXIT_LONGJMP = 100 /* PGlite: an ERROR unwound past PostgresMainLoopOnce; PostgresMainLongJmp
                          does the rest of what PostgresMain's sigsetjmp block does */
};

bool session_poison(pgn_session *session, const char *where)
{
    char tail[LOG_TAIL_SIZE];
    const char *trap = guest_trap(session->instance.guest);

    log_tail(&session->cluster->log, tail);
    session_set_state(session, SESSION_POISONED);
    error_set(&session->failure, STATUS_POISONED, "the guest failed in %s: %s%s%s", where,
              trap ? trap : "it broke an invariant", tail[0] ? "; its last log lines:\n" : "",
              tail);
    cluster_fail(session->cluster, &session->failure);
    return false;
}

/* Why, its client has been told; but while it boots there is only the log. Later that has other sessions' words, too. */
static void end_session(pgn_session *session)
{
    char tail[LOG_TAIL_SIZE] = "";

    if (session->state == SESSION_BOOTING)
        log_tail(&session->cluster->log, tail);
    session_set_state(session, SESSION_ENDED);
    error_set(&session->failure, STATUS_CLOSED, "the session has ended%s%s",
              tail[0] ? "; PostgreSQL's last log lines:\n" : "", tail);
}

/* One call of the guest with what PostgreSQL's ERRORs need. GUEST_EXITED: the session has ended;
   GUEST_TRAPPED: the instance is lost. */
enum guest_outcome session_call(pgn_session *session, guest_function function, const uint64_t *args,
                                uint64_t *result)
{
    uint32_t stack_pointer = guest_stack_pointer(session->instance.guest);
    int64_t started_ns = session->guest_measured ? platform_monotonic_ns() : 0;
    uint64_t returned = 0;
    enum guest_outcome outcome = guest_invoke(session->instance.guest, function, args, &returned);

    if (outcome == GUEST_RETURNED && result) /* after an error there is none */
        *result = returned;
    while (outcome == GUEST_EXITED && guest_exit_code(session->instance.guest) == EXIT_LONGJMP) {
        guest_set_stack_pointer(session->instance.guest, stack_pointer);
        outcome = guest_invoke(session->instance.guest,
                               session->cluster->runtime->exports.long_jump, NULL, NULL);
    }
    if (session->guest_measured)
        session->statistics.guest_ns += platform_monotonic_ns() - started_ns;
    if (outcome == GUEST_LONGJMP)
        return guest_set_trap(session->instance.guest, "a longjmp without its setjmp");
    return outcome;
}

bool session_settle(pgn_session *session, enum guest_outcome outcome, const char *where)
{
    switch (outcome) {
    case GUEST_RETURNED:
        return true;
    case GUEST_EXITED:
        end_session(session);
        return false;
    default:
        return session_poison(session, where);
    }
}

bool session_call_as_process(pgn_session *session, guest_function function, const char *where)
{
    uint64_t process = (uint32_t) session->process;

    return session_settle(session, session_call(session, function, &process, NULL), where);
}

/* PostgreSQL checks its depth (check_stack_depth) by the stack in linear memory alone, where calls
   without an address-taken variable take nothing: a regular expression's 100,000 parentheses would
   use up the stacks it cannot see. So when those run low, the one it can see is moved by more than
   max_stack_depth: its next check raises 54001, and longjmp moves the stack pointer back. A function
   that returns moves it back too, so this is told with every call; it is moved once, down to a floor. */
static void use_up_visible_stack(void *context)
{
    const struct host *host = context;
    pgn_session *session = host->engine;
    uint32_t stack_pointer = guest_stack_pointer(host->guest);

    session->stack_was_low = true;
    if (stack_pointer > ENGINE_VISIBLE_STACK_STEP
        && stack_pointer - ENGINE_VISIBLE_STACK_STEP > ENGINE_VISIBLE_STACK_FLOOR)
        guest_set_stack_pointer(host->guest, stack_pointer - ENGINE_VISIBLE_STACK_STEP);
}

void session_watch_stack(pgn_session *session, struct guest *guest)
{
    guest_set_native_stack(guest,
                           (const uint8_t *) coroutine_stack_limit(session->instance.coroutine)
                               + ENGINE_NATIVE_MARGIN,
                           ENGINE_NATIVE_RESERVE, use_up_visible_stack);
}

static void set_guest_flag(pgn_session *session, uint32_t address)
{
    uint32_t *flag = guest_at(session->instance.guest, address, sizeof *flag);

    if (flag)
        __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
}

/* SetLatch(MyLatch): a WaitLatch that sleeps returns. is_set is a Latch's first member. */
static void set_latch(pgn_session *session)
{
    uint32_t *latch = guest_at(session->instance.guest, session->cluster->runtime->exports.my_latch,
                               sizeof *latch);

    if (latch)
        set_guest_flag(session, __atomic_load_n(latch, __ATOMIC_ACQUIRE));
}

/* What PostgreSQL's StatementCancelHandler does, in its order: the request, the flag that makes
   CHECK_FOR_INTERRUPTS look, the latch. From any thread. */
void session_request_cancel(pgn_session *session)
{
    set_guest_flag(session, session->cluster->runtime->exports.query_cancel_pending);
    set_guest_flag(session, session->cluster->runtime->exports.interrupt_pending);
    set_latch(session);
}

/* The handlers of signals set flags and latches, as in a process that a kernel has interrupted. */
static enum guest_outcome deliver_signals(pgn_session *session)
{
    uint64_t signals;

    if (!atomic_load_explicit(&session->signals, memory_order_relaxed))
        return GUEST_RETURNED;
    signals = atomic_exchange(&session->signals, 0);
    session->has_raised = true;
    return guest_invoke(session->instance.guest, session->cluster->runtime->exports.raise_signals,
                        &signals, NULL);
}

/* Has pgn_close waited for its statement for long enough? */
bool session_is_overdue(const pgn_session *session)
{
    int64_t stop_ns = atomic_load(&session->stop_ns);

    return stop_ns && platform_monotonic_ns() >= stop_ns;
}

static enum guest_outcome stop(pgn_session *session)
{
    guest_set_exit_code(session->instance.guest, 0);
    return GUEST_EXITED;
}

/* Safe point, every few thousand guest calls and after guest_poke. */
enum guest_outcome session_poll(void *context)
{
    struct host *host = context;
    pgn_session *session = host->engine;
    enum guest_outcome outcome;

    if (atomic_load(&session->trap_wanted))
        return guest_set_trap(session->instance.guest, "a trap was asked for");
    if (session_is_overdue(session))
        return stop(session);
    /* Again and again: PostgreSQL drops a cancel that comes while it reads a command, and each statement
       of a pipeline takes one of its own. */
    if (session->abandoned)
        session_request_cancel(session);
    if (platform_monotonic_ns() >= session->slice_ns) {
        if (session->state == SESSION_RUNNING) /* else it boots: there is no cluster yet */
            housekeeping_note_writing(session->cluster);
        session_suspend(session, SESSION_YIELDED);
    }
    outcome = deliver_signals(session);
    return outcome ? outcome : host_fire_timers(host);
}

static bool take_wake(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    bool woken;

    monitor_enter(cluster->monitor);
    woken = session->woken;
    session->woken = false;
    monitor_leave(cluster->monitor);
    return woken || session->abandoned;
}

bool session_wait(pgn_session *session, int64_t deadline_ns, enum guest_outcome *outcome)
{
    bool woken;

    do {
        int64_t stop_ns = atomic_load(&session->stop_ns);

        session->wake_ns = stop_ns && stop_ns < deadline_ns ? stop_ns : deadline_ns;
        session_suspend(session, SESSION_WAITING);
        if (session_is_overdue(session)) {
            *outcome = stop(session);
            return true;
        }
        if (session
                ->abandoned) /* as at a safe point, of which a loop around a wait may have none */
            session_request_cancel(session);
        woken = atomic_load(&session->signals) != 0;
        *outcome = deliver_signals(session);
        woken |= take_wake(session);
    } while (!woken && !*outcome && platform_monotonic_ns() < deadline_ns);
    return woken;
}

/* What PostgreSQL does about interrupts when it waits for its client inside a message. */
enum guest_outcome session_attend_reading(pgn_session *session)
{
    enum guest_outcome outcome = deliver_signals(session);

    if (!outcome)
        outcome = host_fire_timers(&session->instance.host);
    return outcome ? outcome
                   : guest_invoke(session->instance.guest,
                                  session->cluster->runtime->exports.attend_reading, NULL, NULL);
}

/* Does a call begin with a startup packet? It has no type byte: a length, whose first byte is 0, and a protocol
   version, 3.x. Looked for only where its first 8 bytes have come together. */
static bool begins_startup(const pgn_session *session)
{
    enum { HEAD_SIZE = 8, LENGTH_MAX = 10000, MAJOR_VERSION = 3 }; /* MAX_STARTUP_PACKET_LENGTH */
    const uint8_t *head = session->input;
    unsigned length;

    if (session->input_size < HEAD_SIZE || head[0] != 0 || head[1] != 0)
        return false;
    length = (unsigned) head[2] << 8 | head[3];
    return length >= HEAD_SIZE && length <= LENGTH_MAX && head[4] == 0 && head[5] == MAJOR_VERSION;
}

/* A startup packet at the beginning of a call begins the session anew: its user and options, and as in
   PGlite the session's parameters are reported again. */
static bool start_session(pgn_session *session)
{
    const struct engine_exports *exports = &session->cluster->runtime->exports;
    uint64_t port, result;
    /* port; no TLS and no GSS negotiation, which need a socket; what a request to cancel is written to, which no caller
       sends: below all data */
    uint64_t args[4] = {0, 1, 1, 0};

    if (!session_settle(session, session_call(session, exports->my_port, NULL, &port),
                        "pgl_getMyProcPort"))
        return false;
    args[0] = port;
    transport_fill(session);
    if (!session_settle(session,
                        session_call(session, exports->process_startup_packet, args, &result),
                        "ProcessStartupPacket"))
        return false;
    if ((int32_t) result != 0) { /* STATUS_ERROR: not a startup packet; a server hangs up */
        end_session(session);
        return false;
    }
    return session_settle(session, session_call(session, exports->begin_session, NULL, NULL),
                          "pglite_begin_session")
           && session_settle(session,
                             session_call(session, exports->send_connection_data, NULL, NULL),
                             "pgl_sendConnData")
           && session_settle(session, session_call(session, exports->flush, NULL, NULL),
                             "pgl_pq_flush");
}

/* Bytes that PostgreSQL has received but not yet looked at. */
static bool guest_has_input(pgn_session *session, bool *has_input)
{
    uint64_t result;

    *has_input = transport_input_waits(session);
    if (*has_input)
        return true;
    if (!session_settle(session,
                        session_call(session, session->cluster->runtime->exports.remaining, NULL,
                                     &result),
                        "pq_buffer_remaining_data"))
        return false;
    *has_input = result != 0;
    return true;
}

/* Changed parameters, ReadyForQuery, flush. */
bool session_get_ready(pgn_session *session)
{
    const struct engine_exports *exports = &session->cluster->runtime->exports;

    return session_settle(session, session_call(session, exports->ready_for_query, NULL, NULL),
                          "PostgresSendReadyForQueryIfNecessary")
           && session_settle(session, session_call(session, exports->flush, NULL, NULL),
                             "pgl_pq_flush");
}

/* Tells a copy that it is one: what may not be the same in both is made anew. */
static bool reseed(pgn_session *session)
{
    if (!session->needs_reseeding)
        return true;
    session->needs_reseeding = false;
    return session_settle(session,
                          session_call(session, session->cluster->runtime->exports.reseed, NULL,
                                       NULL),
                          "pglite_reseed");
}

/* Is there something that PostgreSQL has taken note of, and will see to before it waits for a command? Handlers run
   at any safe point, the last one of a statement among them. */
static bool has_noted_something(const pgn_session *session)
{
    const uint32_t *pending = guest_at(session->instance.guest,
                                       session->cluster->runtime->exports.interrupt_pending,
                                       sizeof *pending);

    return session->has_raised || (pending && __atomic_load_n(pending, __ATOMIC_ACQUIRE));
}

/* Signals of others, and those of the session's own timers, as that of idle_in_transaction_session_timeout. */
static bool attend(pgn_session *session)
{
    if (host_timer_is_due(&session->instance.host)
        && !session_settle(session, host_fire_timers(&session->instance.host),
                           "_emscripten_timeout"))
        return false;
    if (!session_settle(session, deliver_signals(session), "pglite_raise_signals"))
        return false;
    if (!has_noted_something(session))
        return true;
    session->has_raised = false;
    return session_settle(session,
                          session_call(session, session->cluster->runtime->exports.attend, NULL,
                                       NULL),
                          "pglite_attend");
}

/* Deals with all messages that have come. False when the session is over. */
bool session_serve(pgn_session *session)
{
    const struct engine_exports *exports = &session->cluster->runtime->exports;
    bool has_input = true;

    if (!reseed(session) || !attend(session))
        return false;
    /* It needs no password: so not from a client of the server. */
    if (!session->client && begins_startup(session) && !start_session(session))
        return false;
    for (;;) {
        transport_fill(session);
        if (!guest_has_input(session, &has_input))
            return false;
        if (!has_input)
            break;
        if (!session_settle(session, session_call(session, exports->loop_once, NULL, NULL),
                            "PostgresMainLoopOnce"))
            return false;
    }
    return session_get_ready(session) && attend(session) && housekeeping_note_changes(session);
}

/* An orderly end, which checkpoints a durable directory. What it reports is dropped. Where the
   session has ended by itself, in Terminate or at the end of its input, only the last step is left. */
static void shut_down(pgn_session *session)
{
    static const uint8_t terminate[] = {'X', 0, 0, 0, 4};
    const struct engine_exports *exports = &session->cluster->runtime->exports;
    uint64_t inactive = 0;

    if (session->state == SESSION_RUNNING) {
        if (!session_settle(session, session_call(session, exports->set_active, &inactive, NULL),
                            "pgl_setPGliteActive"))
            return;
        session->input = terminate;
        session->input_size = sizeof terminate;
        transport_fill(session);
        session_settle(session, session_call(session, exports->loop_once, NULL, NULL), "Terminate");
    }
    if (session->state != SESSION_POISONED)
        session_settle(session, session_call(session, exports->run_atexit, NULL, NULL),
                       "pgl_run_atexit_funcs");
}

bool session_leave(pgn_session *session)
{
    return session_settle(session,
                          session_call(session, session->cluster->runtime->exports.end_backend,
                                       NULL, NULL),
                          "pglite_end_backend");
}

/* What its exit has not done yet: PGlite's Terminate runs no callbacks. A backend that is only one of several
   releases its locks, its slot and its temporary tables now. */
static void leave_cluster(pgn_session *session)
{
    struct error why = session->failure;

    session_set_state(session, SESSION_IDLE);
    session_set_state(session, SESSION_RUNNING); /* it may yield, and wait */
    session_leave(session);
    if (session->state == SESSION_RUNNING)
        session_set_state(session, SESSION_ENDED);
    if (session->state == SESSION_ENDED)
        session->failure = why;
}

/* The last of a reply. Where there is no memory for it the call fails, and pgn_end drops it. */
static void complete_reply(pgn_session *session)
{
    session->output_lost = !transport_drain(session);
}

static void become_idle(pgn_session *session)
{
    complete_reply(session);
    session_suspend(session, SESSION_IDLE);
}

void session_main(void *context)
{
    pgn_session *session = context;
    bool goes_on = true, has_booted = true;

    if (session->state
        == SESSION_BOOTING) { /* else an image was mapped: it is idle and has a call */
        goes_on = has_booted = engine_boot(session);
        if (goes_on)
            become_idle(session);
    } else {
        session_watch_stack(session, session->instance.guest);
    }
    while (goes_on && !session->shutting_down) {
        goes_on = session->task ? session->task(session) : session_serve(session);
        if (goes_on)
            become_idle(session);
    }
    if (goes_on) {
        shut_down(session);
        session_set_state(session, SESSION_ENDED);
    }
    if (!goes_on && has_booted && session->state == SESSION_ENDED)
        leave_cluster(session);
    complete_reply(session);
}

enum { COPY_IS_REFUSED, COPY_HAS_BEGUN, COPY_HAS_FAILED };

/* An error in it ends the copy, not the session. */
static bool begin_copy(pgn_session *session)
{
    uint64_t result = COPY_HAS_FAILED; /* stays so after an error */
    bool goes_on = reseed(session) && attend(session)
                   && session_settle(session,
                                     session_call(session,
                                                  session->cluster->runtime->exports.begin_copy,
                                                  NULL, &result),
                                     "pglite_begin_copy");

    session->task_argument = (int32_t) result;
    return goes_on;
}

static bool end_copy(pgn_session *session)
{
    return session_settle(session,
                          session_call(session, session->cluster->runtime->exports.end_copy, NULL,
                                       NULL),
                          "pglite_end_copy")
           && session_get_ready(session);
}

enum status session_copy(pgn_session *session, session_copier copier, void *argument,
                         struct error *error)
{
    struct cluster *cluster = session->cluster;
    struct error second;
    enum status status, end_status;
    char tail[LOG_TAIL_SIZE];

    cluster_set_latest(cluster, NULL);
    cluster->checkpointed = vfs_bytes_written(cluster->vfs);
    status = session_do(session, begin_copy, error);
    if (status)
        return status;
    switch (session->task_argument) {
    case COPY_HAS_BEGUN:
        cluster_switch_to(session);
        status = copier(session, argument, error);
        break;
    case COPY_IS_REFUSED:
        status =
            error_set(error, STATUS_SNAPSHOT,
                      "a transaction is in progress, which the copy would not have: end it first");
        break;
    default:
        log_tail(&cluster->log, tail);
        status = error_set(error, STATUS_IO,
                           "the checkpoint for a copy of the data directory has failed; the last "
                           "lines of the engine's log:\n%s",
                           tail);
    }
    end_status = session_do(session, end_copy, status ? &second : error);
    return status ? status : end_status;
}
