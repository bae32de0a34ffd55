/* The C interface to what is seen of an engine from outside, and to the fault that tests inject. */
#include "engine/api/inspection.h"

#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"

/* Also of a closed session: its last lines are those of the shutdown. And of one that another thread is in, or wants
   to be in: the log is the cluster's, so the claim is not the session's. */
size_t pgn_log(pgn_session *session, char *bytes, size_t size)
{
    struct cluster *cluster = session->cluster;
    struct claim claim = {0};

    if (gate_is_foreign(session) || !(claim.condition = condition_open()))
        return 0;
    baton_acquire(cluster, &claim);
    size = log_take(&cluster->log, bytes, size);
    baton_release(cluster);
    condition_close(claim.condition);
    return size;
}

static enum status get_statistics(pgn_session *session, void *argument, struct error *error)
{
    pgn_statistics *statistics = argument;

    (void) error;
    *statistics = session->statistics;
    statistics->guest_memory = guest_memory_size(session->instance.guest);
    statistics->file_memory = arena_used(&session->cluster->arena);
    return STATUS_OK;
}

int pgn_statistics_get(pgn_session *session, pgn_statistics *statistics, pgn_error *error)
{
    return api_run(session, NULL, get_statistics, statistics, error);
}

static enum status measure(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    session->guest_measured = true;
    return STATUS_OK;
}

int pgn_measure_guest(pgn_session *session, pgn_error *error)
{
    return api_run(session, NULL, measure, NULL, error);
}

static enum status trap(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    atomic_store(&session->trap_wanted, true);
    guest_poke(session->instance.guest);
    return STATUS_OK;
}

int pgn_trap(pgn_session *session, pgn_error *error)
{
    return api_run(session, NULL, trap, NULL, error);
}

int pgn_runtime_compile(pgn_runtime *runtime, pgn_error *pgn_error)
{
    struct error error;

    return guest_module_compile(runtime->module, &error) ? api_error(pgn_error, &error) : STATUS_OK;
}

size_t pgn_runtime_called(const pgn_runtime *runtime, uint32_t *functions, size_t size)
{
    return guest_module_called(runtime->module, functions, size);
}
