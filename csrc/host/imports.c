/* The import table. */
#include "host/imports.h"

#include "host/host.h"

#define ENV_ROW(name, type, handler) {"env", name, type, handler},
#define WASI_ROW(name, type, handler) {"wasi_snapshot_preview1", name, type, handler},
#define LENT_ROW(name, type, handler) {GUEST_LENT, name, type, handler},

const struct guest_import host_imports[] = {HOST_IMPORTS(ENV_ROW, WASI_ROW, LENT_ROW)};

const size_t host_import_count = sizeof host_imports / sizeof *host_imports;
