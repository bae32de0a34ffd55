/* Between a module compiled ahead of time, which is a shared object of its own, and the tier that runs it.
 *
 * The shared object has one symbol, AOT_MODULE_SYMBOL, a struct aot_module. Its code gets the
 * instance as a pointer to the linear memory, before which the header lies; it keeps nothing anywhere
 * else, so one shared object serves all instances in all threads.
 */
#ifndef PGN_GUEST_AOT_ABI_H
#define PGN_GUEST_AOT_ABI_H

#include <stdint.h>

enum {
    AOT_ABI = 3, /* of this file: another number is another layout or another meaning */
    AOT_GLOBALS_MAX = 8,
    AOT_INTERPRETER_WORDS = 4
};

#define AOT_NO_TYPE UINT32_MAX /* of an element of the table that code does not call by itself */

#define AOT_MODULE_SYMBOL "pglite_aot_module"

enum aot_trap {
    AOT_TRAP_UNREACHABLE,
    AOT_TRAP_MEMORY, /* out of bounds */
    AOT_TRAP_DIVISION,
    AOT_TRAP_OVERFLOW,
    AOT_TRAP_CONVERSION
};

/* An instance as its code has it: the first byte of its linear memory, so that most accesses need no constant, or one of a
   single byte. */
struct aot_instance;
#define AOT_HEADER(instance) ((struct aot_header *) (instance) - 1)

typedef void (*aot_code)(void); /* of a function; its own type is said beside it */

/* What compiled code asks of the tier. */
struct aot_host {
    /* Import number `import`; slots as in guest_call. Returns only where the handler returned. */
    uint64_t (*call)(struct aot_instance *instance, uint32_t import, const uint64_t *slots);
    /* A function without code, a host's or one that is interpreted, by its index in the table. */
    uint64_t (*call_element)(struct aot_instance *instance, uint32_t index, const uint64_t *slots);
    /* What to call for a table index that the instance's table has not, or not with the caller's type: the
       stub of a host function or of an interpreted one, or it does not return. */
    aot_code (*find)(struct aot_instance *instance, uint32_t index, uint32_t type);
    /* A function was entered with the stack below stack_limit or the countdown at its end. */
    void (*look_around)(struct aot_instance *instance);
    void (*trap)(struct aot_instance *instance, enum aot_trap trap);
    /* memory.grow: the size before, in pages, or UINT32_MAX. */
    uint32_t (*grow)(struct aot_instance *instance, uint32_t pages);
    /* A large memory.fill with zeros, inside the memory. */
    void (*zero)(struct aot_instance *instance, uint64_t offset, uint64_t size);
};

struct aot_function {
    aot_code code; /* NULL: an empty element of the table */
    uint32_t type; /* AOT_NO_TYPE where code is NULL */
};

/* Ends where the linear memory begins. What every function asks for is in its last 128 bytes, which x86's short
   displacements reach. */
struct aot_header {
    const struct aot_function *table; /* the module's, with what was added to it */
    const aot_code *links;            /* as struct aot_module's say, in their order */
    void *guest;                      /* the tier's */
    uint64_t called;                  /* table index of what a stub is about to call */
    const uint8_t *stack_limit; /* set to the highest address, by any thread, to be looked around */
    int32_t countdown;
    uint32_t table_size;
    const struct aot_host *host;
    uint64_t globals[AOT_GLOBALS_MAX];           /* the mutable ones, as bits */
    uint64_t interpreter[AOT_INTERPRETER_WORDS]; /* of the tier that runs what has no code */
    uint64_t memory_size;
};

typedef void (*aot_enter)(aot_code code, struct aot_instance *instance, const uint64_t *slots,
                          uint64_t *result);

struct aot_type {
    const char *spelled; /* result, then parameters: v i j f d */
    aot_enter enter;     /* calls a function of this type */
    aot_code stub;       /* a function of this type that calls host->call_element */
};

struct aot_import {
    const char *module, *name, *type;
};

/* A function of the base that code which was added to it calls. */
struct aot_link {
    uint32_t place; /* an export's function index, or an element's index in the table */
    uint32_t is_element;
    uint32_t type;
};

struct aot_export {
    uint32_t index; /* of the function in the module */
    struct aot_function function;
};

/* A whole module; or the functions that were added to one, its base, which is a shared object of its own.
 * They have all types and imports of the two, those of the base first, with the numbers they have there. */
struct aot_module {
    uint32_t abi;
    uint32_t build_id_size;
    const uint8_t *build_id; /* of the module that was compiled */
    uint64_t reach;          /* no access is so far behind the memory's beginning */
    uint32_t type_count, import_count, export_count, table_size, global_count;
    const struct aot_type *types;
    const struct aot_import *imports;
    const struct aot_export *exports; /* sorted by index; none of the base's */
    const struct aot_function *table; /* from element table_start on */
    struct aot_function start;        /* code NULL: none */
    uint32_t table_start;             /* 0 of a whole module */
    uint32_t link_count;
    const struct aot_link *links;
};

#endif
