/* Between a module compiled ahead of time, which is a shared object of its own, and the tier that runs it.
 *
 * The shared object has one symbol, AOT_MODULE_SYMBOL, a struct aot_module. Its code gets the
 * instance as a pointer to the header, behind which the linear memory begins; it keeps nothing anywhere
 * else, so one shared object serves all instances in all threads.
 */
#ifndef PGN_GUEST_AOT_ABI_H
#define PGN_GUEST_AOT_ABI_H

#include <stdint.h>

enum {
    AOT_ABI = 1, /* of this file: another number is another layout or another meaning */
    AOT_GLOBALS_MAX = 32
};

#define AOT_MODULE_SYMBOL "pglite_aot_module"

enum aot_trap {
    AOT_TRAP_UNREACHABLE,
    AOT_TRAP_MEMORY, /* out of bounds */
    AOT_TRAP_DIVISION,
    AOT_TRAP_OVERFLOW,
    AOT_TRAP_CONVERSION
};

struct aot_header;

typedef void (*aot_code)(void); /* of a function; its own type is said beside it */

/* What compiled code asks of the tier. */
struct aot_host {
    /* Import number `import`; slots as in guest_call. Returns only where the handler returned. */
    uint64_t (*call)(struct aot_header *instance, uint32_t import, const uint64_t *slots);
    /* A host function, by its index in the table. */
    uint64_t (*call_host_function)(struct aot_header *instance, uint32_t index,
                                   const uint64_t *slots);
    /* What to call for a table index that is beyond the module's own elements, null, or of another type
       than the caller's: a host function's stub, or it does not return. */
    aot_code (*find)(struct aot_header *instance, uint32_t index, uint32_t type);
    /* A function was entered with the stack below stack_limit or the countdown at its end. */
    void (*look_around)(struct aot_header *instance);
    void (*trap)(struct aot_header *instance, enum aot_trap trap);
    /* memory.grow: the size before, in pages, or UINT32_MAX. */
    uint32_t (*grow)(struct aot_header *instance, uint32_t pages);
    /* A large memory.fill with zeros, inside the memory. */
    void (*zero)(struct aot_header *instance, uint64_t offset, uint64_t size);
};

/* Ends where the linear memory begins. */
struct aot_header {
    uint64_t globals[AOT_GLOBALS_MAX]; /* the mutable ones, as bits */
    uint64_t memory_size;
    const struct aot_host *host;
    void *guest;                /* the tier's */
    const uint8_t *stack_limit; /* set to the highest address, by any thread, to be looked around */
    uint64_t host_function;     /* the host function that is about to be called */
    int32_t countdown, reserved;
};

typedef void (*aot_enter)(aot_code code, struct aot_header *instance, const uint64_t *slots,
                          uint64_t *result);

struct aot_type {
    const char *spelled; /* result, then parameters: v i j f d */
    aot_enter enter;     /* calls a function of this type */
    aot_code host_stub;  /* a function of this type that calls host->call_host_function */
};

struct aot_import {
    const char *module, *name, *type;
};

struct aot_function {
    aot_code code; /* NULL: an empty element of the table */
    uint32_t type;
};

struct aot_export {
    uint32_t index; /* of the function in the module */
    struct aot_function function;
};

struct aot_module {
    uint32_t abi;
    uint32_t build_id_size;
    const uint8_t *build_id; /* of the module that was compiled */
    uint64_t reach;          /* no access is so far behind the memory's beginning */
    uint32_t type_count, import_count, export_count, table_size, global_count;
    const struct aot_type *types;
    const struct aot_import *imports;
    const struct aot_export *exports; /* sorted by index */
    const struct aot_function *table;
    struct aot_function start; /* code NULL: none */
};

#endif
