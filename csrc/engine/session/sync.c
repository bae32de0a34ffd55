/* Syncing the files of all sessions. */
#include "engine/session/sync.h"

#include <stdlib.h>

#include "engine/cluster/cluster.h"
#include "engine/session/protocol.h"
#include "platform/thread.h"

/* The disk may take seconds, in which others have the baton: so a thread waits for it. */
struct errand {
    pgn_session *session;
    struct thread *thread;
    int result;
    atomic_bool done;
};

static void sync_files(void *context)
{
    struct errand *errand = context;
    struct cluster *cluster = errand->session->cluster;

    errand->result = vfs_sync_all(cluster->vfs);
    monitor_enter(cluster->monitor);
    atomic_store(&errand->done, true);
    if (cluster->postmaster) /* else the cluster has failed, and is being closed */
        cluster_wake(errand->session);
    monitor_leave(cluster->monitor);
}

void session_end_errand(pgn_session *session)
{
    struct errand *errand = session->errand;

    if (!errand)
        return;
    thread_join(errand->thread);
    free(errand);
    session->errand = NULL;
}

/* False: there is no thread or memory for it. */
static bool begin_errand(pgn_session *session)
{
    struct errand *errand = calloc(1, sizeof *errand);

    if (!errand)
        return false;
    errand->session = session;
    errand->thread = thread_start(sync_files, errand);
    if (errand->thread)
        session->errand = errand;
    else
        free(errand);
    return session->errand;
}

/* Where it does not come to its end here, as the cluster has failed, give_back waits for the thread. */
static enum guest_outcome sync_apart(pgn_session *session, int *result)
{
    enum guest_outcome outcome = GUEST_RETURNED;

    while (!atomic_load(&session->errand->done) && !outcome)
        session_wait(session, INT64_MAX, &outcome);
    if (outcome)
        return outcome;
    *result = session->errand->result;
    session_end_errand(session);
    return GUEST_RETURNED;
}

/* Which files others have written is known to each session for itself. */
enum guest_outcome session_sync_all(void *context, int *result)
{
    pgn_session *session = context;
    struct cluster *cluster = session->cluster;
    enum guest_outcome outcome = GUEST_RETURNED;

    *result = 0;
    if (cluster->shared.fd < 0)
        return GUEST_RETURNED;
    *result = vfs_may_sync(cluster->vfs);
    if (*result < 0)
        return GUEST_RETURNED;
    if (session->is_auxiliary && vfs_is_synced(cluster->vfs) && begin_errand(session))
        outcome = sync_apart(session, result);
    else
        *result = vfs_sync_all(cluster->vfs);
    if (*result >= 0)
        *result = 1;
    return outcome;
}
