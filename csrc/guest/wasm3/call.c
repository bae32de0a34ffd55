/* Calls in both directions, and safe points. */
#include "guest/wasm3/internal.h"

static m3ret_t trap_of(enum guest_outcome outcome)
{
    switch (outcome) {
    case GUEST_RETURNED:
        return m3Err_none;
    case GUEST_LONGJMP:
        return tier_longjmp;
    case GUEST_EXITED:
        return tier_exit;
    case GUEST_TRAPPED:
        return tier_trap;
    }
    return tier_trap;
}

static enum guest_outcome outcome_of(struct guest *guest, m3ret_t trap)
{
    if (!trap)
        return GUEST_RETURNED;
    if (trap == tier_longjmp)
        return GUEST_LONGJMP;
    if (trap == tier_exit)
        return GUEST_EXITED;
    if (trap != tier_trap)
        guest->trap = trap;
    return GUEST_TRAPPED;
}

static enum guest_outcome call(struct interpreter *interpreter, IM3Function function,
                               const uint64_t *args, uint64_t *result)
{
    struct guest *guest = interpreter->guest;
    IM3FuncType type = function->funcType;
    uint64_t *frame = interpreter->runtime.stack;
    m3ret_t trap = m3Err_none;

    if (type->numArgs > GUEST_ARGUMENTS_MAX || type->numRets > 1 || (type->numArgs && !args))
        return guest_set_trap(guest, "a call from outside with the wrong number of arguments");
    if ((m3slot_t *) frame
        >= interpreter->stacks.value_last) /* the margin above it has the arguments */
        return guest_set_trap(guest, m3Err_trapStackOverflow);
    if (!__atomic_load_n(&function->compiled, __ATOMIC_ACQUIRE))
        trap = CompileFunction(function);
    if (!trap) {
        if (args)
            memcpy(frame + type->numRets, args, type->numArgs * sizeof *args);
        trap = tier_enter(function->compiled, (m3stack_t) frame, interpreter->header);
    }
    if (!trap && result) {
        *result = type->numRets ? frame[0] : 0;
        if (type->numRets && type->types[0] == c_m3Type_i32)
            *result = (uint32_t) *result; /* wasm3 writes half a slot */
    }
    return outcome_of(guest, trap);
}

enum guest_outcome interpreter_invoke(struct interpreter *interpreter, uint32_t function,
                                      const uint64_t *args, uint64_t *result)
{
    return call(interpreter, &interpreter->module->module->functions[function], args, result);
}

enum guest_outcome interpreter_invoke_element(struct interpreter *interpreter, uint32_t index,
                                              const uint64_t *args, uint64_t *result)
{
    return call(interpreter, interpreter->module->module->table0[index], args, result);
}

enum guest_outcome tier_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                               uint64_t *result)
{
    return interpreter_invoke(wasm3_interpreter(guest), function, args, result);
}

enum guest_outcome tier_start(struct guest *guest)
{
    uint32_t start = wasm3_module(guest->module)->start_function;

    return start == UINT32_MAX ? GUEST_RETURNED : tier_invoke(guest, start, NULL, NULL);
}

enum guest_outcome tier_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                     const char *parameters, const uint64_t *args, uint64_t *result)
{
    IM3Module module = wasm3_module(guest->module)->module;
    IM3Function function = index < module->table0Size ? module->table0[index] : NULL;

    if (index >= module->table0Size)
        return guest_set_trap(guest, m3Err_trapTableIndexOutOfRange);
    if (!function)
        return guest_set_trap(guest, m3Err_trapTableElementIsNull);
    if (!tier_has_type(function->funcType, result_type, parameters))
        return guest_set_trap(guest, m3Err_trapIndirectCallTypeMismatch);
    return call(wasm3_interpreter(guest), function, args, result);
}

m3ret_t tier_host_call(const struct tier_binding *binding, m3stack_t stack, M3MemoryHeader *memory)
{
    struct interpreter *interpreter = memory->runtime->userdata;
    uint64_t *slots = (uint64_t *) stack;
    void *frame = interpreter->runtime.stack;
    struct guest_call host_call = {
        .guest = interpreter->guest,
        .context = interpreter->guest->context,
        .type = binding->type,
        .args = slots + binding->result_count,
    };
    enum guest_outcome outcome;

    /* Calls that the handler makes put their frames above its arguments. */
    interpreter->runtime.stack = slots + binding->result_count + binding->argument_count;
    outcome = binding->handler(&host_call);
    interpreter->runtime.stack = frame;
    if (outcome == GUEST_RETURNED && binding->result_count)
        slots[0] = host_call.result;
    return trap_of(outcome);
}

m3ret_t tier_compiled_call(const void *code, IM3FuncType type, m3stack_t stack,
                           M3MemoryHeader *memory)
{
    struct interpreter *interpreter = memory->runtime->userdata;
    const struct interpreter_base *base = &interpreter->module->code;
    uint64_t *slots = (uint64_t *) stack;
    void *frame = interpreter->runtime.stack;
    uint64_t result;
    enum guest_outcome outcome;

    interpreter->runtime.stack = slots + type->numRets + type->numArgs;
    outcome = base->call(interpreter->guest, code, slots + type->numRets, &result);
    interpreter->runtime.stack = frame;
    if (outcome == GUEST_RETURNED && type->numRets)
        slots[0] = result;
    return trap_of(outcome);
}

void interpreter_poke(struct interpreter *interpreter)
{
    __atomic_store_n(&interpreter->header->countdown, 0, __ATOMIC_RELAXED);
}

void tier_poke(struct guest *guest)
{
    interpreter_poke(wasm3_interpreter(guest));
}

m3ret_t tier_safe_point(m3stack_t free_stack, M3MemoryHeader *memory)
{
    struct interpreter *interpreter = memory->runtime->userdata;
    struct guest *guest = interpreter->guest;
    void *frame = interpreter->runtime.stack;
    enum guest_outcome outcome;

    __atomic_store_n(&memory->countdown, TIER_SAFE_POINT_CALLS, __ATOMIC_RELAXED);
    if (!guest->poll)
        return m3Err_none;
    interpreter->runtime.stack = free_stack;
    outcome = guest->poll(guest->context);
    interpreter->runtime.stack = frame;
    return trap_of(outcome);
}
