/* Modules that were compiled ahead of time, and their instances. */
#include <stdlib.h>

#include "guest/aot/internal.h"
#include "platform/library.h"

_Static_assert(sizeof(struct aot_header) <= GUEST_HEADER_ROOM, "it fits before the memory");
_Static_assert(sizeof(struct aot_header) - offsetof(struct aot_header, globals)
                       == sizeof(struct guest_header)
                   && offsetof(struct aot_header, memory_size)
                              - offsetof(struct aot_header, globals)
                          == offsetof(struct guest_header, memory_size),
               "its header ends as all do");

/* Is this code that module's, or of what it was linked onto? Of one without a build_id the numbers have to do. */
static bool belongs(const struct aot_module *code, const struct guest_module *module)
{
    const struct binary *binary = &module->binary;
    bool is_base = binary->base_id_size && code->build_id_size == binary->base_id_size
                   && memcmp(code->build_id, binary->base_id, code->build_id_size) == 0;

    if (is_base)
        return code->global_count <= module->global_count
               && code->table_size <= binary->first_element
               && binary->first_element <= binary->table_size;
    return code->build_id_size == binary->build_id_size
           && memcmp(code->build_id, binary->build_id_size ? binary->build_id : code->build_id,
                     code->build_id_size)
                  == 0
           && code->global_count == module->global_count && code->table_size == binary->table_size;
}

enum status aot_load(const char *path, const struct aot_module **code, struct error *error)
{
    struct library library;
    enum status status = library_open(path, AOT_MODULE_SYMBOL, &library, error);

    if (status)
        return status;
    *code = library.symbol;
    if ((*code)->abi != AOT_ABI)
        return error_set(error, STATUS_MODULE, "%s was compiled for another version: build it anew",
                         path);
    if (!fault_register_code(library.code, library.code_size))
        return error_set(error, STATUS_MODULE, "the AOT tier does not know this processor");
    return STATUS_OK;
}

int guest_library_abi(void)
{
    return AOT_ABI;
}

static enum status load(struct aot_module_state *module, const char *path, struct error *error)
{
    const struct aot_module *code;
    enum status status = aot_load(path, &code, error);

    if (status)
        return status;
    if (!belongs(code, &module->base))
        return error_set(error, STATUS_MODULE, "%s was compiled from another module: build it anew",
                         path);
    module->code = code;
    module->base.reach = code->reach;
    module->types = code->types;
    module->type_count = code->type_count;
    module->imports = code->imports;
    module->import_count = code->import_count;
    module->table = code->table;
    module->table_size = code->table_size;
    return STATUS_OK;
}

/* Is it linked onto the code's module, and not that itself? */
static bool has_base(const struct aot_module_state *module)
{
    const struct binary *binary = &module->base.binary;
    const struct aot_module *code = module->code;

    return binary->build_id_size != code->build_id_size
           || (code->build_id_size
               && memcmp(binary->build_id, code->build_id, code->build_id_size) != 0);
}

static enum status bind_imports(struct aot_module_state *module,
                                const struct guest_import_table *table, struct error *error)
{
    uint32_t count = module->import_count;
    struct offer_missing missing = {.used = 0};

    module->handlers = calloc(count + 1, sizeof *module->handlers);
    if (!module->handlers)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %u imports", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct aot_import *import = &module->imports[i];

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
    module->host_functions = calloc(table->host_function_count + 1, sizeof *module->host_functions);
    if (!module->host_functions)
        return error_set(error, STATUS_NO_MEMORY, "no memory for host functions in the table");
    for (size_t i = 0; i < table->host_function_count; i++) {
        const struct guest_host_function *function = &table->host_functions[i];
        uint32_t type = 0;

        while (type < module->type_count
               && strcmp(module->types[type].spelled, function->type) != 0)
            type++;
        if (type < module->type_count)
            module->host_functions[module->host_function_count++] =
                (struct aot_host_function){function->name, function->handler, type};
    }
    return STATUS_OK;
}

