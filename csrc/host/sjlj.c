/* setjmp and longjmp, Emscripten's JavaScript flavour.
 *
 * A function that calls setjmp reaches others only through an imported invoke_<type>, which catches
 * a longjmp; the guest then finds out by itself (setThrew, __THREW__) which setjmp it was for.
 * Upstream generates, for each type:
 *
 *     function invoke_<type>(index, ...args) {
 *         var sp = stackSave();                              1
 *         try { return getWasmTableEntry(index)(...args); }  2
 *         catch (e) {
 *             stackRestore(sp);                              3
 *             if (!(e instanceof EmscriptenEH)) throw e;     4
 *             _setThrew(1, 0);                               5
 *         }                                                  6: undefined, that is 0
 *     }
 *
 * One function serves every type: the import's own type, without the index, is the callee's.
 */
#include "host/abi.h"
#include "host/imports.h"

enum { INVOKE_INDEX = 1 }; /* the leading parameter of every invoke_* */

static enum guest_outcome set_threw(struct guest *guest)
{
    const uint64_t args[] = {1, 0};
    guest_function set_threw;

    if (!guest_module_function(guest_module_of(guest), "setThrew", &set_threw))
        return guest_set_trap(guest, "longjmp in a module without setThrew");
    return guest_invoke(guest, set_threw, args, NULL);
}

enum guest_outcome sjlj_invoke(struct guest_call *call)
{
    struct guest *guest = call->guest;
    uint64_t result = 0;

    /* The prefix invoke_ admits any type; ours need an index. */
    if (call->type[1] != 'i')
        return guest_set_trap(guest, "invoke_* without a table index");

    uint32_t stack_pointer = guest_stack_pointer(guest); /* 1 */
    enum guest_outcome outcome = guest_invoke_table(guest, arg_u32(call, 0), call->type[0],
                                                    call->type + 1 + INVOKE_INDEX,
                                                    call->args + INVOKE_INDEX, &result); /* 2 */

    if (outcome == GUEST_RETURNED) {
        call->result = result;
        return GUEST_RETURNED;
    }
    guest_set_stack_pointer(guest, stack_pointer); /* 3 */
    if (outcome != GUEST_LONGJMP)
        return outcome;      /* 4 */
    call->result = 0;        /* 6 */
    return set_threw(guest); /* 5 */
}

enum guest_outcome sjlj_throw_longjmp(struct guest_call *call)
{
    (void) call;
    return GUEST_LONGJMP;
}
