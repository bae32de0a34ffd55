/* A module and an instance from the inside, and what the files of this tier share. */
#ifndef PGN_GUEST_WASM3_INTERNAL_H
#define PGN_GUEST_WASM3_INTERNAL_H

#include <pthread.h>

#include "guest/interpreter.h"
#include "guest/tier.h"
#include "guest/wasm3/tier.h"

struct tier_host_function;

struct wasm3_module {
    struct guest_module base;
    pthread_mutex_t compiling;
    bool is_held; /* the lock, by a thread that forks: holder */
    pthread_t holder;
    IM3Environment environment;
    IM3Runtime compiler; /* owns code pages; user data: this module */
    IM3Module module;
    struct tier_binding *bindings; /* one an import */
    struct tier_host_function *host_functions;
    uint32_t host_function_count;
    uint16_t fusions[TIER_FUSION_PLACES]; /* by operation: 0, or 1 and the row in fusions.h */
    uint32_t start_function;              /* UINT32_MAX: none */
    struct interpreter_base code;         /* module NULL: all functions are interpreted */
};

/* Of each stack the limit in force, and the last one, which is the same when no callback is set. */
struct tier_stacks {
    struct reservation values;           /* wasm3's value stack */
    const uint8_t *native, *native_last; /* grows down; NULL: not watched */
    const m3slot_t *value, *value_last;  /* grows up */
    guest_low low;
};

/* What interprets in an instance, be it this tier's or one of a tier that has code for other functions. */
struct interpreter {
    struct guest *guest;
    struct wasm3_module *module;
    M3Runtime runtime; /* its stack is where the next call from outside puts its frame */
    M3MemoryHeader *header;
    struct tier_stacks stacks;
};

struct wasm3_guest {
    struct guest base;
    struct interpreter interpreter;
};

static inline struct wasm3_module *wasm3_module(const struct guest_module *module)
{
    return (struct wasm3_module *) module;
}

static inline struct interpreter *wasm3_interpreter(const struct guest *guest)
{
    return &((struct wasm3_guest *) guest)->interpreter;
}

/* signature.c */
/* False when there are more parameters than GUEST_ARGUMENTS_MAX. */
bool tier_spell_type(IM3FuncType type, char spelled[GUEST_ARGUMENTS_MAX + 2]);
bool tier_has_type(IM3FuncType type, char result, const char *parameters);
/* NULL: the module has no such type. */
IM3FuncType tier_find_type(IM3Module module, const char *spelled);

/* import.c */
enum status tier_bind_imports(struct wasm3_module *module, const struct guest_import_table *table,
                              struct error *error);
/* Makes function, whose type is known, one that calls handler. False: no memory. */
bool tier_bind(struct wasm3_module *module, IM3Function function, guest_handler handler,
               struct tier_binding *binding);

/* table.c */
/* wasm3's table ends with the last element; the module's may go on. False: no memory. */
bool tier_extend_table(struct wasm3_module *module, uint32_t size);
/* Appends the functions that the host lends. */
enum status tier_add_host_functions(struct wasm3_module *module,
                                    const struct guest_import_table *table, struct error *error);
bool tier_find_host_function(const struct guest_module *module, const char *name, uint32_t *index);

/* instance.c: of struct guest_tier */
bool tier_open(struct guest *guest, size_t stack_size);
void tier_close(struct guest *guest);
void tier_begin(struct guest *guest);
void tier_resized(struct guest *guest);

/* call.c: of struct guest_tier */
enum guest_outcome tier_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                               uint64_t *result);
enum guest_outcome tier_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                     const char *parameters, const uint64_t *args,
                                     uint64_t *result);
enum guest_outcome tier_start(struct guest *guest);
void tier_poke(struct guest *guest);

/* compiled.c */
/* Has the function code of another tier's? */
bool tier_is_compiled(const struct wasm3_module *module, IM3Function function);
/* Makes it one that calls that code. */
M3Result tier_bind_compiled(struct wasm3_module *module, IM3Function function);

/* instance.c */
bool tier_attach(struct interpreter *interpreter, struct wasm3_module *module, struct guest *guest,
                 size_t stack_size);

/* stacks.c */
bool tier_open_stacks(struct tier_stacks *stacks, size_t value_size); /* false: no memory */
void tier_close_stacks(struct tier_stacks *stacks);
/* Puts the limits in force, which leave room for guest_low to do something about it. */
void tier_watch_stacks(struct interpreter *interpreter);
/* of struct guest_tier */
void tier_set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low);
void tier_trim_stack(struct guest *guest);

#endif
