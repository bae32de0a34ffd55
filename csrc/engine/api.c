/* The gate: who may come in, opening and closing. Everything a caller touches is checked here. */
#include "engine/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/call.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
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
    session = session_new(cluster, false);
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
    if (session->closed || atomic_load(&session->closing) || session->cluster->ending)
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
    while (session->attended || session->suspended)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    status = refusal(session);
    if (!status) {
        session->inside = true;
        baton_take(cluster, &session->claim);
    }
    monitor_leave(cluster->monitor);
    return status ? refuse(error, status) : STATUS_OK;
}

void api_leave(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    monitor_enter(cluster->monitor);
    baton_give(cluster);
    session->inside = false;
    session->cancellable = session->held || session->state == SESSION_WANTS_INPUT;
    postmaster_look_at(session);
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

static enum status begin(pgn_session *session, const uint8_t *input, size_t size,
                         struct error *error)
{
    enum status status;

    monitor_enter(session->cluster->monitor);
    status = call_begin(session, input, size, error);
    monitor_leave(session->cluster->monitor);
    return status;
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

/* The same, as the caller sees it. What it has been given before is gone. */
static int reply_with(pgn_session *session, size_t limit, pgn_reply *reply)
{
    const struct log *log = &session->cluster->log;
    struct error error;
    enum status status;

    if (session->output_given)
        session->output_size = 0;
    session->output_given = false;
    status = call_collect(session, limit, &error);
    reply->ended = false;
    reply->over = session->state == SESSION_ENDED;
    reply->paused = !status && call_is_paused(session);
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

int pgn_end(pgn_session *session, pgn_error *error)
{
    int status = api_enter(session, error);

    if (status)
        return status;
    call_end(session);
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
    call_end(session);
    reply->ended = true;
}

int pgn_exec(pgn_session *session, const uint8_t *input, size_t size, size_t limit,
             pgn_reply *reply)
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
            call_end(session);
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
    monitor_enter(cluster->monitor);
    client_return(session);
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

    if (cluster->data_dir_lock.fd < 0 || cluster->failed || cluster->loading || !session->coroutine
        || session->state >= SESSION_ENDED)
        return;
    session->shutting_down = true;
    session->discarding = true;
    session->output_size = 0;
    monitor_enter(session->cluster->monitor);
    baton_take(session->cluster, &session->claim);
    monitor_leave(session->cluster->monitor);
    session_run(session); /* to the coroutine's end */
    monitor_enter(session->cluster->monitor);
    baton_give(session->cluster);
    monitor_leave(session->cluster->monitor);
}

void api_close_others(struct cluster *cluster)
{
    for (;;) {
        pgn_session *other;

        monitor_enter(cluster->monitor);
        other = cluster->sessions;
        while (other
               && (other == cluster->first || other->is_auxiliary
                   || (other->closed && !other->inside)))
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

    atomic_store(&session->stop_ns, 0);
    atomic_store(&session->closing, false); /* what is left to do may have to wait */
    api_close_others(cluster);
    housekeeping_stop(cluster);
    postmaster_stop(cluster);
    housekeeping_discard(cluster);
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
    while (session->inside || session->client)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    closed = session->closed;
    session->closed = session->inside = true;
    monitor_leave(cluster->monitor);
    if (!closed && session == cluster->first)
        close_cluster(session);
    else if (!closed)
        session_end(session);
    monitor_enter(cluster->monitor);
    session->inside = false;
    condition_notify(session->condition);
    monitor_leave(cluster->monitor);
    return STATUS_OK;
}

void pgn_free(pgn_session *session)
{
    if (!session
        || session->cluster->owner
               != getpid()) /* a child of fork has no threads to meet: it leaks */
        return;
    pgn_close(session, NULL);
    session_free(session);
}

/* --- looking in --------------------------------------------------------------------------- */

/* Also of a closed session: its last lines are those of the shutdown. And of one that another thread is in, or wants
   to be in: the log is the cluster's, so the claim is not the session's. */
size_t pgn_log(pgn_session *session, char *bytes, size_t size)
{
    struct cluster *cluster = session->cluster;
    struct claim claim = {0};

    if (cluster->owner != getpid() || !(claim.condition = condition_open()))
        return 0;
    monitor_enter(cluster->monitor);
    baton_take(cluster, &claim);
    size = log_take(&cluster->log, bytes, size);
    baton_give(cluster);
    monitor_leave(cluster->monitor);
    condition_close(claim.condition);
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
