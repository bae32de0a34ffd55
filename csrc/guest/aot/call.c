/* Calls from outside. Code leaves one in two ways: it returns, or it is unwound to here by longjmp, over
 * frames of its own only: between two calls from outside there is always a handler, which returns.
 */
#include "guest/aot/internal.h"

_Noreturn void aot_unwind(struct aot_guest *own, enum guest_outcome outcome)
{
    jump_to(own->landing->registers, (int) outcome);
}

static enum guest_outcome call(struct aot_guest *own, const struct aot_function *function,
                               const uint64_t *args, uint64_t *result)
{
    const struct aot_type *type = &aot_module(own->base.module)->types[function->type];
    struct aot_landing landing = {.outer = own->landing};
    struct fault_scope *outer_scope = fault_enter(&own->scope);
    uint64_t unused;
    int outcome;

    own->landing = &landing;
    outcome = jump_mark(landing.registers);
    if (outcome == GUEST_RETURNED)
        type->enter(function->code, (struct aot_instance *) own->base.memory, args,
                    result ? result : &unused);
    own->landing = landing.outer;
    fault_enter(outer_scope);
    return (enum guest_outcome) outcome;
}

static enum guest_outcome check_and_call(struct guest *guest, const struct aot_function *function,
                                         const uint64_t *args, uint64_t *result)
{
    const char *type = aot_module(guest->module)->types[function->type].spelled;
    size_t count = strlen(type) - 1;

    if (count > GUEST_ARGUMENTS_MAX || (count && !args))
        return guest_set_trap(guest, "a call from outside with the wrong number of arguments");
    if (result)
        *result = 0;
    return call(aot_guest(guest), function, args, result);
}

enum guest_outcome aot_call(struct guest *guest, const void *code, const uint64_t *args,
                            uint64_t *result)
{
    return call(aot_guest(guest), code, args, result);
}

bool aot_find_export(const struct aot_module *code, uint32_t index, uint32_t *position)
{
    uint32_t low = 0, high = code->export_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (code->exports[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    *position = low;
    return low < code->export_count && code->exports[low].index == index;
}

/* Counted on: the exports of the module's code, then those of what was added, or all functions that are interpreted. */
bool aot_find_function(const struct guest_module *shared, uint32_t index, guest_function *function)
{
    const struct aot_module_state *module = aot_module(shared);
    const struct aot_added *added = &module->added;
    const struct binary *binary = &shared->binary;
    bool found;

    if (!added->table)
        return aot_find_export(module->code, index, function);
    if (index < binary->first_function)
        return index >= binary->new_imports
               && aot_find_export(module->code, index - binary->new_imports, function);
    if (added->interpreted) {
        *function = module->code->export_count + index;
        return true;
    }
    found = aot_find_export(added->code, index, function);
    *function += module->code->export_count;
    return found;
}

enum guest_outcome aot_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                              uint64_t *result)
{
    const struct aot_module_state *module = aot_module(guest->module);
    uint32_t own_count = module->code->export_count;

    if (function < own_count)
        return check_and_call(guest, &module->code->exports[function].function, args, result);
    function -= own_count;
    if (module->added.interpreted)
        return interpreter_invoke(aot_guest(guest)->interpreter, function, args, result);
    return check_and_call(guest, &module->added.code->exports[function].function, args, result);
}

enum guest_outcome aot_start(struct guest *guest)
{
    const struct aot_function *start = &aot_module(guest->module)->code->start;

    return start->code ? check_and_call(guest, start, NULL, NULL) : GUEST_RETURNED;
}

static bool has_type(const char *spelled, char result, const char *parameters)
{
    return spelled[0] == result && strcmp(spelled + 1, parameters) == 0;
}

/* An element that is interpreted, whatever its type. */
static enum guest_outcome invoke_interpreted(struct guest *guest, uint32_t index, char result_type,
                                             const char *parameters, const uint64_t *args,
                                             uint64_t *result)
{
    const struct aot_module_state *module = aot_module(guest->module);
    char type[GUEST_ARGUMENTS_MAX + 2];
    uint32_t function;

    if (!interpreter_element(module->added.interpreted, index, &function, type))
        return guest_set_trap(guest, guest_trap_table_null);
    if (!has_type(type, result_type, parameters))
        return guest_set_trap(guest, guest_trap_table_type);
    return interpreter_invoke(aot_guest(guest)->interpreter, function, args, result);
}

enum guest_outcome aot_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                    const char *parameters, const uint64_t *args, uint64_t *result)
{
    const struct aot_module_state *module = aot_module(guest->module);
    struct aot_function function;
    const char *reason;

    if (module->added.interpreted && index >= module->code->table_size && index < module->table_size
        && !module->table[index].code)
        return invoke_interpreted(guest, index, result_type, parameters, args, result);
    reason = aot_find(aot_guest(guest), index, &function);
    if (!reason && !has_type(module->types[function.type].spelled, result_type, parameters))
        reason = guest_trap_table_type;
    if (reason)
        return guest_set_trap(guest, reason);
    return call(aot_guest(guest), &function, args, result);
}
