/* The gate: who may come in, opening and closing. Everything a caller touches is checked here. */
#include "engine/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "platform/clock.h"

enum { CLOSE_GRACE_NS = 500000000 }; /* for a cancelled statement to end by itself */

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

/* Boots, unless an image was mapped, or the files have yet to come: pgn_load_end does the rest then. */
static enum status boot(pgn_session *session, struct error *error)
{
    if (session->state == SESSION_BOOTING && !session->cluster->loading) {
        session_run(session);
        if (session->state != SESSION_IDLE) {
            *error = session->failure;
            return error->status;
        }
        return instance_keep_template(session, error);
    }
    return STATUS_OK;
}

int pgn_open(pgn_runtime *runtime, const pgn_options *options, pgn_session **opened,
             pgn_error *pgn_error)
{
    struct error error = {STATUS_OK, ""};
    int64_t started_ns = platform_monotonic_ns();
    struct cluster *cluster;
    pgn_session *session;

    if (cluster_open(runtime, options, &cluster, &error))
        return api_error(pgn_error, &error);
    session = session_new(cluster);
    if (!session) {
        cluster_close(cluster);
        return fail(pgn_error, STATUS_NO_MEMORY, "no memory for an engine");
    }
    cluster->baton.holder = &session->claim; /* before others can know of it */
    session->inside = true;
    if (!instance_open(session, &error)) {
        session->statistics.load_ns = platform_monotonic_ns() - started_ns;
        boot(session, &error);
    }
    api_leave(session);
    if (error.status) {
        pgn_free(session);
        return api_error(pgn_error, &error);
    }
    if (!cluster->loading)
        cluster->options = NULL;
    *opened = session;
    return STATUS_OK;
}

/* --- coming in ---------------------------------------------------------------------------- */

/* The reason why no thread of this process may use the session now, or STATUS_OK. Inside the monitor. */
static enum status refusal(const pgn_session *session)
{
    if (session->closed || atomic_load(&session->closing))
        return STATUS_CLOSED;
    if (session->inside)
        return STATUS_BUSY;
    return STATUS_OK;
}

static int refuse(pgn_error *error, enum status status)
{
    return fail(error, status, status_message(status));
}

int api_refuse_cluster(struct cluster *cluster, pgn_error *error)
{
    bool closed;

    if (cluster->owner != getpid())
        return refuse(error, STATUS_FORKED);
    monitor_enter(cluster->monitor);
    closed = cluster->ending;
    monitor_leave(cluster->monitor);
    return closed ? refuse(error, STATUS_CLOSED) : STATUS_OK;
}

/* The forked child must not even wait for the monitor: the thread that held it does not exist there. */
int api_enter(pgn_session *session, pgn_error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status;

    if (cluster->owner != getpid())
        return refuse(error, STATUS_FORKED);
    monitor_enter(cluster->monitor);
    while (session->attended)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    status = refusal(session);
    if (!status) {
        session->inside = true;
        baton_take(cluster, &session->claim);
    }
    monitor_leave(cluster->monitor);
    return status ? refuse(error, status) : STATUS_OK;
}

/* An idle session whose timers run, or that has been sent a signal meanwhile, needs the postmaster. */
static bool needs_attention(const pgn_session *session)
{
    return !session->held && session->state < SESSION_HAS_OUTPUT
           && (atomic_load(&session->signals)
               || host_timer_deadline_ns(&session->host) != INT64_MAX);
}

void api_leave(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    monitor_enter(cluster->monitor);
    baton_give(cluster);
    session->inside = false;
    session->cancellable = session->held || session->state == SESSION_WANTS_INPUT;
    if (session->guest && needs_attention(session))
        postmaster_need(cluster);
    condition_notify(session->condition);
    monitor_leave(cluster->monitor);
}

enum status api_check_free(const pgn_session *session, bool may_have_ended, struct error *error)
{
    const struct cluster *cluster = session->cluster;

    if (session->held || cluster->dump || cluster->loading)
        return error_set(error, STATUS_BUSY,
                         "a stream of this session is still open, or another thread is in a call");
    if (session->state == SESSION_POISONED
        || (session->state == SESSION_ENDED && !may_have_ended)) {
        *error = session->failure;
        return error->status;
    }
    return STATUS_OK;
}

/* --- a call ------------------------------------------------------------------------------- */

/* What it said while it was idle, its last words say, is still to be delivered. */
static bool has_last_words(const pgn_session *session)
{
    return session->state == SESSION_ENDED && session->output_size > 0;
}

