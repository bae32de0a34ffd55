/* A module and an instance from the inside, and what the files of this tier offer each other. */
#ifndef PGN_GUEST_WASM3_INTERNAL_H
#define PGN_GUEST_WASM3_INTERNAL_H

#include <pthread.h>

#include "guest/binary.h"
#include "guest/wasm3/tier.h"
#include "platform/reservation.h"

struct tier_lent;

struct guest_module {
    struct binary binary;
    pthread_mutex_t compiling;
    IM3Environment environment;
    IM3Runtime compiler; /* owns code pages; user data: this module */
    IM3Module module;
    struct tier_binding *bindings; /* one an import */
    struct tier_lent *lent;
    uint32_t lent_count;
    uint32_t start_function;             /* UINT32_MAX: none */
    uint64_t globals[GUEST_GLOBALS_MAX]; /* initial values of the mutable ones */
    uint32_t global_count;
};

/* Of each stack the limit in force, and the last one, which is the same when nobody is told. */
struct tier_stacks {
    struct reservation values;           /* wasm3's value stack */
    const uint8_t *native, *native_last; /* grows down; NULL: not watched */
    const m3slot_t *value, *value_last;  /* grows up */
    guest_low low;
};

struct guest {
    M3Runtime runtime; /* its stack is where the next call from outside puts its frame */
    M3MemoryHeader *header;
    struct guest_module *module;
    void *context;
    guest_poll poll;
    const char *trap;
    int exit_code;
    struct reservation memory;
    struct tier_stacks stacks;
};

/* signature.c */
/* False when there are more parameters than GUEST_ARGUMENTS_MAX. */
bool tier_spell_type(IM3FuncType type, char spelled[GUEST_ARGUMENTS_MAX + 2]);
bool tier_has_type(IM3FuncType type, const char *spelled);
/* NULL: the module has no such type. */
IM3FuncType tier_find_type(IM3Module module, const char *spelled);

/* import.c */
enum status tier_bind_imports(struct guest_module *module, const struct guest_offer *offer,
                              struct error *error);
/* Makes function, whose type is known, one that calls handler. False: no memory. */
bool tier_bind(struct guest_module *module, IM3Function function, guest_handler handler,
               struct tier_binding *binding);

/* table.c */
/* wasm3's table ends with the last element; the module's may go on. False: no memory. */
bool tier_extend_table(struct guest_module *module, uint32_t size);
/* Appends the functions that the host lends. */
enum status tier_lend(struct guest_module *module, const struct guest_offer *offer,
                      struct error *error);

/* stacks.c */
bool tier_open_stacks(struct tier_stacks *stacks, size_t value_size); /* false: no memory */
void tier_close_stacks(struct tier_stacks *stacks);
/* Puts the limits in force, which leave room for guest_low to do something about it. */
void tier_watch_stacks(struct guest *guest);

#endif
