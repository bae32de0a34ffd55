/* Functions that another tier has code of, in a module of which this one interprets the rest. */
#include <stdlib.h>

#include "guest/wasm3/internal.h"

enum { CALL_WORDS = 3 };

static uint32_t index_of(const struct wasm3_module *module, IM3Function function)
{
    return (uint32_t) (function - module->module->functions);
}

bool tier_is_compiled(const struct wasm3_module *module, IM3Function function)
{
    return module->code.module && index_of(module, function) < module->code.first_function;
}

/* By its index if it is exported, else by where it is in the table. */
static const void *find_code(const struct wasm3_module *module, IM3Function function)
{
    const struct interpreter_base *base = &module->code;
    IM3Module m3 = module->module;
    const void *code = base->find_export(base->module, index_of(module, function));

    for (uint32_t i = 0; !code && i < m3->table0Size; i++)
        if (m3->table0[i] == function)
            code = base->find_element(base->module, i);
    return code;
}

M3Result tier_bind_compiled(struct wasm3_module *module, IM3Function function)
{
    const void *code = find_code(module, function);
    IM3CodePage page;
    pc_t start;

    if (!code)
        return "a function that was added calls one that is neither exported nor in the table";
    page = AcquireCodePageWithCapacity(module->compiler, CALL_WORDS);
    if (!page)
        return m3Err_mallocFailedCodePage;
    start = GetPagePC(page);
    tier_emit_compiled_call(page, code, function->funcType);
    ReleaseCodePage(module->compiler, page);
    __atomic_store_n(&function->compiled, start, __ATOMIC_RELEASE);
    return m3Err_none;
}

enum status interpreter_open(const uint8_t *wasm, size_t size,
                             const struct guest_import_table *table,
                             const struct interpreter_base *base, struct guest_module **module,
                             struct error *error)
{
    enum status status = wasm3_open_module(wasm, size, NULL, table, module, error);

    if (!status)
        wasm3_module(*module)->code = *base;
    return status;
}

bool interpreter_element(const struct guest_module *module, uint32_t index, uint32_t *function,
                         char type[GUEST_ARGUMENTS_MAX + 2])
{
    const struct wasm3_module *own = wasm3_module(module);
    IM3Function found = index < own->module->table0Size ? own->module->table0[index] : NULL;

    if (!found || !tier_spell_type(found->funcType, type))
        return false;
    *function = index_of(own, found);
    return true;
}

struct interpreter *interpreter_attach(struct guest_module *module, struct guest *guest,
                                       size_t stack_size)
{
    struct interpreter *interpreter = calloc(1, sizeof *interpreter);

    if (interpreter && !tier_attach(interpreter, wasm3_module(module), guest, stack_size)) {
        interpreter_detach(interpreter);
        return NULL;
    }
    return interpreter;
}

void interpreter_detach(struct interpreter *interpreter)
{
    if (!interpreter)
        return;
    tier_close_stacks(&interpreter->stacks);
    free(interpreter);
}
