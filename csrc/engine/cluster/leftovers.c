/* A postmaster removes temporary files as it starts: RemovePgTempFiles in src/backend/storage/file/fd.c of PostgreSQL.
 * A stand-alone backend does not.
 *
 *     base/pgsql_tmp/pgsql_tmp42.0           spilled by sorts and hashes
 *     base/5/t3_16384_vm.1                   a temporary table's, of backend 3
 *     pg_tblspc/16385/PG_18_202506291/...    the same of a tablespace
 *
 * And what PostgreSQL leaves, until a process of the same number comes to the same place:
 *
 *     base/5/pg_internal.init.42             a cache of the catalog, being written; in global/ as well
 */
#include "engine/cluster/leftovers.h"

#include <stdbool.h>
#include <string.h>

#include "engine/cluster/twophase.h"
#include "engine/instance/limits.h"
#include "platform/files.h"

static const char digits[] = "0123456789";

static bool is_number(const char *name)
{
    return *name && name[strspn(name, digits)] == '\0';
}

/* The rest of the name behind a number; NULL: there is no number. */
static const char *skip_number(const char *name)
{
    size_t length = strspn(name, digits);

    return length ? name + length : NULL;
}

/* t<backend>_<number>[_fsm|_vm|_init][.<segment>] */
static bool is_temporary_relation(const char *name)
{
    static const char *const forks[] = {"_fsm", "_vm", "_init"};
    const char *rest = *name == 't' ? skip_number(name + 1) : NULL;

    rest = rest && *rest == '_' ? skip_number(rest + 1) : NULL;
    if (!rest)
        return false;
    for (size_t i = 0; i < sizeof forks / sizeof *forks; i++)
        if (strncmp(rest, forks[i], strlen(forks[i])) == 0) {
            rest += strlen(forks[i]);
            break;
        }
    return *rest == '\0' || (*rest == '.' && is_number(rest + 1));
}

static bool is_unfinished_cache(const char *name)
{
    static const char prefix[] = "pg_internal.init.";

    return strncmp(name, prefix, strlen(prefix)) == 0 && is_number(name + strlen(prefix));
}

static bool is_temporary_file(const char *name)
{
    return strncmp(name, "pgsql_tmp", strlen("pgsql_tmp")) == 0;
}

typedef int step(int directory, const struct files_entry *entry);

static int for_each(int directory, step *take)
{
    struct files_listing listing = {NULL, 0};
    int result = files_list(directory, &listing);

    for (size_t i = 0; result >= 0 && i < listing.count; i++)
        if (listing.entries[i].name[0] != '.')
            result = take(directory, &listing.entries[i]);
    files_list_free(&listing);
    return result < 0 ? result : 0;
}

static int for_each_in(int directory, const char *name, step *take)
{
    int result, child = files_enter(directory, name);

    if (child < 0)
        return child == -GE_NOENT || child == -GE_NOTDIR ? 0 : child;
    result = for_each(child, take);
    files_close(child);
    return result;
}

static int clear_database(int directory, const struct files_entry *entry)
{
    bool is_left = is_temporary_relation(entry->name) || is_unfinished_cache(entry->name);

    return is_left ? files_unlink(directory, entry->name) : 0;
}

static int remove_file(int directory, const struct files_entry *entry)
{
    return files_unlink(directory, entry->name);
}

/* Sets of files that processes share are in directories of their own. */
static int clear_files(int directory, const struct files_entry *entry)
{
    int result;

    if (!is_temporary_file(entry->name))
        return 0;
    if (entry->type != FILES_IS_DIRECTORY)
        return files_unlink(directory, entry->name);
    result = for_each_in(directory, entry->name, remove_file);
    return result < 0 ? result : files_remove_directory(directory, entry->name);
}

static int clear_databases(int directory, const struct files_entry *entry)
{
    if (is_temporary_file(entry->name))
        return for_each_in(directory, entry->name, clear_files);
    return is_number(entry->name) ? for_each_in(directory, entry->name, clear_database) : 0;
}

static int clear_versions(int directory, const struct files_entry *entry)
{
    return for_each_in(directory, entry->name, clear_databases);
}

static int clear_tablespaces(int directory, const struct files_entry *entry)
{
    return for_each_in(directory, entry->name, clear_versions);
}

int leftovers_remove(int directory)
{
    int result = for_each_in(directory, "base", clear_databases);

    if (result >= 0)
        result = for_each_in(directory, "pg_tblspc", clear_tablespaces);
    if (result >= 0)
        result = for_each_in(directory, "global", clear_database);
    if (result >= 0)
        result = twophase_remove_future(directory);
    return result < 0 ? result : files_unlink(directory, ENGINE_PID_FILE);
}
