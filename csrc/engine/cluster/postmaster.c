/* The postmaster: its thread, and the queue of those sessions that it is to look at. What it does with them:
 * session/attend.c.
 */
#include "engine/cluster/postmaster.h"

#include <stdlib.h>

#include "engine/cluster/cluster.h"
#include "platform/poller.h"
#include "platform/thread.h"

struct poller *postmaster_poller(struct cluster *cluster)
{
    return cluster->postmaster->poller;
}

/* --- the queue ---------------------------------------------------------------------------- */

static void rouse(struct postmaster *postmaster)
{
    if (postmaster->sleeps)
        poller_wake(postmaster->poller);
    postmaster->sleeps = false;
}

void postmaster_note_deadline(struct postmaster *postmaster, int64_t deadline_ns)
{
    if (deadline_ns >= postmaster->deadline_ns)
        return;
    postmaster->deadline_ns = deadline_ns;
    rouse(postmaster);
}

void postmaster_push(pgn_session *session)
{
    struct postmaster *postmaster;

    if (session->is_ready || !postmaster_need(session->cluster, NULL))
        return;
    postmaster = session->cluster->postmaster;
    session->is_ready = true;
    session->next_ready = NULL;
    if (postmaster->last_ready)
        postmaster->last_ready->next_ready = session;
    else
        postmaster->first_ready = session;
    postmaster->last_ready = session;
    postmaster->ready_count++;
    rouse(postmaster);
}

pgn_session *postmaster_pop(struct postmaster *postmaster)
{
    pgn_session *session = postmaster->first_ready;

    if (!session)
        return NULL;
    postmaster->first_ready = session->next_ready;
    if (!postmaster->first_ready)
        postmaster->last_ready = NULL;
    postmaster->ready_count--;
    session->is_ready = false;
    return session;
}

void postmaster_forget(pgn_session *session)
{
    struct postmaster *postmaster = session->cluster->postmaster;
    pgn_session *kept = NULL, *other;

    if (!session->is_ready)
        return;
    while ((other = postmaster_pop(postmaster))) {
        if (other == session)
            continue;
        other->next_ready = kept;
        kept = other;
    }
    while ((other = kept)) { /* in another order, which does not matter */
        kept = other->next_ready;
        postmaster_push(other);
    }
}

/* --- its beginning and end ---------------------------------------------------------------- */

static void free_postmaster(struct postmaster *postmaster)
{
    poller_close(postmaster->poller);
    condition_close(postmaster->condition);
    free(postmaster);
}

bool postmaster_need(struct cluster *cluster, struct error *error)
{
    struct postmaster *postmaster = cluster->postmaster;

    if (postmaster)
        return true;
    error_set(error, STATUS_NO_MEMORY, "no memory or thread");
    if (cluster->postmaster_stopped)
        return false; /* the cluster would be freed under its feet */
    postmaster = calloc(1, sizeof *postmaster);
    if (!postmaster)
        return false;
    postmaster->cluster = cluster;
    postmaster->deadline_ns = INT64_MAX;
    postmaster->poller = poller_open(error);
    postmaster->claim.condition = postmaster->condition = condition_open();
    if (postmaster->poller && postmaster->condition)
        postmaster->thread = thread_start(cluster->attend, postmaster);
    if (!postmaster->thread) {
        free_postmaster(postmaster);
        return false;
    }
    cluster->postmaster = postmaster;
    return true;
}

void postmaster_stop(struct cluster *cluster)
{
    struct postmaster *postmaster;

    monitor_enter(cluster->monitor);
    cluster->postmaster_stopped = true;
    postmaster = cluster->postmaster;
    if (postmaster) {
        postmaster->stopping = true;
        poller_wake(postmaster->poller);
    }
    monitor_leave(cluster->monitor);
    if (!postmaster)
        return;
    thread_join(postmaster->thread);
    monitor_enter(cluster->monitor);
    while (postmaster_pop(postmaster))
        ;
    cluster->postmaster = NULL;
    monitor_leave(cluster->monitor);
    free_postmaster(postmaster);
}
