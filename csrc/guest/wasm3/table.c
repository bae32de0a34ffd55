/* The table of functions that guest code calls through: its size, and what the host lends it. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

/* A host function in the guest's table: guest code calls it as any function pointer. */
struct tier_lent {
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
enum status tier_lend(struct wasm3_module *module, const struct guest_offer *offer,
                      struct error *error)
{
    IM3Module m3 = module->module;
    uint32_t next = m3->table0Size;

    if (offer->lent_count == 0)
        return STATUS_OK;
    module->lent = calloc(offer->lent_count, sizeof *module->lent);
    if (!module->lent || !tier_extend_table(module, next + (uint32_t) offer->lent_count))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the table");
    for (size_t i = 0; i < offer->lent_count; i++) {
        const struct guest_lent *offered = &offer->lent[i];
        struct tier_lent *lent = &module->lent[module->lent_count];
        IM3FuncType type = tier_find_type(m3, offered->type);

        if (!type)
            continue;
        tier_spell_type(type, lent->binding.type);
        lent->function.funcType = type;
        if (!tier_bind(module, &lent->function, offered->handler, &lent->binding))
            return error_set(error, STATUS_NO_MEMORY, "no memory for code");
        lent->name = offered->name;
        lent->index = next++;
        m3->table0[lent->index] = &lent->function;
        module->lent_count++;
    }
    return STATUS_OK;
}

bool tier_find_lent(const struct guest_module *shared, const char *name, uint32_t *index)
{
    const struct wasm3_module *module = wasm3_module(shared);

    for (uint32_t i = 0; i < module->lent_count; i++) {
        if (strcmp(module->lent[i].name, name) != 0)
            continue;
        *index = module->lent[i].index;
        return true;
    }
    return false;
}
