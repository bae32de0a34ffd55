/* The guest: one WebAssembly instance, whatever tier executes it.
 *
 * A module is parsed once and shared; an instance is data: its linear memory (a reservation whose
 * preceding page holds the mutable globals) and a value stack. Nothing here knows PostgreSQL.
 */
#ifndef PGN_GUEST_GUEST_H
#define PGN_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

enum {
    GUEST_PAGE = 65536,       /* WebAssembly's page */
    GUEST_ARGUMENTS_MAX = 32, /* the widest import has 18 */
    GUEST_GLOBALS_MAX = 8     /* mutable globals of a module */
};

#define GUEST_MEMORY_MAX (UINT64_C(1) << 31) /* 32768 pages: what the module declares */

struct guest_module;
struct guest;
struct reservation;

/* How a call into the guest, or one host handler, ended. The guest's own errors (errno values)
   are results; these are the ways in which there is no result. */
enum guest_outcome {
    GUEST_RETURNED,
    GUEST_LONGJMP, /* unwinds to the nearest invoke_* */
    GUEST_EXITED,  /* exit(code): unwinds to the caller; guest_exit_code() */
    GUEST_TRAPPED  /* unwinds to the caller; the instance must not be run again; guest_trap() */
};

/* One call of an import, as its handler sees it.
   The slots of args may be reused by a nested call into the guest: read them all first. */
struct guest_call {
    struct guest *guest;
    void *context;        /* as given to guest_open */
    const char *type;     /* result, then parameters: v i j f d, e.g. "viij" */
    const uint64_t *args; /* i32 in the low half; the upper half is undefined */
    uint64_t result;      /* zero at entry; ignored for type 'v' */
};

typedef enum guest_outcome (*guest_handler)(struct guest_call *call);

/* An import that the host serves. A name ending in '*' serves every import with that prefix and
   any type (invoke_*); otherwise the type must match the module's. */
struct guest_import {
    const char *module, *name, *type;
    guest_handler handler;
};

/* A host function in the guest's table, for the guest to call as it does its own through
   pointers. */
struct guest_host_function {
    const char *name, *type;
    guest_handler handler;
};

/* All that the host has for a module. */
struct guest_import_table {
    const struct guest_import *imports;
    size_t import_count;
    const struct guest_host_function *host_functions;
    size_t host_function_count;
};

typedef uint32_t guest_function; /* a function of the module, as its tier counts them */

/* Paths of the shared objects that a module was compiled to. */
struct guest_libraries {
    const char *module; /* the module, or what it was linked onto; NULL: wasm3 runs all of it */
    const char
        *added; /* what a link has added to that; NULL: wasm3 runs it, if there is anything */
};

/* What the libraries have to have been made for: another number is another layout or another meaning. */
int guest_library_abi(void);

/* Parses and links. wasm stays borrowed until the module is closed (code is compiled lazily). libraries: NULL is
   none. Fails naming *all* imports that the table does not have. */
enum status guest_module_open(const uint8_t *wasm, size_t size,
                              const struct guest_libraries *libraries,
                              const struct guest_import_table *table, struct guest_module **module,
                              struct error *error);

/* What runs it: "wasm3" or "aot". */
const char *guest_module_tier(const struct guest_module *module);

/* What runs the functions that a link has added to another module; NULL: this one was made by no such link. */
const char *guest_module_added_tier(const struct guest_module *module);

/* Compiles every function now rather than when it is first called, if that is still to be done. */
enum status guest_module_compile(struct guest_module *module, struct error *error);

/* Around fork(), in the thread that forks: no other one is changing the module then, whose lock the child could not get.
   Unlock in both processes. */
void guest_module_lock(struct guest_module *module);
void guest_module_unlock(struct guest_module *module);

/* The module's own functions that have been called so far, in any instance, by index: up to size of them;
   returns how many there are. wasm3 knows, as it compiles them then; other tiers know of none. */
size_t guest_module_called(const struct guest_module *module, uint32_t *indices, size_t size);

/* To be called when no instance is left. NULL is fine. */
void guest_module_close(struct guest_module *module);

/* Exports by name. A data symbol is an exported immutable i32 global; its value is an address. */
bool guest_module_function(const struct guest_module *module, const char *name,
                           guest_function *function);
bool guest_module_address(const struct guest_module *module, const char *name, uint32_t *address);

/* What the linker wrote into the module to tell it from others (custom section "build_id"); NULL and 0
   when it did not. */
