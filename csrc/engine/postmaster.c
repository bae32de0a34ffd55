/* The postmaster: a thread of the cluster that attends to idle sessions, when a signal comes for one or a
 * timer of it is due. It is there from the first time that such a thing is to be expected.
 */
#include <stdlib.h>

#include "engine/engine.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "platform/world.h"

struct postmaster {
    struct cluster *cluster;
    struct thread *thread;
    struct condition *condition;
    bool stopping;
};

static int64_t deadline_ns(const pgn_session *session)
{
    int64_t timer_ns = host_timer_deadline_ns(&session->host);

    return timer_ns == INT64_MAX
               ? INT64_MAX
               : world_system_ns(world_find(&session->cluster->arena), timer_ns);
}

/* Does no thread have it, nor will one that is in the middle of a call? */
static bool is_idle(const pgn_session *session)
{
    return !session->inside && !session->held && !session->closed
           && !atomic_load(&session->closing)
           && (session->state == SESSION_IDLE || session->state == SESSION_WANTS_INPUT);
}

/* An idle session that has something to do; NULL: none before *until_ns. */
static pgn_session *find_work(struct cluster *cluster, int64_t now_ns, int64_t *until_ns)
{
    *until_ns = INT64_MAX;
    for (pgn_session *session = cluster->sessions; session; session = session->next) {
        int64_t due_ns;

        if (!is_idle(session))
            continue;
        due_ns = atomic_load(&session->signals) ? now_ns : deadline_ns(session);
        if (due_ns <= now_ns)
            return session;
        if (due_ns < *until_ns)
            *until_ns = due_ns;
    }
    return NULL;
}

/* What it says is kept for its next call. */
static void attend_to(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    session->inside = session->attended = true;
    baton_take(cluster, &session->claim);
    monitor_leave(cluster->monitor);
    instance_set_latest(cluster, NULL);
    session->output_limit = SIZE_MAX;
    session_run(session);
    monitor_enter(cluster->monitor);
    baton_give(cluster);
    session->inside = session->attended = false;
    condition_notify(session->condition);
}

static void work(void *context)
{
    struct postmaster *postmaster = context;
    struct cluster *cluster = postmaster->cluster;
    int64_t until_ns;

    monitor_enter(cluster->monitor);
    while (!postmaster->stopping) {
        pgn_session *session = find_work(cluster, platform_monotonic_ns(), &until_ns);

        if (session)
            attend_to(session);
        else
            condition_wait(postmaster->condition, cluster->monitor, until_ns);
    }
    monitor_leave(cluster->monitor);
}

/* Without memory or a thread for it, idle sessions do what they have to with their next call. */
void postmaster_need(struct cluster *cluster)
{
    struct postmaster *postmaster;

    if (cluster->postmaster) {
        condition_notify(cluster->postmaster->condition);
        return;
    }
    postmaster = calloc(1, sizeof *postmaster);
    if (!postmaster)
        return;
    postmaster->cluster = cluster;
    postmaster->condition = condition_open();
    if (postmaster->condition)
        postmaster->thread = thread_start(work, postmaster);
    if (postmaster->thread) {
        cluster->postmaster = postmaster;
        return;
    }
    condition_close(postmaster->condition);
    free(postmaster);
}

void postmaster_stop(struct cluster *cluster)
{
    struct postmaster *postmaster = cluster->postmaster;

    if (!postmaster)
        return;
    monitor_enter(cluster->monitor);
    postmaster->stopping = true;
    condition_notify(postmaster->condition);
    monitor_leave(cluster->monitor);
    thread_join(postmaster->thread);
    monitor_enter(cluster->monitor);
    cluster->postmaster = NULL;
    monitor_leave(cluster->monitor);
    condition_close(postmaster->condition);
    free(postmaster);
}
