/* Imports: finding what the host serves them with, and making functions of handlers. */
#include <stdio.h>
#include <stdlib.h>

#include "guest/wasm3/internal.h"

static bool serves(const struct guest_import *import, const char *module, const char *name,
                   const char *type)
{
    size_t length = strlen(import->name);

    if (strcmp(import->module, module) != 0)
        return false;
    if (length && import->name[length - 1] == '*')
        return strncmp(import->name, name, length - 1) == 0;
    return strcmp(import->name, name) == 0 && strcmp(import->type, type) == 0;
}

bool tier_bind(struct guest_module *module, IM3Function function, guest_handler handler,
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

/* The handler that serves an import, or NULL; the import's type is spelled in any case. */
static guest_handler find_handler(IM3Function import, const struct guest_offer *offer,
                                  char type[GUEST_ARGUMENTS_MAX + 2])
{
    if (!tier_spell_type(import->funcType, type))
        return NULL;
    for (size_t i = 0; i < offer->import_count; i++)
        if (serves(&offer->imports[i], import->import.moduleUtf8, import->import.fieldUtf8, type))
            return offer->imports[i].handler;
    return NULL;
}

enum status tier_bind_imports(struct guest_module *module, const struct guest_offer *offer,
                              struct error *error)
{
    uint32_t count = module->module->numFuncImports;
    char missing[ERROR_MESSAGE_SIZE] = "";
    size_t used = 0;

    module->bindings = calloc(count ? count : 1, sizeof *module->bindings);
    if (!module->bindings)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u imports", count);
    for (uint32_t i = 0; i < count; i++) {
        IM3Function import = &module->module->functions[i];
        struct tier_binding *binding = &module->bindings[i];
        guest_handler handler = find_handler(import, offer, binding->type);

        if (handler && !tier_bind(module, import, handler, binding))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
        if (!handler && used < sizeof missing)
            used += (size_t) snprintf(missing + used, sizeof missing - used, " %s.%s:%s",
                                      import->import.moduleUtf8, import->import.fieldUtf8,
                                      binding->type);
    }
    if (used)
        return error_set(error, STATUS_MODULE, "imports that the host does not serve:%s", missing);
    return STATUS_OK;
}
