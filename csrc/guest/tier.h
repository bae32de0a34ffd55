/* What a tier is to the rest of this folder: how it executes modules, below what all tiers share.
 *
 * A tier's own structures begin with the shared ones. It keeps a header right before linear memory,
 * in which its code finds the instance; the memory's size and the mutable globals live there.
 */
#ifndef PGN_GUEST_TIER_H
#define PGN_GUEST_TIER_H

#include "guest/binary.h"
#include "guest/guest.h"
#include "platform/reservation.h"

enum {
    GUEST_HEADER_ROOM = PLATFORM_PAGE_MAX, /* so that files can be laid over the memory */
    GUEST_INTERPRETER_WORDS = 4
};

/* How every tier's header ends, so that two can run one instance: interpreter.h. */
struct guest_header {
    uint64_t globals[GUEST_GLOBALS_MAX];
    uint64_t interpreter[GUEST_INTERPRETER_WORDS];
    uint64_t memory_size;
};

struct guest_tier {
    const char *name;
    bool relies_on_guard; /* its code does not check its accesses */
    size_t instance_size; /* of the structure that begins with struct guest */

    void (*close_module)(struct guest_module *module); /* all but what is shared */
    enum status (*compile)(struct guest_module *module, struct error *error); /* NULL: it is */
    const char *(*added)(const struct guest_module *module); /* NULL: runs it, too */
    size_t (*called)(const struct guest_module *module, uint32_t *indices,
                     size_t size); /* NULL: it does not know */
    /* So that no thread is within the module, and none enters it. NULL: no state is shared. */
    void (*lock)(struct guest_module *module);
    void (*unlock)(struct guest_module *module);
    bool (*find_function)(const struct guest_module *module, uint32_t index,
                          guest_function *function);
    bool (*find_host_function)(const struct guest_module *module, const char *name,
                               uint32_t *index);

    bool (*open)(struct guest *guest, size_t stack_size); /* false: no memory */
    void (*close)(struct guest *guest);                   /* also after open has failed */
    /* Writes the header, which is zero, but for globals and size. No call is in progress. */
    void (*begin)(struct guest *guest);
    void (*resized)(struct guest *guest); /* NULL: the size in the header is all */

    enum guest_outcome (*invoke)(struct guest *guest, guest_function function, const uint64_t *args,
                                 uint64_t *result);
    enum guest_outcome (*invoke_table)(struct guest *guest, uint32_t index, char result_type,
                                       const char *parameters, const uint64_t *args,
                                       uint64_t *result);
    enum guest_outcome (*start)(struct guest *guest);
    void (*poke)(struct guest *guest);
    void (*set_native_stack)(struct guest *guest, const void *lowest, size_t reserve,
                             guest_low low);
    void (*trim_stack)(struct guest *guest); /* NULL: there is nothing to trim */
};

struct guest_module {
    const struct guest_tier *tier;
    struct binary binary;
    uint64_t reach; /* bytes of address space from the memory's beginning on that code may touch */
    uint64_t globals[GUEST_GLOBALS_MAX]; /* initial values of the mutable ones */
    uint32_t global_count;
};

struct guest {
    const struct guest_tier *tier;
    struct guest_module *module;
    void *context;
    guest_poll poll;
    const char *trap;
    int exit_code;
    struct reservation range; /* the header's page, then linear memory */
    unsigned char *memory;
    uint64_t *size, *globals; /* in the header; set by the tier's open */
};

/* module.c */
extern const char guest_trap_unreachable[], guest_trap_memory[], guest_trap_division[],
    guest_trap_overflow[], guest_trap_conversion[], guest_trap_table_range[],
    guest_trap_table_null[], guest_trap_table_type[], guest_trap_stack[];

/* What is shared of a module, read from its bytes. On failure nothing is left to close. */
enum status module_begin(struct guest_module *module, const struct guest_tier *tier,
                         const uint8_t *wasm, size_t size, struct error *error);

/* import_table.c */
/* The handler that serves an import, or NULL. */
guest_handler import_table_find(const struct guest_import_table *table, const char *module,
                                const char *name, const char *type);
/* Collects the imports that no host function serves. */
struct offer_missing {
    char names[ERROR_MESSAGE_SIZE];
    size_t used;
};
void offer_miss(struct offer_missing *missing, const char *module, const char *name,
                const char *type);
/* STATUS_MODULE, naming them all, if there are any. */
enum status offer_check(const struct offer_missing *missing, struct error *error);

/* memory.c */
/* memory.grow, and what guest_grow does: to so many pages in all. */
enum status memory_set_pages(struct guest *guest, uint64_t pages);
/* Zeroes a large range inside the memory by giving it back to the system. */
void memory_zero(struct guest *guest, uint64_t offset, uint64_t size);

/* wasm3/module.c and aot/module.c, for tiers.c. Libraries: of a tier that runs them, else none. */
typedef enum status module_opener(const uint8_t *wasm, size_t size,
                                  const struct guest_libraries *libraries,
                                  const struct guest_import_table *table,
                                  struct guest_module **module, struct error *error);
module_opener wasm3_open_module, aot_open_module;

#endif
