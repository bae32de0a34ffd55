/* A module and an instance from the inside, and what the files of this tier share. */
#ifndef PGN_GUEST_AOT_INTERNAL_H
#define PGN_GUEST_AOT_INTERNAL_H

#include "guest/aot/abi.h"
#include "guest/interpreter.h"
#include "guest/tier.h"
#include "platform/fault.h"
#include "platform/jump.h"

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

/* What was added to a module that was compiled, if anything was: its code, or, where it has none, the whole module
   for the interpreter. */
struct aot_added {
    const struct aot_module *code;
    struct guest_module *interpreted;
    struct aot_function *table; /* of both, from element 0 on */
    aot_code *links;
    /* Of interpreted elements: the number of a type; AOT_NO_TYPE of null, type_count of what only they can call. */
    uint32_t *element_types;
};

struct aot_module_state {
    struct guest_module base;
    const struct aot_module *code;
    struct aot_added added;
    /* Of all: code's, or those of what was added, which begin with them. */
    const struct aot_type *types;
    const struct aot_import *imports;
    const struct aot_function *table;
    uint32_t type_count, import_count, table_size;
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
    struct interpreter *interpreter;   /* of what was added and has no code; else NULL */
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

/* Loads a shared object, of this ABI. */
enum status aot_load(const char *path, const struct aot_module **code, struct error *error);

/* added.c */
/* Finds what was added to the module's code, in a shared object or, library NULL, to be interpreted. */
enum status aot_open_added(struct aot_module_state *module, const uint8_t *wasm, size_t size,
                           const char *library, const struct guest_import_table *table,
                           struct error *error);
void aot_close_added(struct aot_added *added);

/* call.c */
/* The position in code->exports of a function, by its own index; false: it is not exported. */
bool aot_find_export(const struct aot_module *code, uint32_t index, uint32_t *position);
/* Of struct interpreter_base; code is a struct aot_function. */
enum guest_outcome aot_call(struct guest *guest, const void *code, const uint64_t *args,
                            uint64_t *result);

/* call.c: of struct guest_tier */
bool aot_find_function(const struct guest_module *module, uint32_t index, guest_function *function);
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
