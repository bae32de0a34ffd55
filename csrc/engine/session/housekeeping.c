/* Autovacuum, checkpoints and WAL: csrc/polling/autovacuum.c, checkpointer.c and wal-writer.c have the guest's side. */
#include "engine/session/housekeeping.h"

#include "engine/cluster/postmaster.h"
#include "engine/instance/limits.h"
#include "engine/session/main_loop.h"
#include "engine/session/run.h"
#include "engine/session/sessions.h"

#include "platform/clock.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define PATIENCE_NS NS_PER_S /* most databases of tests are gone before */
/* PGSTAT_IDLE_INTERVAL and a moment: until then a session may keep to itself what it has changed. */
#define STATISTICS_DELAY_NS (11 * NS_PER_S)

/* --- what is due -------------------------------------------------------------------------- */

static bool ask(pgn_session *session, guest_function function, const char *name, int64_t *seconds)
{
    uint64_t result;

    if (!session_settle(session, session_call(session, function, NULL, &result), name))
        return false;
    *seconds = (int32_t) result;
    return true;
}

static bool note_vacuum(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    int64_t naptime_s;

    if (cluster->vacuum_due_ns)
        return true;
    if (!ask(session, cluster->runtime->exports.autovacuum_naptime, "pglite_autovacuum_naptime",
             &naptime_s))
        return false;
    cluster->naptime_ns = naptime_s * NS_PER_S;
    if (naptime_s > 0)
        cluster->vacuum_due_ns = cluster->changed_ns + cluster->naptime_ns;
    return true;
}

static bool note_checkpoint(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    int64_t timeout_s;

    if (cluster->checkpoint_due_ns)
        return true;
    if (!ask(session, cluster->runtime->exports.checkpoint_timeout, "pglite_checkpoint_timeout",
             &timeout_s))
        return false;
    cluster->checkpoint_due_ns = cluster->checkpointed_ns + timeout_s * NS_PER_S;
    if (cluster->checkpoint_due_ns < cluster->changed_ns)
        cluster->checkpoint_due_ns = cluster->changed_ns + timeout_s * NS_PER_S;
    return true;
}

bool housekeeping_note_changes(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    uint64_t written = vfs_bytes_written(cluster->vfs);

    if (session->is_auxiliary)
        return true;
    housekeeping_note_writing(cluster);
    if (written == cluster->written)
        return true;
    cluster->written = written;
    cluster->changed_ns = platform_monotonic_ns();
    if (!cluster->first_changed_ns)
        cluster->first_changed_ns = cluster->changed_ns;
    return note_vacuum(session) && note_checkpoint(session);
}

void housekeeping_note_writing(struct cluster *cluster)
{
    if (cluster->checkpoint_wanted || cluster->checkpointer
        || vfs_bytes_written(cluster->vfs) - cluster->checkpointed < ENGINE_CHECKPOINT_AFTER)
        return;
    monitor_enter(cluster->monitor);
    if (!cluster->ending && cluster->template_process && postmaster_need(cluster, NULL)) {
        cluster->checkpoint_wanted = true;
        cluster->checkpoint_due_ns = platform_monotonic_ns();
        postmaster_note_deadline(cluster->postmaster, cluster->checkpoint_due_ns);
    }
    monitor_leave(cluster->monitor);
}

/* WAL in memory does not outlive the process, written or not. */
void housekeeping_need_wal_writer(void *context, int32_t milliseconds)
{
    struct cluster *cluster = ((pgn_session *) context)->cluster;

    if (!lock_is_held(&cluster->data_dir_lock) || cluster->wal_writer_due_ns || milliseconds < 0)
        return;
    monitor_enter(cluster->monitor);
    if (!cluster->ending && !cluster->wal_writer && cluster->template_process
        && postmaster_need(cluster, NULL)) {
        cluster->wal_writer_due_ns = platform_monotonic_ns() + milliseconds * NS_PER_MS;
        postmaster_note_deadline(cluster->postmaster, cluster->wal_writer_due_ns);
    }
    monitor_leave(cluster->monitor);
}

void housekeeping_discount(struct cluster *cluster, const pgn_session *session, uint64_t written)
{
    if (session != cluster->checkpointer)
        return;
    cluster->written += written;
    cluster->checkpointed += written;
}

int64_t housekeeping_due_ns(const struct cluster *cluster)
{
    int64_t due_ns = INT64_MAX;

    if (cluster->vacuum_due_ns && !cluster->autovacuum)
        due_ns = cluster->vacuum_due_ns;
    if (cluster->checkpoint_due_ns && !cluster->checkpointer && cluster->checkpoint_due_ns < due_ns)
        due_ns = cluster->checkpoint_due_ns;
    if (cluster->wal_writer_due_ns && cluster->wal_writer_due_ns < due_ns)
        due_ns = cluster->wal_writer_due_ns;
    return due_ns;
}

