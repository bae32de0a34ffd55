/* A durable data directory: made when it is missing, locked against a second opener, filled from the
 * packaged cluster when it is empty.
 */
#include "engine/cluster/data_directory.h"

#include <string.h>
#include <sys/stat.h>

#include "engine/cluster/cluster.h"
#include "engine/cluster/leftovers.h"
#include "engine/instance/limits.h"
#include "engine/instance/tree.h"
#include "platform/files.h"

enum {
    DIRECTORY_MODE = 0700, /* what initdb gives PGDATA */
    REFUSED_MODE = 0027,   /* what it may not have of: PG_MODE_MASK_GROUP */
    FILE_MODE = 0600,
    UMASK = 0077,     /* which checkDataDir would set, for what fopen makes */
    GUEST_PID = 42,   /* Emscripten's getpid */
    SEGMENT_NAME = 24 /* digits of a WAL segment's name: timeline and number */
};

/* One stands in the directory while it is being filled: what is found beside it after a crash is ours, incomplete, and
   made again. What a tarball was to fill must not become an empty database instead. */
static const char creating[] = LOCK_PREFIX "creating";
static const char loading[] = LOCK_PREFIX "loading";

static enum status fail(struct error *error, const char *what, const char *path, int result)
{
    return error_set_errno(error, result, "cannot %s the data directory %s", what, path);
}

static bool is_ours(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0
           || strncmp(name, LOCK_PREFIX, strlen(LOCK_PREFIX)) == 0;
}

/* Removes everything but our own files. */
static int clear(int directory, int depth)
{
    struct files_listing listing = {NULL, 0};
    int result = depth < TREE_DEPTH_MAX ? files_list(directory, &listing) : -GE_LOOP;

    for (size_t i = 0; result >= 0 && i < listing.count; i++) {
        const struct files_entry *entry = &listing.entries[i];
        int child;

        if (is_ours(entry->name))
            continue;
        if (entry->type != FILES_IS_DIRECTORY) {
            result = files_unlink(directory, entry->name);
            continue;
        }
        child = files_enter(directory, entry->name);
        if (child < 0) {
            result = child;
            break;
        }
        result = clear(child, depth + 1);
        files_close(child);
        if (result >= 0)
            result = files_remove_directory(directory, entry->name);
    }
    files_list_free(&listing);
    return result < 0 ? result : 0;
}

/* What a data directory holds before it is opened. */
struct contents {
    bool is_empty, is_incomplete, is_cluster;
    bool was_loading; /* and therefore is incomplete */
    bool was_left;    /* by an engine that was killed, or runs */
    bool pid_is_directory;
};

static int look(int directory, struct contents *contents)
{
    struct files_listing listing = {NULL, 0};
    int result = files_list(directory, &listing);

    *contents = (struct contents){.is_empty = true};
    for (size_t i = 0; result >= 0 && i < listing.count; i++) {
        const char *name = listing.entries[i].name;

        contents->was_loading |= strcmp(name, loading) == 0;
        contents->is_incomplete |= contents->was_loading || strcmp(name, creating) == 0;
        contents->is_cluster |= strcmp(name, "PG_VERSION") == 0;
        if (strcmp(name, ENGINE_PID_FILE) == 0) {
            contents->was_left = true;
            contents->pid_is_directory = listing.entries[i].type == FILES_IS_DIRECTORY;
        }
        contents->is_empty &= is_ours(name);
    }
    files_list_free(&listing);
    return result;
}

/* PostgreSQL's checkDataDir, in its words: PGlite's is compiled without these two. The mode of an
   empty directory is of no matter, as initdb and unpacking set it. */
static enum status check_access(int directory, const char *path, const struct contents *contents,
                                struct error *error)
{
    struct files_stat stat;
    int result = files_stat(directory, &stat);

    if (result < 0)
        return fail(error, "read", path, result);
    if (!stat.own_user)
        return error_set(error, STATUS_IO,
                         "data directory \"%s\" has wrong ownership\n"
                         "HINT:  The server must be started by the user that owns the data "
                         "directory.",
                         path);
    if (contents->is_cluster && !contents->is_incomplete && stat.permissions & REFUSED_MODE)
        return error_set(error, STATUS_IO,
                         "data directory \"%s\" has invalid permissions\n"
                         "DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).",
                         path);
    return STATUS_OK;
}

/* What is in the directory, unless it is nothing we may touch. */
static enum status examine(int directory, const char *path, struct contents *contents,
                           struct error *error)
{
    int result = look(directory, contents);

    if (result < 0)
        return fail(error, "read", path, result);
    if (!contents->is_empty && !contents->is_incomplete && !contents->is_cluster)
        return error_set(error, STATUS_INVALID,
                         "%s is not empty and not a PostgreSQL data directory (no PG_VERSION)",
                         path);
    if (contents->pid_is_directory)
        return error_set(
            error, STATUS_INVALID,
            "%s/%s is a directory, where a server leaves its process id: remove it, or "
            "move it away",
            path, ENGINE_PID_FILE);
    return check_access(directory, path, contents, error);
}

