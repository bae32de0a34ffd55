/* Calls from outside. Code leaves one in two ways: it returns, or it is unwound to here by longjmp, over
 * frames of its own only: between two calls from outside there is always a handler, which returns.
 */
#include "guest/aot/internal.h"

_Noreturn void aot_unwind(struct aot_guest *own, enum guest_outcome outcome)
{
    _longjmp(own->landing->registers, (int) outcome);
}

static enum guest_outcome call(struct aot_guest *own, const struct aot_function *function,
                               const uint64_t *args, uint64_t *result)
{
    const struct aot_type *type = &aot_module(own->base.module)->code->types[function->type];
    struct aot_landing landing = {.outer = own->landing};
    struct fault_scope *outer_scope = fault_enter(&own->scope);
    uint64_t unused;
    int outcome;

    own->landing = &landing;
    outcome = _setjmp(landing.registers);
    if (outcome == GUEST_RETURNED)
        type->enter(function->code, own->header, args, result ? result : &unused);
    own->landing = landing.outer;
    fault_enter(outer_scope);
    return (enum guest_outcome) outcome;
}

static enum guest_outcome check_and_call(struct guest *guest, const struct aot_function *function,
                                         const uint64_t *args, uint64_t *result)
{
    const char *type = aot_module(guest->module)->code->types[function->type].spelled;
    size_t count = strlen(type) - 1;

    if (count > GUEST_ARGUMENTS_MAX || (count && !args))
        return guest_set_trap(guest, "a call from outside with the wrong number of arguments");
    if (result)
        *result = 0;
    return call(aot_guest(guest), function, args, result);
}

enum guest_outcome aot_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                              uint64_t *result)
{
    const struct aot_module *code = aot_module(guest->module)->code;

    return check_and_call(guest, &code->exports[function].function, args, result);
}

enum guest_outcome aot_start(struct guest *guest)
{
    const struct aot_function *start = &aot_module(guest->module)->code->start;

    return start->code ? check_and_call(guest, start, NULL, NULL) : GUEST_RETURNED;
}

static bool has_type(const struct guest *guest, const struct aot_function *function, char result,
                     const char *parameters)
{
    const char *spelled = aot_module(guest->module)->code->types[function->type].spelled;

    return spelled[0] == result && strcmp(spelled + 1, parameters) == 0;
}

enum guest_outcome aot_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                    const char *parameters, const uint64_t *args, uint64_t *result)
{
    struct aot_function function;
    const char *reason = aot_find(aot_guest(guest), index, &function);

    if (!reason && !has_type(guest, &function, result_type, parameters))
        reason = guest_trap_table_type;
    if (reason)
        return guest_set_trap(guest, reason);
    return call(aot_guest(guest), &function, args, result);
}
