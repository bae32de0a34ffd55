/* The gate: who may come in. Everything that a caller touches is checked here. */
#include "engine/api/gate.h"

#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/session/attend.h"
#include "engine/session/call.h"

const char *pgn_status_name(int status)
{
    return status_name((enum status) status);
}

int api_error(pgn_error *to, const struct error *from)
{
    if (to) {
        to->status = from->status;
        memcpy(to->message, from->message, sizeof to->message);
    }
    return (int) from->status;
}

enum status gate_refuse(struct error *error, enum status status)
{
    return error_set(error, status, "%s", status_message(status));
}

static bool is_foreign(const struct cluster *cluster)
{
    return cluster->owner != process_number(cluster->runtime->process);
}

bool gate_is_foreign(const pgn_session *session)
{
    return is_foreign(session->cluster);
}

enum status gate_check_cluster(struct cluster *cluster, struct error *error)
{
    bool closed;

    if (is_foreign(cluster))
        return gate_refuse(error, STATUS_FORKED);
    monitor_enter(cluster->monitor);
    closed = cluster->ending;
    monitor_leave(cluster->monitor);
    return closed ? gate_refuse(error, STATUS_CLOSED) : STATUS_OK;
}

/* The reason why no thread of this process may use the session now, or STATUS_OK. Inside the monitor. */
static enum status refusal(const pgn_session *session)
{
    if (session->closed || atomic_load(&session->closing) || session->cluster->ending)
        return STATUS_CLOSED;
    if (session->inside)
        return STATUS_BUSY;
    return STATUS_OK;
}

static enum status refuse_entry(const pgn_session *session, enum status status, struct error *error)
{
    if (status == STATUS_CLOSED && session != session->cluster->first && !session->cluster->ending)
        return error_set(error, status, "the session is closed");
    return gate_refuse(error, status);
}

/* Inside the monitor. */
static enum status enter(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    enum status status;

    while (session->attended || session->suspended)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    status = refusal(session);
    if (status)
        return status;
    session->inside = true;
    baton_take(cluster, &session->claim);
    return STATUS_OK;
}

static void leave(pgn_session *session)
{
    baton_give(session->cluster);
    session->inside = false;
    session->cancellable = session->held || session->state == SESSION_WANTS_INPUT;
    attend_at_rest(session);
    condition_notify(session->condition);
}

/* The forked child must not even wait for the monitor: the thread that held it does not exist there. */
enum status gate_run(pgn_session *session, gate_step check, gate_step step, void *argument,
                     struct error *error)
{
    struct monitor *monitor = session->cluster->monitor;
    enum status status;

    if (gate_is_foreign(session))
        return gate_refuse(error, STATUS_FORKED);
    monitor_enter(monitor);
    status = enter(session);
    if (status) {
        monitor_leave(monitor);
        return refuse_entry(session, status, error);
    }
    if (check)
        status = check(session, argument, error);
    if (!status && step) {
        monitor_leave(monitor);
        status = step(session, argument, error);
        monitor_enter(monitor);
    }
    leave(session);
    monitor_leave(monitor);
    return status;
}

int api_run(pgn_session *session, gate_step check, gate_step step, void *argument,
            pgn_error *pgn_error)
{
    struct error error;

    return gate_run(session, check, step, argument, &error) ? api_error(pgn_error, &error)
                                                            : STATUS_OK;
}

enum status gate_is_free(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return call_check_free(session, false, error);
}

enum status gate_is_free_or_ended(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return call_check_free(session, true, error);
}

enum status gate_is_quiet(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return call_check_quiet(session, false, error);
}