/* Opens a call, or says why not. The session has been entered. */
static enum status begin(pgn_session *session, const uint8_t *input, size_t size,
                         struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = api_check_free(session, has_last_words(session), error);

    if (status)
        return status;
    instance_set_latest(cluster, NULL);
    cluster->used |= session == cluster->first;
    monitor_enter(cluster->monitor);
    session->held = session->cancellable = true;
    session->woken = false;
    monitor_leave(cluster->monitor);
    if (session->output_size == 0 && session->output_capacity > ENGINE_OUTPUT_KEPT) {
        free(session->output);
        session->output = NULL;
        session->output_capacity = 0;
    }
    session->input = input;
    session->input_size = size;
    return STATUS_OK;
}

int pgn_begin(pgn_session *session, const uint8_t *input, size_t size, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(session, pgn_error);

    if (status)
        return status;
    status = begin(session, input, size, &error);
    api_leave(session);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* Has the call been suspended for a pause, a wait or other sessions, and not by itself? */
static bool is_paused(const pgn_session *session)
{
    return session->state == SESSION_WAITING || session->state == SESSION_YIELDED;
}

/* Is there anything that resuming would do? */
static bool can_go_on(const pgn_session *session)
{
    return session->state == SESSION_HAS_OUTPUT || is_paused(session)
           || (session->state == SESSION_IDLE
               && (atomic_load(&session->signals) || host_timer_is_due(&session->host)))
           || (session->input_size > 0
               && (session->state == SESSION_IDLE || session->state == SESSION_WANTS_INPUT));
}

/* Runs until limit bytes wait, nothing is left to do, or it is time for a pause. What comes before
   the session's end is delivered; the end is told by the next call, or at once if there is nothing to
   deliver. */
static enum status collect(pgn_session *session, size_t limit, struct error *error)
{
    session->output_limit = limit;
    session->output_lost = false;
    session->pause_ns = platform_monotonic_ns() + ENGINE_PAUSE_NS;
    do {
        if (!can_go_on(session))
            break;
        session_run(session);
    } while (!is_paused(session) && session->output_size < limit && !session->output_lost);
    session->pause_ns = 0;
    if (session->output_lost)
        return error_set(error, STATUS_NO_MEMORY,
                         "no memory for the reply; take it in parts (exec_protocol_stream)");
    if (session->state == SESSION_POISONED && session->output_size == 0) {
        *error = session->failure;
        return error->status;
    }
    return STATUS_OK;
}

/* The same, as the caller sees it. What it has been given before is gone. */
static int reply_with(pgn_session *session, size_t limit, pgn_reply *reply)
{
    const struct log *log = &session->cluster->log;
    struct error error;
    enum status status;

    if (session->output_given)
        session->output_size = 0;
    session->output_given = false;
    status = collect(session, limit, &error);
    reply->ended = false;
    reply->over = session->state == SESSION_ENDED;
    reply->paused = !status && is_paused(session);
    session->output_given = !reply->paused;
    reply->bytes = session->output;
    reply->size = reply->paused ? 0 : session->output_size;
    reply->log_size = (size_t) (log->written - log->taken);
    return status ? api_error(&reply->error, &error) : STATUS_OK;
}

int pgn_next(pgn_session *session, size_t limit, pgn_reply *reply)
{
    int status = api_enter(session, &reply->error);

    if (status)
        return status;
    status = session->held ? reply_with(session, limit ? limit : 1, reply)
                          : fail(&reply->error, STATUS_INVALID, "no call has begun");
    api_leave(session);
    return status;
}

/* Closes the call; what is left of it runs cancelled and unheard. The output stays. */
static void end(pgn_session *session)
{
    if (can_go_on(session)) {
        session->discarding = session->abandoned = true;
        pgn_cancel(session); /* wakes a sleep too; session_poll repeats the rest */
        while (can_go_on(session))
            session_run(session);
        session->discarding = session->abandoned = false;
    }
    if (session->output_lost) {
        session->discarding = true;
        transport_drain(session);
        session->discarding = session->output_lost = false;
    }
    session->held = session->output_given = false;
    session->input = NULL;
    session->input_size = session->output_size = 0;
    if (session->stack_was_low) {
        session->stack_was_low = false;
        coroutine_trim(session->coroutine);
        guest_trim_stack(session->guest);
    }
}

int pgn_end(pgn_session *session, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    end(session);
    api_leave(session);
    return STATUS_OK;
}

/* Most replies are short: with a copy of it the caller need not come again to end the call. */
static void end_short(pgn_session *session, pgn_reply *reply)
{
    if (reply->paused || reply->size > sizeof reply->short_bytes)
        return;
    if (reply->size > 0)
        memcpy(reply->short_bytes, reply->bytes, reply->size);
    end(session);
    reply->ended = true;
}

int pgn_exec(pgn_session *session, const uint8_t *input, size_t size, size_t limit, pgn_reply *reply)
{
    struct error error;
    int status = api_enter(session, &reply->error);

    if (status)
        return status;
    status = begin(session, input, size, &error);
    if (status) {
        api_error(&reply->error, &error);
    } else {
        status = reply_with(session, limit, reply);
        if (status)
            end(session);
        else
            end_short(session, reply);
    }
    api_leave(session);
    return status;
}

/* --- from other threads ------------------------------------------------------------------- */

/* An idle session has nothing to cancel. */
void pgn_cancel(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (cluster->owner != getpid())
        return;
    atomic_store(&session->beckoned, true);
    monitor_enter(cluster->monitor);
    if (session->cancellable && !session->closed) {
        session_request_cancel(session);
        cluster_wake(session);
    }
    monitor_leave(cluster->monitor);
}

/* A database in memory needs no farewell. */
static void shut_down(pgn_session *session)
{
    const struct cluster *cluster = session->cluster;

    if (cluster->data_dir_lock.fd < 0 || cluster->failed || cluster->loading
        || !session->coroutine || session->state == SESSION_POISONED)
        return;
    session->shutting_down = true;
    session->discarding = true;
    session->output_size = 0;
    monitor_enter(session->cluster->monitor);
    session->inside = true;
    baton_take(session->cluster, &session->claim);
    monitor_leave(session->cluster->monitor);
    session_run(session); /* to the coroutine's end */
    monitor_enter(session->cluster->monitor);
    baton_give(session->cluster);
    session->inside = false;
    monitor_leave(session->cluster->monitor);
}

static void close_others(struct cluster *cluster)
{
    for (;;) {
        pgn_session *other;

        monitor_enter(cluster->monitor);
        other = cluster->sessions;
        while (other && (other == cluster->first || other->closed))
            other = other->next;
        if (other)
            other->pinned = true;
        monitor_leave(cluster->monitor);
        if (!other)
            return;
        pgn_close(other, NULL);
        monitor_enter(cluster->monitor);
        other->pinned = false;
        condition_notify(other->condition);
        monitor_leave(cluster->monitor);
    }
}

/* The first session ends, and the cluster with it. */
static void close_cluster(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    close_others(cluster);
    postmaster_stop(cluster);
    dump_close(session);
    shut_down(session);
    instance_close(session);
    cluster_close_files(cluster);
    data_dir_close(cluster);
}

int pgn_close(pgn_session *session, pgn_error *error)
{
    struct cluster *cluster = session->cluster;
    bool closed;

    if (cluster->owner != getpid())
        return refuse(error, STATUS_FORKED);
    monitor_enter(cluster->monitor);
    if (!atomic_exchange(&session->closing, true)) {
        cluster->ending |= session == cluster->first;
        atomic_store(&session->stop_ns, platform_monotonic_ns() + CLOSE_GRACE_NS);
        monitor_leave(cluster->monitor);
        pgn_cancel(session);
        monitor_enter(cluster->monitor);
    }
    while (session->inside)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    closed = session->closed;
    session->closed = true;
    monitor_leave(cluster->monitor);
    if (closed)
        return STATUS_OK;
    atomic_store(&session->stop_ns, 0);
    atomic_store(&session->closing, false); /* what is left to do may have to wait */
    if (session == cluster->first)
        close_cluster(session);
    else
        session_end(session);
    return STATUS_OK;
}

void pgn_free(pgn_session *session)
{
    if (!session || session->cluster->owner != getpid()) /* a child of fork has no threads to meet: it leaks */
        return;
    pgn_close(session, NULL);
    session_free(session);
}

/* --- looking in --------------------------------------------------------------------------- */

/* Also of a closed session: its last lines are those of the shutdown. */
size_t pgn_log(pgn_session *session, char *bytes, size_t size)
{
    struct cluster *cluster = session->cluster;

    if (cluster->owner != getpid())
        return 0;
    monitor_enter(cluster->monitor);
    if (session->inside) {
        size = 0;
    } else {
        session->inside = true;
        baton_take(cluster, &session->claim);
        size = log_take(&cluster->log, bytes, size);
        baton_give(cluster);
        session->inside = false;
        condition_notify(session->condition);
    }
    monitor_leave(cluster->monitor);
    return size;
}

int pgn_statistics_get(pgn_session *session, pgn_statistics *statistics, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    *statistics = session->statistics;
    statistics->guest_memory = guest_memory_size(session->guest);
    statistics->file_memory = arena_used(&session->cluster->arena);
    api_leave(session);
    return STATUS_OK;
}

int pgn_measure_guest(pgn_session *session, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    session->guest_measured = true;
    api_leave(session);
    return STATUS_OK;
}

int pgn_fail_writes(pgn_session *session, uint64_t countdown, int error_number, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    vfs_fail_writes(session->cluster->vfs, countdown, (enum guest_errno) error_number);
    api_leave(session);
    return STATUS_OK;
}

int pgn_trap(pgn_session *session, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    atomic_store(&session->trap_wanted, true);
    guest_poke(session->guest);
    api_leave(session);
    return STATUS_OK;
}
