/* Syncing a session's files while others run. */
#include "engine/session/sync.h"

#include <stdlib.h>

#include "engine/cluster/cluster.h"
#include "engine/session/main_loop.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/thread.h"

/* Less than a thread is worth, and what comes after it: waiting for the baton. */
enum { QUICK_NS = 500000 };

/* The disk may take seconds, in which others have the baton: so a thread waits for it. */
struct errand {
    pgn_session *session;
    struct thread *thread;
    int fd;
    bool data_only;
    int result;
    int64_t took_ns;
    atomic_bool done;
};

static int sync_measured(int fd, bool data_only, int64_t *took_ns)
{
    int64_t began_ns = platform_monotonic_ns();
    int result = files_sync(fd, data_only);

    *took_ns = platform_monotonic_ns() - began_ns;
    return result;
}

static void sync_file(void *context)
{
    struct errand *errand = context;
    struct cluster *cluster = errand->session->cluster;

    errand->result = sync_measured(errand->fd, errand->data_only, &errand->took_ns);
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
static bool begin_errand(pgn_session *session, int fd, bool data_only)
{
    struct errand *errand = calloc(1, sizeof *errand);

    if (!errand)
        return false;
    errand->session = session;
    errand->fd = fd;
    errand->data_only = data_only;
    errand->thread = thread_start(sync_file, errand);
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
    session->cluster->sync_ns = session->errand->took_ns;
    session_end_errand(session);
    return GUEST_RETURNED;
}

enum guest_outcome session_sync(void *context, int fd, bool data_only, int *result)
{
    pgn_session *session = context;
    struct cluster *cluster = session->cluster;

    if (session->is_auxiliary && cluster->sync_ns > QUICK_NS
        && begin_errand(session, fd, data_only))
        return sync_apart(session, result);
    *result = sync_measured(fd, data_only, &cluster->sync_ns);
    return GUEST_RETURNED;
}