static void close_module(struct guest_module *shared)
{
    struct aot_module_state *module = aot_module(shared);

    aot_close_added(&module->added);
    free(module->handlers);
    free(module->host_functions);
}

static const char *added_tier(const struct guest_module *module)
{
    const struct guest_module *interpreted = aot_module(module)->added.interpreted;

    return interpreted ? interpreted->tier->name : module->tier->name;
}

static void lock_module(struct guest_module *module)
{
    struct guest_module *interpreted = aot_module(module)->added.interpreted;

    if (interpreted)
        guest_module_lock(interpreted);
}

static void unlock_module(struct guest_module *module)
{
    struct guest_module *interpreted = aot_module(module)->added.interpreted;

    if (interpreted)
        guest_module_unlock(interpreted);
}

static bool find_host_function(const struct guest_module *shared, const char *name, uint32_t *index)
{
    const struct aot_module_state *module = aot_module(shared);

    for (uint32_t i = 0; i < module->host_function_count; i++) {
        if (strcmp(module->host_functions[i].name, name) != 0)
            continue;
        *index = module->table_size + i;
        return true;
    }
    return false;
}

static bool open_guest(struct guest *guest, size_t stack_size)
{
    struct aot_guest *own = aot_guest(guest);
    struct guest_module *interpreted = aot_module(guest->module)->added.interpreted;

    own->scope.recover = aot_recover;
    own->header = (struct aot_header *) guest->memory - 1;
    guest->size = &own->header->memory_size;
    guest->globals = own->header->globals;
    if (!interpreted) /* the stack is one of values: this tier's is the native one */
        return true;
    own->interpreter = interpreter_attach(interpreted, guest, stack_size);
    return own->interpreter != NULL;
}

static void close_guest(struct guest *guest)
{
    interpreter_detach(aot_guest(guest)->interpreter);
}

static void begin(struct guest *guest)
{
    struct aot_guest *own = aot_guest(guest);
    const struct aot_module_state *module = aot_module(guest->module);

    own->landing = NULL;
    own->header->host = &aot_host;
    own->header->guest = guest;
    own->header->stack_limit = own->stack;
    own->header->countdown = AOT_SAFE_POINT_CALLS;
    own->header->table = module->table;
    own->header->table_size = module->table_size;
    own->header->links = module->added.links;
    if (own->interpreter)
        interpreter_begin(own->interpreter);
}

static void resized(struct guest *guest)
{
    if (aot_guest(guest)->interpreter)
        interpreter_resized(aot_guest(guest)->interpreter);
}

static void poke(struct guest *guest)
{
    struct aot_guest *own = aot_guest(guest);

    __atomic_store_n(&own->header->stack_limit, (const uint8_t *) UINTPTR_MAX, __ATOMIC_RELEASE);
    if (own->interpreter)
        interpreter_poke(own->interpreter);
}

static void trim_stack(struct guest *guest)
{
    if (aot_guest(guest)->interpreter)
        interpreter_trim_stack(aot_guest(guest)->interpreter);
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
    if (own->interpreter)
        interpreter_set_native_stack(own->interpreter, lowest, reserve, low);
}

static const struct guest_tier aot_tier = {
    .name = "aot",
    .relies_on_guard = true,
    .instance_size = sizeof(struct aot_guest),
    .close_module = close_module,
    .added = added_tier,
    .lock = lock_module,
    .unlock = unlock_module,
    .find_function = aot_find_function,
    .find_host_function = find_host_function,
    .open = open_guest,
    .close = close_guest,
    .begin = begin,
    .resized = resized,
    .invoke = aot_invoke,
    .invoke_table = aot_invoke_table,
    .start = aot_start,
    .poke = poke,
    .set_native_stack = set_native_stack,
    .trim_stack = trim_stack,
};

enum status aot_open_module(const uint8_t *wasm, size_t size,
                            const struct guest_libraries *libraries,
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
    status = load(module, libraries->module, error);
    if (!status && has_base(module))
        status = aot_open_added(module, wasm, size, libraries->added, table, error);
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
