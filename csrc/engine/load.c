/* A data directory made of files that the caller gives one after the other, before PostgreSQL boots.
 *
 * The engine is open and waits (pgn_options.loads); what it writes to is the tree in memory, or the
 * durable directory, which counts as incomplete until PostgreSQL has started from it.
 */
#include <string.h>

#include "engine/api.h"
#include "engine/engine.h"
#include "engine/tree.h"
#include "platform/files.h"
#include "platform/lock.h"

enum { CLOSED = -1, FILE_MODE = 0600, DIRECTORY_MODE = 0700 }; /* initdb's, without group access */

static const char root[] = ENGINE_DATA_DIR "/";

/* The caller knows of which file this is. */
static enum status fail(int result, struct error *error)
{
    switch (result) {
    case -GE_NOSPC:
        return error_set(error, STATUS_NO_MEMORY, "there is no space left for it");
    case -GE_EXIST:
        return error_set(error, STATUS_FILES, "it is there twice");
    case -GE_NOTDIR:
        return error_set(error, STATUS_FILES, "what it is in is not a directory");
    default:
        return error_set(error, STATUS_IO, "cannot write it (errno %d)", -result);
    }
}

static void close_file(pgn_engine *engine)
{
    if (engine->load_fd != CLOSED)
        vfs_close_fd(engine->vfs, engine->load_fd);
    engine->load_fd = CLOSED;
}

/* --- paths -------------------------------------------------------------------------------- */

/* One component: neither empty, nor a way up, nor what the guest does not see. */
static bool is_name(const char *name, size_t length)
{
    if (length < 1 || length > VFS_NAME_MAX)
        return false;
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
        return false;
    return strncmp(name, LOCK_PREFIX, sizeof LOCK_PREFIX - 1) != 0;
}

static bool is_path(const char *path)
{
    size_t length;

    if (strlen(path) >= VFS_PATH_MAX - sizeof root)
        return false;
    for (;; path += length + 1) {
        length = strcspn(path, "/");
        if (!is_name(path, length))
            return false;
        if (path[length] == '\0')
            return true;
    }
}

/* The place of a file in the name space, its directories made as far as they are missing. */
static enum status find_place(pgn_engine *engine, const char *path, char place[VFS_PATH_MAX],
                              struct error *error)
{
    if (!is_path(path))
        return error_set(error, STATUS_FILES, "it is not a path within a data directory");
    memcpy(place, root, sizeof root);
    memcpy(place + sizeof root - 1, path, strlen(path) + 1);
    for (char *slash = place + sizeof root - 1; (slash = strchr(slash, '/')); slash++) {
        int result;

        *slash = '\0';
        result = vfs_mkdirat(engine->vfs, VFS_AT_CWD, place, DIRECTORY_MODE);
        *slash = '/';
        if (result < 0 && result != -GE_EXIST)
            return fail(result, error);
    }
    return STATUS_OK;
}

/* --- one by one --------------------------------------------------------------------------- */

static enum status load_directory(pgn_engine *engine, const char *path, struct error *error)
{
    char place[VFS_PATH_MAX];
    struct vfs_stat stat;
    enum status status = find_place(engine, path, place, error);
    int result;

    close_file(engine);
    if (status)
        return status;
    result = vfs_mkdirat(engine->vfs, VFS_AT_CWD, place, DIRECTORY_MODE);
    if (result == -GE_EXIST) { /* as another entry's parent, or where the quota does not count */
        result = vfs_statat(engine->vfs, VFS_AT_CWD, place, VFS_AT_SYMLINK_NOFOLLOW, &stat);
        if (result >= 0 && (stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)
            result = -GE_EXIST;
    }
    return result < 0 ? fail(result, error) : STATUS_OK;
}

static enum status load_file(pgn_engine *engine, const char *path, struct error *error)
{
    char place[VFS_PATH_MAX];
    enum status status = find_place(engine, path, place, error);

