/* Imports: functions made of what the host serves them with. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

bool tier_bind(struct wasm3_module *module, IM3Function function, guest_handler handler,
               struct tier_binding *binding)
{
    IM3CodePage page = AcquireCodePageWithCapacity(module->compiler, 2);

    if (!page)
        return false;
    binding->handler = handler;
    binding->result_count = function->funcType->numRets;
    binding->argument_count = function->funcType->numArgs;
    function->module = module->module;
    function->compiled = GetPagePC(page);
    tier_emit_host_call(page, binding);
    ReleaseCodePage(module->compiler, page);
    return true;
}

enum status tier_bind_imports(struct wasm3_module *module, const struct guest_import_table *table,
                              struct error *error)
{
    uint32_t count = module->module->numFuncImports;
    struct offer_missing missing = {.used = 0};

    module->bindings = calloc(count ? count : 1, sizeof *module->bindings);
    if (!module->bindings)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u imports", count);
    for (uint32_t i = 0; i < count; i++) {
        IM3Function import = &module->module->functions[i];
        struct tier_binding *binding = &module->bindings[i];
        const char *from = import->import.moduleUtf8, *name = import->import.fieldUtf8;
        guest_handler handler = NULL;

        if (tier_spell_type(import->funcType, binding->type))
            handler = import_table_find(table, from, name, binding->type);
        if (!handler)
            offer_miss(&missing, from, name, binding->type);
        else if (!tier_bind(module, import, handler, binding))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
    }
    return offer_check(&missing, error);
}
