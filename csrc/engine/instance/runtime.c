/* What engines share: the module, mapped and parsed once, and the packs of files. */
#include "engine/instance/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instance/limits.h"
#include "host/host.h"

static enum status find_exports(pgn_runtime *runtime, struct error *error)
{
    struct engine_exports *exports = &runtime->exports;
    char missing[ERROR_MESSAGE_SIZE] = "";
    size_t used = 0;

    const struct {
        const char *name;
        guest_function *function;
    } functions[] =
        {
#define ENGINE_EXPORT_ROW(field, name) {name, &exports->field},
            ENGINE_EXPORTS(ENGINE_EXPORT_ROW)},
      polling[] = {ENGINE_POLLING_EXPORTS(ENGINE_EXPORT_ROW)
#undef ENGINE_EXPORT_ROW
      };
    const struct {
        const char *name;
        uint32_t *address;
    } data[] = {
        {"InterruptPending", &exports->interrupt_pending},
        {"QueryCancelPending", &exports->query_cancel_pending},
        {"MyLatch", &exports->my_latch},
        {"MyDatabaseId", &exports->my_database},
    };

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!guest_module_function(runtime->module, functions[i].name, functions[i].function)
            && used < sizeof missing)
            used += (size_t) snprintf(missing + used, sizeof missing - used, " %s",
                                      functions[i].name);
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        if (!guest_module_address(runtime->module, data[i].name, data[i].address)
            && used < sizeof missing)
            used += (size_t) snprintf(missing + used, sizeof missing - used, " %s", data[i].name);
    exports->has_polling = true;
    for (size_t i = 0; i < sizeof polling / sizeof *polling; i++)
        exports->has_polling &= guest_module_function(runtime->module, polling[i].name,
                                                      polling[i].function);
    if (used)
        return error_set(error, STATUS_MODULE, "the module does not export:%s", missing);
    return STATUS_OK;
}

enum status runtime_open(const char *module, const struct guest_libraries *libraries,
                         const char *initdb, const char *system, const char *cluster,
                         pgn_runtime **opened, struct error *error)
{
    pgn_runtime *runtime = calloc(1, sizeof *runtime);
    bool is_compiled = libraries && libraries->module;
    /* Its data are for those that boot; an image has them. */
    unsigned parts = MODULE_DECLARATIONS | (is_compiled ? 0 : MODULE_CODE);
    enum status status;

    if (!runtime)
        return no_memory_for(error, "a runtime");
    runtime->process = process_note_open();
    status = module_file_open(module, &runtime->module_file, error);
    if (!status)
        status = module_file_need(&runtime->module_file, parts, error);
    if (!status)
        status = guest_module_open(runtime->module_file.bytes, runtime->module_file.size, libraries,
                                   &host_import_table, &runtime->module, error);
    if (!status)
        status = find_exports(runtime, error);
    if (!status)
        status = module_file_open(initdb, &runtime->initdb_file, error);
    if (!status)
        status = pack_open(system, &runtime->system, error);
    if (!status && cluster)
        status = pack_open(cluster, &runtime->cluster, error);
    if (status)
        runtime_close(runtime);
    else
        *opened = runtime;
    return status;
}

void runtime_close(pgn_runtime *runtime)
{
    if (!runtime)
        return;
    guest_module_close(runtime->module);
    pack_close(runtime->system);
    pack_close(runtime->cluster);
    module_file_close(&runtime->initdb_file);
    module_file_close(&runtime->module_file);
    process_note_close(runtime->process);
    free(runtime);
}

void runtime_lock(pgn_runtime *runtime)
{
    guest_module_lock(runtime->module);
    module_file_lock(&runtime->module_file);
    module_file_lock(&runtime->initdb_file);
    pack_lock(runtime->system);
    pack_lock(runtime->cluster);
}

void runtime_unlock(pgn_runtime *runtime)
{
    pack_unlock(runtime->cluster);
    pack_unlock(runtime->system);
    module_file_unlock(&runtime->initdb_file);
    module_file_unlock(&runtime->module_file);
    guest_module_unlock(runtime->module);
}