const uint8_t *guest_module_identity(const struct guest_module *module, size_t *size);

/* The table index of a host function, for the guest to call through. False when the module has no
   such type, so cannot. */
bool guest_module_host_function(const struct guest_module *module, const char *name,
                                uint32_t *index);

/* A fresh instance: memory with the data segments in it, globals initialised, start function not
   yet run. stack_size: bytes of value stack (reserved, committed by use). */
enum status guest_open(struct guest_module *module, void *context, size_t stack_size,
                       struct guest **guest, struct error *error);
void guest_close(struct guest *guest);

/* All that an instance is between two calls, beside the bytes of its memory: what an image keeps. */
struct guest_state {
    uint64_t memory_size;
    uint64_t globals[GUEST_GLOBALS_MAX]; /* the mutable ones, as bits */
    uint32_t global_count;
};

/* The same as guest_open, but for the memory: there is none before guest_set_state. range: the reservation of an
   instance of this module, which it takes in any case; or a closed one. */
enum status guest_open_empty(struct guest_module *module, void *context, size_t stack_size,
                             struct reservation *range, struct guest **guest, struct error *error);

void guest_get_state(const struct guest *guest, struct guest_state *state);

/* Size and globals of another time or instance; a trap and an exit code are forgotten. The caller has
   made the reservation's bytes zero and lays the memory's over them. The value stack must be empty. */
enum status guest_set_state(struct guest *guest, const struct guest_state *state,
                            struct error *error);

/* Where the memory is: in this reservation, from *start on. What lies before it is rebuilt. */
struct reservation *guest_reservation(struct guest *guest, size_t *start);

struct guest_module *guest_module_of(const struct guest *guest);

/* Runs the start function, if the module has one. */
enum guest_outcome guest_start(struct guest *guest);

/* Calls a function; args as in guest_call, as many as its type has. May be called from a handler.
   result may be NULL; an i32 is zero-extended. */
enum guest_outcome guest_invoke(struct guest *guest, guest_function function, const uint64_t *args,
                                uint64_t *result);

/* The same through the table, as call_indirect: traps when index is out of range, null or of another type. */
enum guest_outcome guest_invoke_table(struct guest *guest, uint32_t index, char result_type,
                                      const char *parameters, const uint64_t *args,
                                      uint64_t *result);

int guest_exit_code(const struct guest *guest);
void guest_set_exit_code(struct guest *guest, int code);

/* Why the instance trapped, a constant sentence, or NULL; a handler sets it before GUEST_TRAPPED. */
const char *guest_trap(const struct guest *guest);
enum guest_outcome guest_set_trap(struct guest *guest, const char *reason);

/* The module's global 0, Emscripten's __stack_pointer. */
uint32_t guest_stack_pointer(const struct guest *guest);
void guest_set_stack_pointer(struct guest *guest, uint32_t stack_pointer);

uint64_t guest_memory_size(const struct guest *guest);

/* Grows to at least size bytes (rounded up to pages, at most GUEST_MEMORY_MAX); nothing moves. */
enum status guest_grow(struct guest *guest, uint64_t size);

/* The one place where guest offsets become pointers. NULL when [offset, offset + length) is not
   inside the memory; a length of 0 needs offset <= size. Valid for the life of the instance. */
void *guest_at(const struct guest *guest, uint32_t offset, uint64_t length);

/* A NUL-terminated string of at most limit bytes including the NUL, or NULL. */
const char *guest_string(const struct guest *guest, uint32_t offset, size_t limit);

/* Safe points: every so many guest calls (and after guest_poke, from any thread, at the next) the
   instance calls poll(context), which may call into the guest. Set once, after guest_open. */
typedef enum guest_outcome (*guest_poll)(void *context);
void guest_set_poll(struct guest *guest, guest_poll poll);
void guest_poke(struct guest *guest);

/* The stacks that a guest's calls take beside its own in linear memory, native and value stack, are
   watched: with every call while one of them is all but used up, low(context) is told; when nothing
   is left, the guest traps with "stack overflow".
   lowest: the lowest address the native stack may reach (room beneath it for host handlers is the
   caller's affair); reserve: bytes of native stack to be left when low is first told. */
typedef void (*guest_low)(void *context);
void guest_set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low);

/* Between calls: gives what the value stack does not use back to the system. */
void guest_trim_stack(struct guest *guest);

/* Little-endian fields, unaligned. The pointer is one that guest_at checked. */
static inline uint32_t load_u32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void store_u32(void *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void store_u64(void *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

#endif
