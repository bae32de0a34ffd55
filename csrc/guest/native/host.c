/* What compiled code asks of the tier: imports, lent functions, looking around, traps. */
#include "guest/native/internal.h"

static struct native_guest *guest_of(const struct native_header *header)
{
    return header->guest;
}

static _Noreturn void trap(struct native_guest *own, const char *reason)
{
    native_unwind(own, guest_set_trap(&own->base, reason));
}

static uint64_t serve(struct native_guest *own, guest_handler handler, const char *type,
                      const uint64_t *slots)
{
    struct guest_call call = {.guest = &own->base,
                              .context = own->base.context,
                              .type = type,
                              .args = slots};
    enum guest_outcome outcome = handler(&call);

    fault_enter(&own->scope); /* the handler may have waited, and this be another thread */
    if (outcome != GUEST_RETURNED)
        native_unwind(own, outcome);
    return call.result;
}

static uint64_t call_import(struct native_header *header, uint32_t import, const uint64_t *slots)
{
    struct native_guest *own = guest_of(header);
    const struct native_module_state *module = native_module(own->base.module);

    return serve(own, module->handlers[import], module->code->imports[import].type, slots);
}

static uint64_t call_lent(struct native_header *header, uint32_t index, const uint64_t *slots)
{
    struct native_guest *own = guest_of(header);
    const struct native_module_state *module = native_module(own->base.module);
    const struct native_lent *lent = &module->lent[index - module->code->table_size];

    return serve(own, lent->handler, module->code->types[lent->type].spelled, slots);
}

const char *native_find(struct native_guest *own, uint32_t index, struct native_function *function)
{
    const struct native_module_state *module = native_module(own->base.module);
    const struct native_module *code = module->code;

    if (index < code->table_size) {
        *function = code->table[index];
        return function->code ? NULL : guest_trap_table_null;
    }
    if (index - code->table_size >= module->lent_count)
        return guest_trap_table_range;
    function->type = module->lent[index - code->table_size].type;
    function->code = code->types[function->type].lent;
    own->header->lent = index;
    return NULL;
}

static native_code find(struct native_header *header, uint32_t index, uint32_t type)
{
    struct native_guest *own = guest_of(header);
    struct native_function function;
    const char *reason = native_find(own, index, &function);

    if (!reason && function.type != type)
        reason = guest_trap_table_type;
    if (reason)
        trap(own, reason);
    return function.code;
}

static void watch_stack(struct native_guest *own, const uint8_t *here)
{
    if (here >= own->stack)
        return;
    if (own->low)
        own->low(own->base.context);
    if (here < own->stack_last)
        trap(own, guest_trap_stack);
}

static void look_around(struct native_header *header)
{
    struct native_guest *own = guest_of(header);
    const uint8_t *limit = __atomic_exchange_n(&header->stack_limit, own->stack, __ATOMIC_ACQ_REL);
    bool due = limit != own->stack || header->countdown < 0;

    watch_stack(own, __builtin_frame_address(0));
    if (!due)
        return;
    header->countdown = NATIVE_SAFE_POINT_CALLS;
    if (own->base.poll) {
        enum guest_outcome outcome = own->base.poll(own->base.context);

        fault_enter(&own->scope);
        if (outcome != GUEST_RETURNED)
            native_unwind(own, outcome);
    }
}

static void stop(struct native_header *header, enum native_trap reason)
{
    static const char *const reasons[] = {
        [NATIVE_TRAP_UNREACHABLE] = guest_trap_unreachable,
        [NATIVE_TRAP_MEMORY] = guest_trap_memory,
        [NATIVE_TRAP_DIVISION] = guest_trap_division,
        [NATIVE_TRAP_OVERFLOW] = guest_trap_overflow,
        [NATIVE_TRAP_CONVERSION] = guest_trap_conversion,
    };

    trap(guest_of(header), reasons[reason]);
}

/* A fault of compiled code: an access beyond the memory, or of more stack than a frame may have. */
_Noreturn void native_recover(struct fault_scope *scope, const void *address)
{
    struct native_guest *own = (struct native_guest *) ((char *) scope
                                                        - offsetof(struct native_guest, scope));
    const struct reservation *range = &own->base.range;
    bool inside = (uintptr_t) address - (uintptr_t) range->base
                  < range->limit + (size_t) GUEST_PAGE; /* the guard behind it belongs to it */

    trap(own, inside ? guest_trap_memory : guest_trap_stack);
}

static uint32_t grow(struct native_header *header, uint32_t pages)
{
    struct guest *guest = &guest_of(header)->base;
    uint32_t before = (uint32_t) (header->memory_size / GUEST_PAGE);

    return guest_grow(guest, ((uint64_t) before + pages) * GUEST_PAGE) ? UINT32_MAX : before;
}

static void zero(struct native_header *header, uint64_t offset, uint64_t size)
{
    memory_zero(&guest_of(header)->base, offset, size);
}

const struct native_host native_host = {
    .call = call_import,
    .call_lent = call_lent,
    .find = find,
    .look_around = look_around,
    .trap = stop,
    .grow = grow,
    .zero = zero,
};
