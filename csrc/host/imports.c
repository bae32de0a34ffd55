/* The offer as data. */
#include "host/imports.h"

#include "host/host.h"

#define ENV_ROW(name, type, handler) {"env", name, type, handler},
#define WASI_ROW(name, type, handler) {"wasi_snapshot_preview1", name, type, handler},
#define LENT_ROW(name, type, handler) {name, type, handler},

static const struct guest_import imports[] = {HOST_IMPORTS(ENV_ROW, WASI_ROW)};
static const struct guest_lent lent[] = {HOST_LENT(LENT_ROW)};

const struct guest_offer host_offer = {
    .imports = imports,
    .import_count = sizeof imports / sizeof *imports,
    .lent = lent,
    .lent_count = sizeof lent / sizeof *lent,
};
