/* Modules that were compiled ahead of time, and their instances. */
#include <stdlib.h>

#include "guest/aot/internal.h"
#include "platform/library.h"

_Static_assert(sizeof(struct aot_header) <= GUEST_HEADER_ROOM, "it fits before the memory");
_Static_assert((int) AOT_GLOBALS_MAX == (int) GUEST_GLOBALS_MAX, "they are the same globals");

/* Is this code that module's? Of one without a build_id the numbers have to do. */
static bool belongs(const struct aot_module *code, const struct guest_module *module)
{
    const struct binary *binary = &module->binary;

    return code->build_id_size == binary->build_id_size
           && memcmp(code->build_id, binary->build_id_size ? binary->build_id : code->build_id,
                     code->build_id_size)
                  == 0
           && code->global_count == module->global_count && code->table_size == binary->table_size;
}

static enum status load(struct aot_module_state *module, const char *path, struct error *error)
{
    struct library library;
    enum status status = library_open(path, AOT_MODULE_SYMBOL, &library, error);

    if (status)
        return status;
    module->code = library.symbol;
    if (module->code->abi != AOT_ABI || !belongs(module->code, &module->base))
        return error_set(
            error, STATUS_MODULE,
            "%s was compiled from another module or for another version: build it anew", path);
    module->base.reach = module->code->reach;
    if (!fault_register_code(library.code, library.code_size))
        return error_set(error, STATUS_MODULE, "the AOT tier does not know this processor");
    return STATUS_OK;
}

static enum status bind_imports(struct aot_module_state *module,
                                const struct guest_import_table *table, struct error *error)
{
    uint32_t count = module->code->import_count;
    struct offer_missing missing = {.used = 0};

    module->handlers = calloc(count + 1, sizeof *module->handlers);
    if (!module->handlers)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u imports", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct aot_import *import = &module->code->imports[i];

        module->handlers[i] = import_table_find(table, import->module, import->name, import->type);
        if (!module->handlers[i])
            offer_miss(&missing, import->module, import->name, import->type);
    }
    return offer_check(&missing, error);
}

/* Those whose type the module knows: no other could be called through the table. */
static enum status add_host_functions(struct aot_module_state *module,
                                      const struct guest_import_table *table, struct error *error)
{
    const struct aot_module *code = module->code;

    module->host_functions = calloc(table->host_function_count + 1, sizeof *module->host_functions);
    if (!module->host_functions)
        return error_set(error, STATUS_NO_MEMORY, "no memory for host functions in the table");
    for (size_t i = 0; i < table->host_function_count; i++) {
        const struct guest_host_function *function = &table->host_functions[i];
        uint32_t type = 0;

        while (type < code->type_count && strcmp(code->types[type].spelled, function->type) != 0)
            type++;
        if (type < code->type_count)
            module->host_functions[module->host_function_count++] =
                (struct aot_host_function){function->name, function->handler, type};
    }
    return STATUS_OK;
}

static void close_module(struct guest_module *shared)
{
    struct aot_module_state *module = aot_module(shared);

    free(module->handlers);
    free(module->host_functions);
}

static bool find_function(const struct guest_module *module, uint32_t index,
                          guest_function *function)
{
    const struct aot_module *code = aot_module(module)->code;
    uint32_t low = 0, high = code->export_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (code->exports[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    *function = low;
    return low < code->export_count && code->exports[low].index == index;
}

static bool find_host_function(const struct guest_module *shared, const char *name, uint32_t *index)
{
    const struct aot_module_state *module = aot_module(shared);

    for (uint32_t i = 0; i < module->host_function_count; i++) {
        if (strcmp(module->host_functions[i].name, name) != 0)
            continue;
        *index = module->code->table_size + i;
        return true;
    }
    return false;
}

static bool open_guest(struct guest *guest, size_t stack_size)
{
    struct aot_guest *own = aot_guest(guest);

    (void) stack_size; /* of a value stack: this tier's is the native one */
    own->scope.recover = aot_recover;
    own->header = (struct aot_header *) guest->memory - 1;
    guest->size = &own->header->memory_size;
    guest->globals = own->header->globals;
    return true;
}

static void close_guest(struct guest *guest)
{
    (void) guest;
}

static void begin(struct guest *guest)
{
    struct aot_guest *own = aot_guest(guest);

    own->landing = NULL;
    own->header->host = &aot_host;
    own->header->guest = guest;
    own->header->stack_limit = own->stack;
    own->header->countdown = AOT_SAFE_POINT_CALLS;
}

static void poke(struct guest *guest)
{
    __atomic_store_n(&aot_guest(guest)->header->stack_limit, (const uint8_t *) UINTPTR_MAX,
                     __ATOMIC_RELEASE);
}

static void set_native_stack(struct guest *guest, const void *lowest, size_t reserve, guest_low low)
{
    struct aot_guest *own = aot_guest(guest);

    const uint8_t *before = own->stack;

    own->stack_last = lowest;
    own->stack = (const uint8_t *) lowest + (low ? reserve : 0);
    own->low = low;
    /* Unless somebody has poked meanwhile: then the look around puts it in force. */
    __atomic_compare_exchange_n(&own->header->stack_limit, &before, own->stack, false,
                                __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static const struct guest_tier aot_tier = {
    .name = "aot",
    .relies_on_guard = true,
    .instance_size = sizeof(struct aot_guest),
    .close_module = close_module,
    .find_function = find_function,
    .find_host_function = find_host_function,
    .open = open_guest,
    .close = close_guest,
    .begin = begin,
    .invoke = aot_invoke,
    .invoke_table = aot_invoke_table,
    .start = aot_start,
    .poke = poke,
    .set_native_stack = set_native_stack,
};

enum status aot_open_module(const uint8_t *wasm, size_t size, const char *library,
                            const struct guest_import_table *table, struct guest_module **opened,
                            struct error *error)
{
    struct aot_module_state *module = calloc(1, sizeof *module);
    enum status status;

    if (!module)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a module");
    status = module_begin(&module->base, &aot_tier, wasm, size, error);
    if (status) {
        free(module);
        return status;
    }
    status = load(module, library, error);
    if (!status)
        status = bind_imports(module, table, error);
    if (!status)
        status = add_host_functions(module, table, error);
    if (status)
        guest_module_close(&module->base);
    else
        *opened = &module->base;
    return status;
}
