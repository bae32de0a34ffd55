/* Modules over wasm3: parsed once; their functions compiled when first called, by whichever instance
 * and thread comes first, into code that all instances share. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

enum {
    COMPILER_STACK = 64 * 1024
}; /* wasm3 wants one for constant expressions; we never run on it */

_Static_assert(GUEST_GLOBALS_MAX <= d_m3MaxInstanceGlobals, "edit 10-instance-header has room");

static void close_module(struct guest_module *shared)
{
    struct wasm3_module *module = wasm3_module(shared);

    m3_FreeModule(module->module);
    m3_FreeRuntime(module->compiler);
    m3_FreeEnvironment(module->environment);
    free(module->bindings);
    free(module->host_functions);
    pthread_mutex_destroy(&module->compiling);
}

static enum status compile(struct guest_module *shared, struct error *error)
{
    IM3Module module = wasm3_module(shared)->module;

    for (uint32_t i = 0; i < module->numFunctions; i++) {
        M3Result result = CompileFunction(&module->functions[i]);

        if (result)
            return error_set(error, STATUS_MODULE, "cannot compile function %u: %s", i, result);
    }
    return STATUS_OK;
}

static size_t called(const struct guest_module *shared, uint32_t *indices, size_t size)
{
    const struct M3Module *module = wasm3_module(shared)->module;
    size_t count = 0;

    for (uint32_t i = module->numFuncImports; i < module->numFunctions; i++) {
        if (!__atomic_load_n(&module->functions[i].compiled, __ATOMIC_ACQUIRE))
            continue;
        if (count < size)
            indices[count] = i;
        count++;
    }
    return count;
}

static bool find_function(const struct guest_module *module, uint32_t index,
                          guest_function *function)
{
    *function = index;
    return index < wasm3_module(module)->module->numFunctions;
}

static void lock_module(struct guest_module *module)
{
    struct wasm3_module *own = wasm3_module(module);

    pthread_mutex_lock(&own->compiling);
    own->holder = pthread_self();
    own->is_held = true;
}

/* A signal may have kept the thread from taking it. */
static void unlock_module(struct guest_module *module)
{
    struct wasm3_module *own = wasm3_module(module);

    if (!own->is_held || !pthread_equal(own->holder, pthread_self()))
        return;
    own->is_held = false;
    pthread_mutex_unlock(&own->compiling);
}

static const struct guest_tier wasm3_tier = {
    .name = "wasm3",
    .instance_size = sizeof(struct wasm3_guest),
    .close_module = close_module,
    .compile = compile,
    .called = called,
    .lock = lock_module,
    .unlock = unlock_module,
    .find_function = find_function,
    .find_host_function = tier_find_host_function,
    .open = tier_open,
    .close = tier_close,
    .begin = tier_begin,
    .resized = tier_resized,
    .invoke = tier_invoke,
    .invoke_table = tier_invoke_table,
    .start = tier_start,
    .poke = tier_poke,
    .set_native_stack = tier_set_native_stack,
    .trim_stack = tier_trim_stack,
};

/* Gives wasm3 the values of immutable globals, and of mutable ones their place in an instance
   (edits 20 and 21). */
static void place_globals(struct wasm3_module *module)
{
    const struct binary *binary = &module->base.binary;
    uint32_t place = 0;

    for (uint32_t i = 0; i < binary->global_count; i++)
        module->module->globals[i].intValue = binary->globals[i].is_mutable
                                                  ? place++
                                                  : (i64) binary->globals[i].value;
}

enum status wasm3_open_module(const uint8_t *wasm, size_t size,
                              const struct guest_libraries *libraries,
                              const struct guest_import_table *table, struct guest_module **opened,
                              struct error *error)
{
    struct wasm3_module *module = calloc(1, sizeof *module);
    enum status status;
    M3Result result;

    (void) libraries;
    if (!module)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a module");
    status = module_begin(&module->base, &wasm3_tier, wasm, size, error);
    if (!status && pthread_mutex_init(&module->compiling, NULL) != 0) {
        binary_close(&module->base.binary);
        status = error_set(error, STATUS_NO_MEMORY, "no mutex for a module");
    }
    if (status) {
        free(module);
        return status;
    }

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
#ifndef TIER_PLAIN
    tier_index_fusions(module->fusions);
#endif
    module->module->runtime = module->compiler;
    module->start_function = (uint32_t) module->module->startFunction;
    place_globals(module);
    result = InitElements(module->module);
    if (result) {
        status = error_set(error, STATUS_MODULE, "wasm3 cannot fill the table: %s", result);
        goto fail;
    }
    if (!tier_extend_table(module, module->base.binary.table_size)) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for a table of %u entries",
                           module->base.binary.table_size);
        goto fail;
    }
    status = tier_bind_imports(module, table, error);
    if (!status)
        status = tier_add_host_functions(module, table, error);
    if (status)
        goto fail;
    *opened = &module->base;
    return STATUS_OK;

fail:
    guest_module_close(&module->base);
    return status;
}

const uint16_t *tier_fusions(IM3Runtime compiler)
{
    const struct wasm3_module *module = compiler->userdata;

    return module ? module->fusions : NULL;
}

M3Result CompileFunction(IM3Function function)
{
    struct wasm3_module *module = function->module->runtime->userdata;
    M3Result result = m3Err_none;

    pthread_mutex_lock(&module->compiling);
    if (!function->compiled)
        result = tier_is_compiled(module, function) ? tier_bind_compiled(module, function)
                                                    : tier_compile(function);
    pthread_mutex_unlock(&module->compiling);
    return result;
}
