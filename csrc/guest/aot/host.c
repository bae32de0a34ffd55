/* What compiled code asks of the tier: imports, host functions, looking around, traps. */
#include "guest/aot/internal.h"

static struct aot_guest *guest_of(const struct aot_instance *instance)
{
    return AOT_HEADER(instance)->guest;
}

static _Noreturn void trap(struct aot_guest *own, const char *reason)
{
    aot_unwind(own, guest_set_trap(&own->base, reason));
}

static uint64_t serve(struct aot_guest *own, guest_handler handler, const char *type,
                      const uint64_t *slots)
{
    struct guest_call call = {.guest = &own->base,
                              .context = own->base.context,
                              .type = type,
                              .args = slots};
    enum guest_outcome outcome = handler(&call);

    fault_enter(&own->scope); /* the handler may have waited, and this be another thread */
    if (outcome != GUEST_RETURNED)
        aot_unwind(own, outcome);
    return call.result;
}

static uint64_t call_import(struct aot_instance *instance, uint32_t import, const uint64_t *slots)
{
    struct aot_guest *own = guest_of(instance);
    const struct aot_module_state *module = aot_module(own->base.module);

    return serve(own, module->handlers[import], module->imports[import].type, slots);
}

static uint64_t call_interpreted(struct aot_guest *own, uint32_t index, const uint64_t *slots)
{
    uint64_t result = 0;
    enum guest_outcome outcome = interpreter_invoke_element(own->interpreter, index, slots,
                                                            &result);

    fault_enter(&own->scope); /* as after a handler */
    if (outcome != GUEST_RETURNED)
        aot_unwind(own, outcome);
    return result;
}

static uint64_t call_element(struct aot_instance *instance, uint32_t index, const uint64_t *slots)
{
    struct aot_guest *own = guest_of(instance);
    const struct aot_module_state *module = aot_module(own->base.module);
    const struct aot_host_function *function;

    if (index < module->table_size)
        return call_interpreted(own, index, slots);
    function = &module->host_functions[index - module->table_size];
    return serve(own, function->handler, module->types[function->type].spelled, slots);
}

/* An element that has no code. */
static const char *find_interpreted(const struct aot_module_state *module, uint32_t index,
                                    struct aot_function *function)
{
    uint32_t type = AOT_NO_TYPE;

    if (module->added.element_types && index >= module->code->table_size)
        type = module->added.element_types[index - module->code->table_size];
    if (type == AOT_NO_TYPE)
        return guest_trap_table_null;
    if (type == module->type_count)
        return guest_trap_table_type;
    function->type = type;
    function->code = module->types[type].stub;
    return NULL;
}

const char *aot_find(struct aot_guest *own, uint32_t index, struct aot_function *function)
{
    const struct aot_module_state *module = aot_module(own->base.module);

    if (index < module->table_size && module->table[index].code) {
        *function = module->table[index];
        return NULL;
    }
    own->header->called = index;
    if (index < module->table_size)
        return find_interpreted(module, index, function);
    if (index - module->table_size >= module->host_function_count)
        return guest_trap_table_range;
    function->type = module->host_functions[index - module->table_size].type;
    function->code = module->types[function->type].stub;
    return NULL;
}

static aot_code find(struct aot_instance *instance, uint32_t index, uint32_t type)
{
    struct aot_guest *own = guest_of(instance);
    struct aot_function function;
    const char *reason = aot_find(own, index, &function);

    if (!reason && function.type != type)
        reason = guest_trap_table_type;
    if (reason)
        trap(own, reason);
    return function.code;
}

static void watch_stack(struct aot_guest *own, const uint8_t *here)
{
    if (here >= own->stack)
        return;
    if (own->low)
        own->low(own->base.context);
    if (here < own->stack_last)
        trap(own, guest_trap_stack);
}

static void look_around(struct aot_instance *instance)
{
    struct aot_guest *own = guest_of(instance);
    const uint8_t *limit = __atomic_exchange_n(&AOT_HEADER(instance)->stack_limit, own->stack,
                                               __ATOMIC_ACQ_REL);
    bool due = limit != own->stack || AOT_HEADER(instance)->countdown < 0;

    watch_stack(own, __builtin_frame_address(0));
    if (!due)
        return;
    AOT_HEADER(instance)->countdown = AOT_SAFE_POINT_CALLS;
    if (own->base.poll) {
        enum guest_outcome outcome = own->base.poll(own->base.context);

        fault_enter(&own->scope);
        if (outcome != GUEST_RETURNED)
            aot_unwind(own, outcome);
    }
}

static void stop(struct aot_instance *instance, enum aot_trap reason)
{
    static const char *const reasons[] = {
        [AOT_TRAP_UNREACHABLE] = guest_trap_unreachable, [AOT_TRAP_MEMORY] = guest_trap_memory,
        [AOT_TRAP_DIVISION] = guest_trap_division,       [AOT_TRAP_OVERFLOW] = guest_trap_overflow,
        [AOT_TRAP_CONVERSION] = guest_trap_conversion,
    };

    trap(guest_of(instance), reasons[reason]);
}

/* A fault of compiled code: an access beyond the memory, or of more stack than a frame may have. */
_Noreturn void aot_recover(struct fault_scope *scope, const void *address)
{
    struct aot_guest *own = (struct aot_guest *) ((char *) scope
                                                  - offsetof(struct aot_guest, scope));
    const struct reservation *range = &own->base.range;
    bool inside = (uintptr_t) address - (uintptr_t) range->base
                  < range->limit + (size_t) GUEST_PAGE; /* the guard behind it belongs to it */

    trap(own, inside ? guest_trap_memory : guest_trap_stack);
}

static uint32_t grow(struct aot_instance *instance, uint32_t pages)
{
    struct guest *guest = &guest_of(instance)->base;
    uint32_t before = (uint32_t) (AOT_HEADER(instance)->memory_size / GUEST_PAGE);

    return guest_grow(guest, ((uint64_t) before + pages) * GUEST_PAGE) ? UINT32_MAX : before;
}

static void zero(struct aot_instance *instance, uint64_t offset, uint64_t size)
{
    memory_zero(&guest_of(instance)->base, offset, size);
}

const struct aot_host aot_host = {
    .call = call_import,
    .call_element = call_element,
    .find = find,
    .look_around = look_around,
    .trap = stop,
    .grow = grow,
    .zero = zero,
};
