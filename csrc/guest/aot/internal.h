/* A module and an instance from the inside, and what the files of this tier share. */
#ifndef PGN_GUEST_AOT_INTERNAL_H
#define PGN_GUEST_AOT_INTERNAL_H

#include <setjmp.h>

#include "guest/aot/abi.h"
#include "guest/tier.h"
#include "platform/fault.h"

enum {
    /* Guest calls between two looks at timers; at some 5 ns a call, about 0.1 ms. */
    AOT_SAFE_POINT_CALLS = 16384
};

/* Of a host function, what import's context is of an import. */
struct aot_host_function {
    const char *name;
    guest_handler handler;
    uint32_t type;
};

struct aot_module_state {
    struct guest_module base;
    const struct aot_module *code;
    guest_handler *handlers;                  /* one an import */
    struct aot_host_function *host_functions; /* their table indices follow the module's own */
    uint32_t host_function_count;
};

/* Where what is unwound ends: a call from outside. On the stack. */
struct aot_landing {
    jmp_buf registers;
    struct aot_landing *outer;
};

struct aot_guest {
    struct guest base;
    struct fault_scope scope;
    struct aot_header *header;
    struct aot_landing *landing;       /* the innermost; NULL: no call is in progress */
    const uint8_t *stack, *stack_last; /* the limit in force; and the last one */
    guest_low low;
};

static inline struct aot_module_state *aot_module(const struct guest_module *module)
{
    return (struct aot_module_state *) module;
}

static inline struct aot_guest *aot_guest(const struct guest *guest)
{
    return (struct aot_guest *) guest;
}

/* Ends what is in progress; the innermost call from outside has this outcome. */
_Noreturn void aot_unwind(struct aot_guest *own, enum guest_outcome outcome);

/* call.c: of struct guest_tier */
enum guest_outcome aot_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                              uint64_t *result);
enum guest_outcome aot_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                    const char *parameters, const uint64_t *args, uint64_t *result);
enum guest_outcome aot_start(struct guest *guest);

/* host.c */
extern const struct aot_host aot_host;
_Noreturn void aot_recover(struct fault_scope *scope, const void *address);
/* The table's entry, or a trap's reason. */
const char *aot_find(struct aot_guest *own, uint32_t index, struct aot_function *function);

#endif
