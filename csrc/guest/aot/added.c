/* What was added to a module that was compiled: a shared object of its own, or functions that are interpreted. */
#include <stdlib.h>

#include "guest/aot/internal.h"

static const void *find_export(const struct guest_module *module, uint32_t index)
{
    const struct aot_module *code = aot_module(module)->code;
    const struct binary *binary = &module->binary;
    uint32_t position;

    if (index < binary->new_imports
        || !aot_find_export(code, index - binary->new_imports, &position))
        return NULL;
    return &code->exports[position].function;
}

static const void *find_element(const struct guest_module *module, uint32_t index)
{
    const struct aot_module *code = aot_module(module)->code;

    return index < code->table_size && code->table[index].code ? &code->table[index] : NULL;
}

/* The base's table, and room behind it. */
static bool extend_table(struct aot_module_state *module)
{
    uint32_t size = module->base.binary.table_size, own = module->code->table_size;

    module->added.table = calloc(size + 1, sizeof *module->added.table);
    if (!module->added.table)
        return false;
    memcpy(module->added.table, module->code->table, own * sizeof *module->added.table);
    for (uint32_t i = own; i < size; i++)
        module->added.table[i].type = AOT_NO_TYPE;
    module->table = module->added.table;
    module->table_size = size;
    return true;
}

/* Does it begin with the base's types and imports, of which the code of both has the numbers? */
static bool continues(const struct aot_module *added, const struct aot_module *code)
{
    if (added->type_count < code->type_count || added->import_count < code->import_count)
        return false;
    for (uint32_t i = 0; i < code->type_count; i++)
        if (strcmp(added->types[i].spelled, code->types[i].spelled) != 0)
            return false;
    for (uint32_t i = 0; i < code->import_count; i++)
        if (strcmp(added->imports[i].name, code->imports[i].name) != 0)
            return false;
    return true;
}

static bool belongs(const struct aot_module *added, const struct aot_module_state *module)
{
    const struct binary *binary = &module->base.binary;

    return added->build_id_size == binary->build_id_size && binary->build_id_size
           && memcmp(added->build_id, binary->build_id, binary->build_id_size) == 0
           && added->global_count == module->base.global_count
           && added->table_size == binary->table_size
           && added->table_start >= module->code->table_size
           && added->table_start <= added->table_size && continues(added, module->code);
}

static enum status bind_links(struct aot_module_state *module, const struct aot_module *added,
                              struct error *error)
{
    const struct aot_module *code = module->code;

    module->added.links = calloc(added->link_count + 1, sizeof *module->added.links);
    if (!module->added.links)
        return error_set(error, STATUS_NO_MEMORY, "no memory for what was added to a module");
    for (uint32_t i = 0; i < added->link_count; i++) {
        const struct aot_link *link = &added->links[i];
        const struct aot_function *function = NULL;
        uint32_t position;

        if (link->is_element)
            function = find_element(&module->base, link->place);
        else if (aot_find_export(code, link->place, &position))
            function = &code->exports[position].function;
        if (!function || function->type != link->type)
            return error_set(error, STATUS_MODULE,
                             "what was added to a module calls a function that it does not have");
        module->added.links[i] = function->code;
    }
    return STATUS_OK;
}

static enum status add_code(struct aot_module_state *module, const char *path, struct error *error)
{
    const struct aot_module *added;
    enum status status = aot_load(path, &added, error);

    if (status)
        return status;
    if (!belongs(added, module))
        return error_set(error, STATUS_MODULE,
                         "%s was compiled from another module: add the extension again", path);
    memcpy(module->added.table + added->table_start, added->table,
           (added->table_size - added->table_start) * sizeof *added->table);
    module->added.code = added;
    if (module->base.reach < added->reach)
        module->base.reach = added->reach;
    module->types = added->types;
    module->type_count = added->type_count;
    module->imports = added->imports;
    module->import_count = added->import_count;
    return bind_links(module, added, error);
}

static uint32_t find_type(const struct aot_module_state *module, const char *spelled)
{
    uint32_t type = 0;

    while (type < module->type_count && strcmp(module->types[type].spelled, spelled) != 0)
        type++;
    return type;
}

/* Elements that are functions of the base have code; of all others the type is remembered. */
static void enter_elements(struct aot_module_state *module)
{
    const struct binary *binary = &module->base.binary;
    struct aot_added *added = &module->added;
    uint32_t first = module->code->table_size;

    for (uint32_t i = first; i < module->table_size; i++) {
        char type[GUEST_ARGUMENTS_MAX + 2];
        const struct aot_function *code = NULL;
        uint32_t function;

        added->element_types[i - first] = AOT_NO_TYPE;
        if (!interpreter_element(added->interpreted, i, &function, type))
            continue;
        if (function < binary->first_function)
            code = find_export(&module->base, function);
        if (code)
            added->table[i] = *code;
        else
            added->element_types[i - first] = find_type(module, type);
    }
}

static enum status interpret(struct aot_module_state *module, const uint8_t *wasm, size_t size,
                             const struct guest_import_table *table, struct error *error)
{
    const struct interpreter_base base = {
        .module = &module->base,
        .first_function = module->base.binary.first_function,
        .find_export = find_export,
        .find_element = find_element,
        .call = aot_call,
    };
    uint32_t elements = module->table_size - module->code->table_size;
    enum status status = interpreter_open(wasm, size, table, &base, &module->added.interpreted,
                                          error);

    if (status)
        return status;
    module->added.element_types = calloc(elements + 1, sizeof *module->added.element_types);
    if (!module->added.element_types)
        return error_set(error, STATUS_NO_MEMORY, "no memory for what was added to a module");
    enter_elements(module);
    return STATUS_OK;
}

enum status aot_open_added(struct aot_module_state *module, const uint8_t *wasm, size_t size,
                           const char *library, const struct guest_import_table *table,
                           struct error *error)
{
    if (!extend_table(module))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a table of %u entries",
                         module->base.binary.table_size);
    return library ? add_code(module, library, error) : interpret(module, wasm, size, table, error);
}

void aot_close_added(struct aot_added *added)
{
    guest_module_close(added->interpreted);
    free(added->table);
    free(added->links);
    free(added->element_types);
}