bool housekeeping_is_worth_a_thread(const struct cluster *cluster)
{
    return cluster->postmaster || platform_monotonic_ns() - cluster->first_changed_ns > PATIENCE_NS;
}

/* --- its beginning ------------------------------------------------------------------------ */

static pgn_session *begin_process(struct cluster *cluster, bool (*task)(pgn_session *session),
                                  int32_t task_argument)
{
    struct error ignored;
    pgn_session *process = session_begin_auxiliary(cluster, task, task_argument, &ignored);

    if (process && cluster->ending) { /* since it began, which is outside the monitor */
        session_discard(process);
        process = NULL;
    }
    return process;
}

static bool run_autovacuum(pgn_session *session)
{
    uint64_t arguments[] = {(uint32_t) session->process, (uint32_t) session->task_argument};

    return session_settle(session,
                          session_call(session, session->cluster->runtime->exports.begin_autovacuum,
                                       arguments, NULL),
                          "pglite_begin_autovacuum");
}

static void begin(struct cluster *cluster, bool is_worker)
{
    cluster->worker_wanted = cluster->is_interrupted = false;
    cluster->autovacuum = begin_process(cluster, run_autovacuum, is_worker);
    if (cluster->autovacuum)
        postmaster_push(cluster->autovacuum);
}

static void begin_look(struct cluster *cluster, int64_t now_ns)
{
    cluster->vacuum_due_ns = cluster->is_held ? now_ns + PATIENCE_NS : 0;
    if (cluster->is_held)
        return;
    cluster->look_began_ns = now_ns;
    cluster->looked_at_count = 0;
    begin(cluster, false);
}

static bool run_checkpointer(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    int64_t since_ns = platform_monotonic_ns() - cluster->checkpointed_ns;
    uint64_t arguments[] = {(uint32_t) session->process, (uint32_t) session->task_argument,
                            (uint32_t) (since_ns / NS_PER_S)};

    cluster->checkpointed_ns += since_ns;
    return session_settle(session,
                          session_call(session, cluster->runtime->exports.begin_checkpointer,
                                       arguments, NULL),
                          "pglite_begin_checkpointer");
}

/* What is written from now on is for the next one. */
static void begin_checkpoint(struct cluster *cluster, int64_t now_ns)
{
    pgn_session *process = NULL;

    if (!cluster->is_held)
        process = begin_process(cluster, run_checkpointer, cluster->checkpoint_wanted);
    if (!process) {
        cluster->checkpoint_due_ns = now_ns + PATIENCE_NS;
        return;
    }
    cluster->checkpointer = process;
    cluster->checkpointed = vfs_bytes_written(cluster->vfs);
    cluster->checkpoint_wanted = false;
    cluster->checkpoint_due_ns = 0;
    postmaster_push(process);
}

static bool run_wal_writer(pgn_session *session)
{
    return session_call_as_process(session, session->cluster->runtime->exports.begin_wal_writer,
                                   "pglite_begin_wal_writer");
}

static void begin_wal_writer(struct cluster *cluster, int64_t now_ns)
{
    if (!cluster->is_held)
        cluster->wal_writer = begin_process(cluster, run_wal_writer, 0);
    cluster->wal_writer_due_ns = cluster->wal_writer ? 0 : now_ns + PATIENCE_NS;
    if (cluster->wal_writer)
        postmaster_push(cluster->wal_writer);
}

void housekeeping_begin_if_due(struct cluster *cluster, int64_t now_ns)
{
    if (cluster->ending || cluster->failed)
        return;
    if (cluster->vacuum_due_ns && now_ns >= cluster->vacuum_due_ns && !cluster->autovacuum)
        begin_look(cluster, now_ns);
    if (cluster->checkpoint_due_ns && now_ns >= cluster->checkpoint_due_ns
        && !cluster->checkpointer)
        begin_checkpoint(cluster, now_ns);
    if (cluster->wal_writer_due_ns && now_ns >= cluster->wal_writer_due_ns)
        begin_wal_writer(cluster, now_ns);
}

/* --- its end ------------------------------------------------------------------------------ */

/* The database that a worker was in. Launchers choose the one that has waited longest, so one that comes a second time
   is the end of the look. */
static bool is_new_to_look(const pgn_session *worker)
{
    struct cluster *cluster = worker->cluster;
    const uint32_t *database = guest_at(worker->instance.guest,
                                        cluster->runtime->exports.my_database, sizeof *database);

    if (!database || *database == 0 || cluster->looked_at_count == HOUSEKEEPING_DATABASES_MAX)
        return false;
    for (uint32_t i = 0; i < cluster->looked_at_count; i++)
        if (cluster->looked_at[i] == *database)
            return false;
    cluster->looked_at[cluster->looked_at_count++] = *database;
    return true;
}