    close_file(engine);
    if (status)
        return status;
    engine->load_fd = vfs_openat(engine->vfs, VFS_AT_CWD, place,
                                 VFS_O_WRONLY | VFS_O_CREAT | VFS_O_EXCL, FILE_MODE);
    if (engine->load_fd >= 0)
        return STATUS_OK;
    status = fail(engine->load_fd, error);
    engine->load_fd = CLOSED;
    return status;
}

static enum status load_bytes(pgn_engine *engine, const uint8_t *bytes, size_t size,
                              struct error *error)
{
    if (engine->load_fd == CLOSED)
        return error_set(error, STATUS_INVALID, "there is no file to write to");
    for (size_t done = 0; done < size;) {
        int64_t part = vfs_write(engine->vfs, engine->load_fd, bytes + done, size - done);

        if (part <= 0)
            return fail(part < 0 ? (int) part : -GE_NOSPC, error);
        done += (size_t) part;
    }
    return STATUS_OK;
}

/* --- the end ------------------------------------------------------------------------------ */

/* Everything to the disk, at once where the system can. */
static int sync_all(pgn_engine *engine)
{
    struct tree tree;
    int result;

    if (files_can_sync_all())
        return files_sync_all(engine->filling);
    result = tree_open(&tree, engine->vfs, ENGINE_DATA_DIR, TREE_LINKS_SHOWN);
    while (result >= 0 && (result = tree_next(&tree)) > 0) {
        int fd = vfs_openat(engine->vfs, VFS_AT_CWD, tree.path, VFS_O_RDONLY, 0);

        result = fd < 0 ? fd : vfs_sync(engine->vfs, fd, false);
        if (fd >= 0)
            vfs_close_fd(engine->vfs, fd);
    }
    tree_close(&tree);
    return result;
}

static enum status boot(pgn_engine *engine, struct error *error)
{
    int result = vfs_chmodat(engine->vfs, VFS_AT_CWD, ENGINE_DATA_DIR, DIRECTORY_MODE, 0);

    close_file(engine);
    if (result < 0)
        return fail(result, error);
    engine->loading = false;
    vfs_set_sync(engine->vfs, false); /* recovery would sync every file twice, one by one */
    session_resume(engine);
    vfs_set_sync(engine->vfs, true);
    if (engine->state != ENGINE_IDLE) {
        *error = engine->failure;
        return error->status;
    }
    result = engine->filling < 0 ? 0 : sync_all(engine);
    return result < 0 ? fail(result, error) : data_dir_complete(engine, error);
}

/* --- what callers see --------------------------------------------------------------------- */

static int enter(pgn_engine *engine, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status || engine->loading)
        return status;
    error_set(&error, STATUS_INVALID, "the engine is not one that is being loaded");
    api_leave(engine);
    return api_error(pgn_error, &error);
}

static int leave(pgn_engine *engine, enum status status, const struct error *error,
                 pgn_error *pgn_error)
{
    api_leave(engine);
    return status ? api_error(pgn_error, error) : STATUS_OK;
}

int pgn_load_directory(pgn_engine *engine, const char *path, pgn_error *pgn_error)
{
    struct error error;
    int status = enter(engine, pgn_error);

    return status ? status : leave(engine, load_directory(engine, path, &error), &error, pgn_error);
}

int pgn_load_file(pgn_engine *engine, const char *path, pgn_error *pgn_error)
{
    struct error error;
    int status = enter(engine, pgn_error);

    return status ? status : leave(engine, load_file(engine, path, &error), &error, pgn_error);
}

int pgn_load_bytes(pgn_engine *engine, const uint8_t *bytes, size_t size, pgn_error *pgn_error)
{
    struct error error;
    int status = enter(engine, pgn_error);

    return status ? status
                  : leave(engine, load_bytes(engine, bytes, size, &error), &error, pgn_error);
}

int pgn_load_end(pgn_engine *engine, pgn_error *pgn_error)
{
    struct error error;
    int status = enter(engine, pgn_error);

    if (status)
        return status;
    status = boot(engine, &error);
    engine->options = NULL;
    return leave(engine, status, &error, pgn_error);
}
