/* Dynamic linking, which the linker has done: dlopen and dlsym look up its table.
 *
 * The table (docs/LINKER.md) is at the address pglite_link_table, in guest memory. A handle is
 * musl's struct dso: which module it means is read from the path in it each time, so that the host
 * keeps no state.
 */
#include <stdio.h>

#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

/* docs/LINKER.md, "The link table": every entry begins with a name and its length */
enum {
    TABLE_SIZE = 8,
    TABLE_COUNT = 0,
    TABLE_MODULES = 4,
    NAME_AT = 0,
    NAME_LENGTH = 4,
    MODULE_SIZE = 32,
    MODULE_SYMBOL_COUNT = 8,
    MODULE_SYMBOLS = 12,
    SYMBOL_SIZE = 16,
    SYMBOL_VALUE = 12
};

enum { SYMBOL_NAME_MAX = 1024, MESSAGE_MAX = 512, STACK_ALIGNMENT = 16 };

struct name {
    const char *bytes;
    size_t length;
};

/* As memcmp; an entry whose name lies outside memory matches no name. */
static int compare_entry(const struct guest *guest, struct name name, const unsigned char *entry)
{
    uint32_t length = load_u32(entry + NAME_LENGTH);
    const char *bytes = guest_at(guest, load_u32(entry + NAME_AT), length);

    if (!bytes)
        return -1;
    int order = memcmp(name.bytes, bytes, name.length < length ? name.length : length);
    return order ? order : (name.length > length) - (name.length < length);
}

/* Binary search in count entries of entry_size bytes at address; NULL: not there. */
static const unsigned char *find(const struct guest *guest, struct name name, uint32_t address,
                                 uint32_t count, uint32_t entry_size)
{
    const unsigned char *entries = guest_at(guest, address, (uint64_t) count * entry_size);

    while (entries && count > 0) {
        const unsigned char *middle = entries + (size_t) (count / 2) * entry_size;
        int order = compare_entry(guest, name, middle);

        if (order == 0)
            return middle;
        if (order > 0) {
            entries = middle + entry_size;
            count -= count / 2 + 1;
        } else {
            count /= 2;
        }
    }
    return NULL;
}

/* "/pglite/lib/postgresql/plpgsql.so" is the module plpgsql. */
static struct name module_name(const char *path)
{
    static const char suffix[] = ".so";
    const char *slash = strrchr(path, '/');
    struct name name = {slash ? slash + 1 : path, 0};

    name.length = strlen(name.bytes);
    if (name.length > sizeof suffix - 1
        && strcmp(name.bytes + name.length - (sizeof suffix - 1), suffix) == 0)
        name.length -= sizeof suffix - 1;
    return name;
}

static const unsigned char *find_module(const struct guest *guest, struct name name)
{
    uint32_t address;

    if (!guest_module_address(guest_module_of(guest), "pglite_link_table", &address))
        return NULL; /* a module that was not linked has no side modules */

    const unsigned char *table = guest_at(guest, address, TABLE_SIZE);
    return table ? find(guest, name, load_u32(table + TABLE_MODULES), load_u32(table + TABLE_COUNT),
                        MODULE_SIZE)
                 : NULL;
}

/* The path in the handle that is argument 0; never NULL. */
static const char *handle_path(const struct guest_call *call)
{
    uint64_t address = (uint64_t) arg_u32(call, 0) + DSO_NAME;
    const char *path = address <= UINT32_MAX
                           ? guest_string(call->guest, (uint32_t) address, VFS_PATH_MAX)
                           : NULL;

    return path ? path : "";
}

/* Upstream's dlSetError: __dl_seterr(format, va_list) with the message on the guest's stack. Ours
   passes "%s", for the message may have a % in it. Layout there: char *; "%s"; message. */
static enum guest_outcome fail(struct guest_call *call, const char *message)
{
    enum { FORMAT_AT = 4, MESSAGE_AT = 8 };
    struct guest *guest = call->guest;
    size_t size = strlen(message) + 1;
    uint32_t stack_pointer = guest_stack_pointer(guest);
    uint32_t frame_size = (uint32_t) ((MESSAGE_AT + size + STACK_ALIGNMENT - 1) / STACK_ALIGNMENT
                                      * STACK_ALIGNMENT);
    guest_function set_error;

    if (!guest_module_function(guest_module_of(guest), "__dl_seterr", &set_error))
        return guest_set_trap(guest, "dlopen in a module without __dl_seterr");

    uint32_t address = stack_pointer - frame_size;
    unsigned char *frame = stack_pointer > frame_size ? guest_at(guest, address, frame_size) : NULL;
    if (!frame)
        return guest_set_trap(guest, "stack overflow in dlopen");
    store_u32(frame, address + MESSAGE_AT);
    memcpy(frame + FORMAT_AT, "%s", sizeof "%s");
    memcpy(frame + MESSAGE_AT, message, size);

    const uint64_t args[] = {address + FORMAT_AT, address};
    guest_set_stack_pointer(guest, address);
    enum guest_outcome outcome = guest_invoke(guest, set_error, args, NULL);
    guest_set_stack_pointer(guest, stack_pointer);
    return outcome == GUEST_RETURNED ? return_i32(call, 0) : outcome;
}

/* _dlopen_js(handle): 1, or 0 and a message. */
enum guest_outcome dlopen_open(struct guest_call *call)
{
    const char *path = handle_path(call);
    char message[MESSAGE_MAX];

    if (find_module(call->guest, module_name(path)))
        return return_i32(call, 1);
    snprintf(message, sizeof message, "could not load dynamic lib: %s: it is not linked in", path);
    return fail(call, message);
}

/* _dlsym_js(handle, symbol, u32 *index of a new table entry): the linker made all entries, so the
   third is never written. A table index, an address, or 0 and a message. */
enum guest_outcome dlopen_symbol(struct guest_call *call)
{
    const char *path = handle_path(call);
    const char *symbol = guest_string(call->guest, arg_u32(call, 1), SYMBOL_NAME_MAX);
    const unsigned char *module = find_module(call->guest, module_name(path));
    const unsigned char *entry = NULL;
    char message[MESSAGE_MAX];

    if (module && symbol)
        entry = find(call->guest, (struct name){symbol, strlen(symbol)},
                     load_u32(module + MODULE_SYMBOLS), load_u32(module + MODULE_SYMBOL_COUNT),
                     SYMBOL_SIZE);
    if (entry)
        return return_i32(call, (int32_t) load_u32(entry + SYMBOL_VALUE));
    snprintf(message, sizeof message, "unknown symbol \"%s\" in dynamic lib: %s",
             symbol ? symbol : "?", path);
    return fail(call, message);
}