/* Another is due if this one may not have seen all changes. */
static void end_look(struct cluster *cluster)
{
    bool is_last = cluster->look_began_ns >= cluster->changed_ns + STATISTICS_DELAY_NS
                   && !cluster->is_interrupted;

    if (!is_last && !cluster->vacuum_due_ns && cluster->naptime_ns)
        cluster->vacuum_due_ns = platform_monotonic_ns() + cluster->naptime_ns;
    if (cluster->vacuum_due_ns)
        postmaster_note_deadline(cluster->postmaster, cluster->vacuum_due_ns);
}

/* After a launcher the worker that it has asked for; after a worker another launcher, for the other databases. */
static void end_autovacuum(struct cluster *cluster, bool was_worker, bool continues)
{
    cluster->autovacuum = NULL;
    if (cluster->ending || cluster->failed)
        return;
    if (continues && !cluster->is_interrupted)
        begin(cluster, !was_worker);
    else
        end_look(cluster);
}

static void end_checkpoint(struct cluster *cluster)
{
    cluster->checkpointer = NULL;
    if (cluster->checkpoint_due_ns)
        postmaster_note_deadline(cluster->postmaster, cluster->checkpoint_due_ns);
}

void housekeeping_end(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    bool was_worker = session->task_argument, was_autovacuum = session == cluster->autovacuum;
    bool was_checkpointer = session == cluster->checkpointer;
    bool continues = was_autovacuum
                     && (was_worker ? is_new_to_look(session) : cluster->worker_wanted);

    session_discard(session);
    if (was_autovacuum)
        end_autovacuum(cluster, was_worker, continues);
    else if (was_checkpointer)
        end_checkpoint(cluster);
    else
        cluster->wal_writer = NULL;
    condition_notify(cluster->first->condition); /* housekeeping_stop */
}

static bool is_at_work(const struct cluster *cluster)
{
    return (cluster->autovacuum || cluster->checkpointer || cluster->wal_writer)
           && !cluster->failed;
}

static void interrupt(pgn_session *process, int signal)
{
    if (!process)
        return;
    atomic_fetch_or(&process->signals, UINT32_C(1) << signal);
    cluster_wake(process);
}

/* Inside the monitor, without the baton. A checkpoint comes to its end, and is the last one. */
static void end_processes(struct cluster *cluster)
{
    while (is_at_work(cluster)) {
        cluster->is_interrupted = true;
        interrupt(cluster->autovacuum, SIGTERM_OF_GUEST);
        interrupt(cluster->checkpointer, SIGUSR2_OF_GUEST);
        interrupt(cluster->wal_writer, SIGTERM_OF_GUEST);
        condition_wait(cluster->first->condition, cluster->monitor, INT64_MAX);
    }
}

/* While it has the baton, the postmaster begins none. */
void housekeeping_interrupt(struct cluster *cluster)
{
    struct claim *own = cluster->baton.holder;

    monitor_enter(cluster->monitor);
    while (is_at_work(cluster)) {
        baton_give(cluster);
        end_processes(cluster);
        baton_take(cluster, own);
    }
    monitor_leave(cluster->monitor);
}

void housekeeping_stop(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    end_processes(cluster);
    monitor_leave(cluster->monitor);
}

static bool run_shutdown(pgn_session *session)
{
    return session_call_as_process(session, session->cluster->runtime->exports.begin_shutdown,
                                   "pglite_begin_shutdown");
}

/* Where there is no memory for it, the next open recovers what there is, as it does after a crash. */
void housekeeping_shut_down(struct cluster *cluster)
{
    struct error ignored;
    pgn_session *process;

    baton_acquire(cluster, &cluster->first->claim);
    monitor_enter(cluster->monitor);
    process = session_begin_auxiliary(cluster, run_shutdown, 0, &ignored);
    if (process) {
        process->attended = process->is_auxiliary = false; /* this thread runs it, to its end */
        process->inside = true;
        monitor_leave(cluster->monitor);
        session_run(process);
        monitor_enter(cluster->monitor);
        session_discard(process);
    }
    monitor_leave(cluster->monitor);
    baton_release(cluster);
}

void housekeeping_discard(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    if (cluster->autovacuum)
        session_discard(cluster->autovacuum);
    if (cluster->checkpointer)
        session_discard(cluster->checkpointer);
    if (cluster->wal_writer)
        session_discard(cluster->wal_writer);
    cluster->autovacuum = cluster->checkpointer = cluster->wal_writer = NULL;
    monitor_leave(cluster->monitor);
}
