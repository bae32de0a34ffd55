/* A cluster: made and ended, and what its sessions have to do with each other. */
#include "engine/cluster/cluster.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/cluster/postmaster.h"
#include "engine/instance/limits.h"

enum {
    FIRST_PROCESS = 42, /* what getpid() of PGlite returns, so the first session's number */
    SIGNALS = 32,
    POSTMASTER_PROCESS = 1 /* what csrc/polling sets PostmasterPid to */
};

enum status cluster_open(pgn_runtime *runtime, const pgn_options *options,
                         void (*attend)(void *postmaster), struct cluster **opened,
                         struct error *error)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);

    if (!cluster)
        return no_memory_for(error, "an engine");
    cluster->runtime = runtime;
    cluster->options = options;
    cluster->attend = attend;
    cluster->owner = process_number(runtime->process);
    cluster->data_dir_lock = LOCK_NONE;
    cluster->filling = cluster->load_fd = cluster->shared.fd = cluster->spare.shared_fd = -1;
    cluster->loading = options->loads;
    cluster->last_process = FIRST_PROCESS - 1;
    cluster->checkpointed_ns = platform_monotonic_ns();
    snprintf(cluster->user, sizeof cluster->user, "%s", options->user ? options->user : "");
    snprintf(cluster->database, sizeof cluster->database, "%s",
             options->database ? options->database : "");
    cluster->monitor = monitor_open();
    if (!cluster->monitor) {
        cluster_close(cluster);
        return no_memory_for(error, "an engine");
    }
    *opened = cluster;
    return STATUS_OK;
}

void cluster_close(struct cluster *cluster)
{
    if (!cluster)
        return;
    monitor_close(cluster->monitor);
    log_close(&cluster->log);
    free(cluster);
}

void cluster_switch_to(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (cluster->running == session || !session->descriptors)
        return;
    cluster->running->descriptors = vfs_use_descriptors(cluster->vfs, session->descriptors);
    session->descriptors = 0;
    cluster->running = session;
}

bool cluster_had_others(const struct cluster *cluster)
{
    return cluster->last_process > cluster->first->process;
}

void cluster_set_latest(struct cluster *cluster, pgn_image *image)
{
    image_replace(&cluster->latest, image);
}

void cluster_fail(struct cluster *cluster, const struct error *failure)
{
    monitor_enter(cluster->monitor);
    if (!cluster->failed) {
        cluster->failed = true;
        cluster->failure = *failure;
    }
    for (pgn_session *session = cluster->sessions; session; session = session->next)
        cluster_wake(session);
    monitor_leave(cluster->monitor);
}

pgn_session *cluster_find(const struct cluster *cluster, int32_t process)
{
    pgn_session *session = cluster->sessions;

    while (session && (session->process != process || session->state == SESSION_ENDED))
        session = session->next;
    return session;
}

void cluster_wake(pgn_session *session)
{
    session->woken = true;
    if (session->instance.guest)
        guest_poke(session->instance.guest);
    if (session->inside && !session->attended)
        condition_notify(session->condition);
    else if (!session->closed)
        postmaster_push(session);
}

/* What a postmaster does about signals. SIGHUP: all shall read their configuration anew. */
static void signal_postmaster(struct cluster *cluster, int signal)
{
    if (signal == SIGUSR1_OF_GUEST)
        cluster->worker_wanted = true;
    if (signal != SIGHUP_OF_GUEST)
        return;
    cluster->has_reloaded = true;
    for (pgn_session *session = cluster->sessions; session; session = session->next) {
        atomic_fetch_or(&session->signals, UINT32_C(1) << signal);
        cluster_wake(session);
    }
}

/* kill(2), with signal 0 too, which only asks. */
int cluster_signal(void *context, int32_t process, int signal)
{
    struct cluster *cluster = ((pgn_session *) context)->cluster;
    pgn_session *target;

    if (signal < 0 || signal >= SIGNALS)
        return -GE_INVAL;
    monitor_enter(cluster->monitor);
    target = cluster_find(cluster, process);
    if (process == POSTMASTER_PROCESS)
        signal_postmaster(cluster, signal);
    if (target && signal != 0) {
        if (signal != SIGURG_OF_GUEST)
            atomic_fetch_or(&target->signals, UINT32_C(1) << signal);
        cluster_wake(target);
    }
    monitor_leave(cluster->monitor);
    return target || process == POSTMASTER_PROCESS ? 0 : -GE_SRCH;
}

int cluster_wake_process(void *context, int32_t process)
{
    return cluster_signal(context, process, SIGURG_OF_GUEST);
}
