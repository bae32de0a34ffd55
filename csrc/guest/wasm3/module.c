/* Modules over wasm3: parsed once; their functions compiled when first called, by whichever instance
 * and thread comes first, into code that all instances share. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

enum {
    COMPILER_STACK = 64 * 1024
}; /* wasm3 wants one for constant expressions; we never run on it */

_Static_assert(GUEST_GLOBALS_MAX <= d_m3MaxInstanceGlobals, "edit 10-instance-header has room");

/* Gives wasm3 the values of immutable globals, and of mutable ones their place in an instance
   (edits 20 and 21). */
static enum status place_globals(struct guest_module *module, struct error *error)
{
    for (uint32_t i = 0; i < module->binary.global_count; i++) {
        const struct binary_global *global = &module->binary.globals[i];

        if (!global->is_mutable) {
            module->module->globals[i].intValue = (i64) global->value;
            continue;
        }
        if (module->global_count == GUEST_GLOBALS_MAX)
            return error_set(error, STATUS_MODULE, "more than %d mutable globals",
                             (int) GUEST_GLOBALS_MAX);
        module->globals[module->global_count] = global->value;
        module->module->globals[i].intValue = module->global_count++;
    }
    return STATUS_OK;
}

enum status guest_module_open(const uint8_t *wasm, size_t size, const struct guest_offer *offer,
                              struct guest_module **opened, struct error *error)
{
    enum status status = STATUS_OK;
    struct guest_module *module = calloc(1, sizeof *module);
    M3Result result;

    if (!module)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a module");
    if (pthread_mutex_init(&module->compiling, NULL) != 0) {
        free(module);
        return error_set(error, STATUS_NO_MEMORY, "no mutex for a module");
    }
    if (size > UINT32_MAX) {
        status = error_set(error, STATUS_MODULE, "a module of %zu bytes", size);
        goto fail;
    }
    status = binary_read(wasm, size, &module->binary, error);
    if (status)
        goto fail;

    module->environment = m3_NewEnvironment();
    if (module->environment)
        module->compiler = m3_NewRuntime(module->environment, COMPILER_STACK, module);
    if (!module->compiler) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a module's compiler");
        goto fail;
    }
    result = m3_ParseModule(module->environment, &module->module, wasm, (uint32_t) size);
    if (result) {
        status = error_set(error, STATUS_MODULE, "wasm3 cannot parse the module: %s", result);
        goto fail;
    }
    module->module->runtime = module->compiler;
    module->start_function = (uint32_t) module->module->startFunction;
    status = place_globals(module, error);
    if (status)
        goto fail;
    result = InitElements(module->module);
    if (result) {
        status = error_set(error, STATUS_MODULE, "wasm3 cannot fill the table: %s", result);
        goto fail;
    }
    if (!tier_extend_table(module, module->binary.table_size)) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a table of %u entries",
                           module->binary.table_size);
        goto fail;
    }
    status = tier_bind_imports(module, offer, error);
    if (!status)
        status = tier_lend(module, offer, error);
    if (status)
        goto fail;
    *opened = module;
    return STATUS_OK;

fail:
    guest_module_close(module);
    return status;
}

void guest_module_close(struct guest_module *module)
{
    if (!module)
        return;
    m3_FreeModule(module->module);
    m3_FreeRuntime(module->compiler);
    m3_FreeEnvironment(module->environment);
    free(module->bindings);
    free(module->lent);
    binary_close(&module->binary);
    pthread_mutex_destroy(&module->compiling);
    free(module);
}

M3Result CompileFunction(IM3Function function)
{
    struct guest_module *module = function->module->runtime->userdata;
    M3Result result = m3Err_none;

    pthread_mutex_lock(&module->compiling);
    if (!function->compiled)
        result = tier_compile(function);
    pthread_mutex_unlock(&module->compiling);
    return result;
}

enum status guest_module_compile(struct guest_module *module, struct error *error)
{
    for (uint32_t i = 0; i < module->module->numFunctions; i++) {
        M3Result result = CompileFunction(&module->module->functions[i]);

        if (result)
            return error_set(error, STATUS_MODULE, "cannot compile function %u: %s", i, result);
    }
    return STATUS_OK;
}

bool guest_module_function(const struct guest_module *module, const char *name,
                           guest_function *function)
{
    const struct binary_export *export = binary_find(&module->binary, name, BINARY_FUNCTION);

    if (!export || export->index >= module->module->numFunctions)
        return false;
    *function = export->index;
    return true;
}

bool guest_module_address(const struct guest_module *module, const char *name, uint32_t *address)
{
    const struct binary_export *export = binary_find(&module->binary, name, BINARY_GLOBAL);

    if (!export || export->index >= module->binary.global_count
        || module->binary.globals[export->index].is_mutable)
        return false;
    *address = (uint32_t) module->binary.globals[export->index].value;
    return true;
}

const uint8_t *guest_module_identity(const struct guest_module *module, size_t *size)
{
    *size = module->binary.build_id_size;
    return module->binary.build_id;
}
