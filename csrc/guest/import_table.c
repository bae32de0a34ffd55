/* The host's imports, against what a module imports. */
#include <stdio.h>

#include "guest/tier.h"

static bool serves(const struct guest_import *import, const char *module, const char *name,
                   const char *type)
{
    size_t length = strlen(import->name);

    if (strcmp(import->module, module) != 0)
        return false;
    if (length && import->name[length - 1] == '*')
        return strncmp(import->name, name, length - 1) == 0;
    return strcmp(import->name, name) == 0 && strcmp(import->type, type) == 0;
}

guest_handler import_table_find(const struct guest_import_table *table, const char *module,
                                const char *name, const char *type)
{
    for (size_t i = 0; i < table->import_count; i++)
        if (serves(&table->imports[i], module, name, type))
            return table->imports[i].handler;
    return NULL;
}

void offer_miss(struct offer_missing *missing, const char *module, const char *name,
                const char *type)
{
    if (missing->used < sizeof missing->names)
        missing->used += (size_t) snprintf(missing->names + missing->used,
                                           sizeof missing->names - missing->used, " %s.%s:%s",
                                           module, name, type);
}

enum status offer_check(const struct offer_missing *missing, struct error *error)
{
    if (missing->used)
        return error_set(error, STATUS_MODULE, "imports that the host does not serve:%s",
                         missing->names);
    return STATUS_OK;
}