static int begin_filling(int directory, bool loads)
{
    enum files_type type;
    int fd = files_open(directory, loads ? loading : creating, FILES_WRITE | FILES_CREATE,
                        FILE_MODE, &type);
    int result;

    if (fd < 0)
        return fd;
    files_close(fd);
    result = clear(directory, 0);
    return result < 0 ? result : files_sync(directory, false);
}

static int unlink_if_there(int directory, const char *name)
{
    int result = files_unlink(directory, name);

    return result == -GE_NOENT ? 0 : result;
}

static int end_filling(int directory)
{
    int result = unlink_if_there(directory, creating);

    if (result >= 0)
        result = unlink_if_there(directory, loading);
    return result < 0 ? result : files_sync(directory, false);
}

static enum status fill(struct cluster *cluster, int directory, const char *path,
                        struct error *error)
{
    int result = begin_filling(directory, cluster->options->loads);
    enum status status;

    if (result < 0)
        return fail(error, "write to", path, result);
    if (cluster->options->initdb_arguments
        || cluster->options->loads) { /* then data_dir_complete */
        cluster->filling = files_duplicate(directory);
        return cluster->filling < 0 ? fail(error, "open", path, cluster->filling) : STATUS_OK;
    }
    if (!cluster->runtime->cluster)
        return error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    status = pack_extract(cluster->runtime->cluster, directory, true, error);
    if (status)
        return status;
    result = end_filling(directory);
    return result < 0 ? fail(error, "write to", path, result) : STATUS_OK;
}

static enum status prepare(struct cluster *cluster, int directory, const char *path,
                           struct error *error)
{
    struct contents contents;
    enum status status = examine(directory, path, &contents, error);

    if (status)
        return status;
    if (contents.was_loading && !cluster->options->loads)
        return error_set(
            error, STATUS_INVALID,
            "the data directory %s is incomplete: load_data_dir was interrupted. Load it "
            "again, or remove the directory",
            path);
    if (contents.is_empty || contents.is_incomplete)
        return fill(cluster, directory, path, error);
    if (cluster->options->initdb_arguments || cluster->options->loads)
        return error_set(error, STATUS_INVALID,
                         "the data directory %s is not empty: %s for a new one", path,
                         cluster->options->loads ? "load_data_dir is" : "initdb_args are");
    if (contents.was_left) { /* it does not run: we have the lock */
        int result = leftovers_remove(directory);

        if (result < 0)
            return fail(error, "write to", path, result);
    }
    return STATUS_OK;
}

/* Of the write-ahead log. PostgreSQL installs a new or an old segment under the first name that stat() does not find, and
   takes any failure of it for that (xlog.c, InstallXLogFileSegment): the segment that is being written would be replaced. */
static bool is_segment(const char *directory, const char *name)
{
    return strcmp(directory, "pg_wal") == 0 && strlen(name) == SEGMENT_NAME
           && strspn(name, "0123456789ABCDEF") == SEGMENT_NAME;
}

enum status data_dir_open(struct cluster *cluster, const char *path, struct error *error)
{
    struct contents contents;
    enum status status;
    int directory, made = files_make_directory_by_path(path, DIRECTORY_MODE);

    if (made < 0 && made != -GE_EXIST)
        return fail(error, "make", path, made);
    directory = files_open_directory(path);
    if (directory < 0)
        return fail(error, "open", path, directory);
    /* Before the lock, so that not even its file is left in somebody else's directory. */
    status = examine(directory, path, &contents, error);
    if (status)
        goto fail;
    status = lock_open(directory, path, GUEST_PID, &cluster->data_dir_lock, error);
    if (status)
        goto fail;
    status = prepare(cluster, directory, path, error);
    if (status)
        goto fail;
    vfs_umask(cluster->vfs, UMASK);
    vfs_set_keeps(cluster->vfs, is_segment);
    return vfs_mount_host(cluster->vfs, ENGINE_DATA_DIR, directory, true, error);

fail:
    files_close(directory);
    return status;
}

enum status data_dir_complete(struct cluster *cluster, struct error *error)
{
    int result;

    if (cluster->filling < 0)
        return STATUS_OK;
    result = end_filling(cluster->filling);
    files_close(cluster->filling);
    cluster->filling = -1;
    return result < 0 ? fail(error, "write to", cluster->options->data_dir, result) : STATUS_OK;
}

void data_dir_close(struct cluster *cluster)
{
    if (cluster->filling >= 0) { /* should this fail, the marker is still there */
        if (clear(cluster->filling, 0) >= 0)
            end_filling(cluster->filling);
        files_close(cluster->filling);
    }
    cluster->filling = -1;
    lock_close(&cluster->data_dir_lock);
}
