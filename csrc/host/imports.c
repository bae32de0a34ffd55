/* The import table, as data. */
#include "host/imports.h"

#include "host/host.h"

#define ENV_ROW(name, type, handler) {"env", name, type, handler},
#define WASI_ROW(name, type, handler) {"wasi_snapshot_preview1", name, type, handler},
#define FUNCTION_ROW(name, type, handler) {name, type, handler},

static const struct guest_import imports[] = {HOST_IMPORTS(ENV_ROW, WASI_ROW)};
static const struct guest_host_function host_functions[] = {HOST_FUNCTIONS(FUNCTION_ROW)};

const struct guest_import_table host_import_table = {
    .imports = imports,
    .import_count = sizeof imports / sizeof *imports,
    .host_functions = host_functions,
    .host_function_count = sizeof host_functions / sizeof *host_functions,
};
