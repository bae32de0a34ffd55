/* The C interface to runtimes. */
#include "engine/instance/runtime.h"

#include "engine/api/gate.h"

int pgn_runtime_open(const char *module, const char *library, const char *added, const char *initdb,
                     const char *system, const char *cluster, pgn_runtime **runtime,
                     pgn_error *pgn_error)
{
    struct guest_libraries libraries = {.module = library, .added = added};
    struct error error;

    return runtime_open(module, &libraries, initdb, system, cluster, runtime, &error)
               ? api_error(pgn_error, &error)
               : STATUS_OK;
}

void pgn_runtime_before_fork(pgn_runtime *runtime)
{
    runtime_lock(runtime);
}

void pgn_runtime_after_fork(pgn_runtime *runtime)
{
    runtime_unlock(runtime);
}

const char *pgn_runtime_tier(const pgn_runtime *runtime)
{
    return guest_module_tier(runtime->module);
}

const char *pgn_runtime_added_tier(const pgn_runtime *runtime)
{
    return guest_module_added_tier(runtime->module);
}

int pgn_library_abi(void)
{
    return guest_library_abi();
}
