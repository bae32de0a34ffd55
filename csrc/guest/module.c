/* Modules: what the tiers share of them. */
#include <stdlib.h>

#include "guest/tier.h"

/* wasm3's sentences, for traps of other tiers: what an error says does not depend on the tier. */
const char guest_trap_unreachable[] = "[trap] unreachable executed";
const char guest_trap_memory[] = "[trap] out of bounds memory access";
const char guest_trap_division[] = "[trap] integer divide by zero";
const char guest_trap_overflow[] = "[trap] integer overflow";
const char guest_trap_conversion[] = "[trap] invalid conversion to integer";
const char guest_trap_table_range[] = "[trap] undefined element";
const char guest_trap_table_null[] = "[trap] null table element";
const char guest_trap_table_type[] = "[trap] indirect call type mismatch";
const char guest_trap_stack[] = "[trap] stack overflow";

static enum status collect_globals(struct guest_module *module, struct error *error)
{
    for (uint32_t i = 0; i < module->binary.global_count; i++) {
        const struct binary_global *global = &module->binary.globals[i];

        if (!global->is_mutable)
            continue;
        if (module->global_count == GUEST_GLOBALS_MAX)
            return error_set(error, STATUS_MODULE, "more than %d mutable globals",
                             (int) GUEST_GLOBALS_MAX);
        module->globals[module->global_count++] = global->value;
    }
    return STATUS_OK;
}

enum status module_begin(struct guest_module *module, const struct guest_tier *tier,
                         const uint8_t *wasm, size_t size, struct error *error)
{
    enum status status;

    if (size > UINT32_MAX)
        return error_set(error, STATUS_MODULE, "a module of %zu bytes", size);
    status = binary_read(wasm, size, &module->binary, error);
    if (status)
        return status;
    module->tier = tier;
    module->reach = GUEST_MEMORY_MAX;
    status = collect_globals(module, error);
    if (status)
        binary_close(&module->binary);
    return status;
}

void guest_module_close(struct guest_module *module)
{
    if (!module)
        return;
    module->tier->close_module(module);
    binary_close(&module->binary);
    free(module);
}

void guest_module_lock(struct guest_module *module)
{
    if (module->tier->lock)
        module->tier->lock(module);
}

void guest_module_unlock(struct guest_module *module)
{
    if (module->tier->unlock)
        module->tier->unlock(module);
}

enum status guest_module_compile(struct guest_module *module, struct error *error)
{
    return module->tier->compile ? module->tier->compile(module, error) : STATUS_OK;
}

size_t guest_module_called(const struct guest_module *module, uint32_t *indices, size_t size)
{
    return module->tier->called ? module->tier->called(module, indices, size) : 0;
}

const char *guest_module_tier(const struct guest_module *module)
{
    return module->tier->name;
}

const char *guest_module_added_tier(const struct guest_module *module)
{
    if (!module->binary.base_id)
        return NULL;
    return module->tier->added ? module->tier->added(module) : module->tier->name;
}

bool guest_module_function(const struct guest_module *module, const char *name,
                           guest_function *function)
{
    const struct binary_export *export = binary_find(&module->binary, name, BINARY_FUNCTION);

    return export && module->tier->find_function(module, export->index, function);
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

bool guest_module_host_function(const struct guest_module *module, const char *name,
                                uint32_t *index)
{
    return module->tier->find_host_function(module, name, index);
}
