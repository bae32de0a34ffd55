/* The table of functions that guest code calls through: its size, and what the host lends it. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

/* A host function in the guest's table: guest code calls it as any function pointer. */
struct tier_host_function {
    const char *name;
    uint32_t index;
    M3Function function;
    struct tier_binding binding;
};

bool tier_extend_table(struct wasm3_module *module, uint32_t size)
{
    IM3Module m3 = module->module;
    IM3Function *table;

    if (size <= m3->table0Size)
        return true;
    if (size > d_m3MaxSaneTableSize)
        return false;
    table = m3_ReallocArray(IM3Function, m3->table0, size, m3->table0Size);
    if (!table)
        return false;
    m3->table0 = table;
    m3->table0Size = size;
    return true;
}

/* Those whose type the module knows: no other could be called through the table. */
enum status tier_add_host_functions(struct wasm3_module *module,
                                    const struct guest_import_table *table, struct error *error)
{
    IM3Module m3 = module->module;
    uint32_t next = m3->table0Size;

    if (table->host_function_count == 0)
        return STATUS_OK;
    module->host_functions = calloc(table->host_function_count, sizeof *module->host_functions);
    if (!module->host_functions
        || !tier_extend_table(module, next + (uint32_t) table->host_function_count))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the table");
    for (size_t i = 0; i < table->host_function_count; i++) {
        const struct guest_host_function *offered = &table->host_functions[i];
        struct tier_host_function *function = &module->host_functions[module->host_function_count];
        IM3FuncType type = tier_find_type(m3, offered->type);

        if (!type)
            continue;
        tier_spell_type(type, function->binding.type);
        function->function.funcType = type;
        if (!tier_bind(module, &function->function, offered->handler, &function->binding))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
        function->name = offered->name;
        function->index = next++;
        m3->table0[function->index] = &function->function;
        module->host_function_count++;
    }
    return STATUS_OK;
}

bool tier_find_host_function(const struct guest_module *shared, const char *name, uint32_t *index)
{
    const struct wasm3_module *module = wasm3_module(shared);

    for (uint32_t i = 0; i < module->host_function_count; i++) {
        if (strcmp(module->host_functions[i].name, name) != 0)
            continue;
        *index = module->host_functions[i].index;
        return true;
    }
    return false;
}
