/* A data directory made of files that the caller gives one after the other, before PostgreSQL boots.
 *
 * The engine is open and waits (pgn_options.loads); what it writes to is the tree in memory, or the
 * durable directory, which counts as incomplete until PostgreSQL has started from it.
 */
#include "engine/session/load.h"

#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/cluster/data_directory.h"
#include "engine/instance/limits.h"
#include "engine/instance/tree.h"
#include "engine/session/run.h"
#include "platform/files.h"
#include "platform/directory_lock.h"

enum {
    CLOSED = -1,
    FILE_MODE = 0600, /* initdb's, without group access */
    DIRECTORY_MODE = 0700,
    UNCOUNTED_MAX = 128 << 20 /* more than checkpoints leave of WAL */
};

static const char root[] = ENGINE_DATA_DIR "/";

/* The caller knows of which file this is. */
static enum status fail(int result, struct error *error)
{
    switch (result) {
    case -GE_NOSPC:
        return error_set(error, STATUS_NO_MEMORY, "no space is left for it");
    case -GE_EXIST:
        return error_set(error, STATUS_FILES, "the same path occurs twice");
    case -GE_NOTDIR:
        return error_set(error, STATUS_FILES, "its parent is not a directory");
    default:
        return error_set_errno(error, result, "cannot write it");
    }
}

static void close_file(pgn_session *session)
{
    if (session->cluster->load_fd != CLOSED)
        vfs_close_fd(session->cluster->vfs, session->cluster->load_fd);
    session->cluster->load_fd = CLOSED;
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
    for (int depth = 0; depth < TREE_DEPTH_MAX; depth++, path += length + 1) {
        length = strcspn(path, "/");
        if (!is_name(path, length))
            return false;
        if (path[length] == '\0')
            return true;
    }
    return false;
}

/* The quota refuses no name where it does not count the files, as in pg_wal: a tarball may not fill that either. */
static bool has_room_for_a_name(const pgn_session *session)
{
    struct vfs_statfs stat;

    return vfs_statfs(session->cluster->vfs, "/", &stat) < 0 || stat.files_free > 0;
}

/* The place of a file in the name space, its directories made as far as they are missing. */
static enum status find_place(pgn_session *session, const char *path, char place[VFS_PATH_MAX],
                              struct error *error)
{
    if (!is_path(path))
        return error_set(error, STATUS_FILES, "its path does not lie within the data directory");
    if (session->cluster->filling < 0 && !has_room_for_a_name(session))
        return fail(-GE_NOSPC, error);
    memcpy(place, root, sizeof root);
    memcpy(place + sizeof root - 1, path, strlen(path) + 1);
    for (char *slash = place + sizeof root - 1; (slash = strchr(slash, '/')); slash++) {
        int result;

        *slash = '\0';
        result = vfs_mkdirat(session->cluster->vfs, VFS_AT_CWD, place, DIRECTORY_MODE);
        *slash = '/';
        if (result < 0 && result != -GE_EXIST)
            return fail(result, error);
    }
    return STATUS_OK;
}

/* --- one by one --------------------------------------------------------------------------- */

enum status load_directory(pgn_session *session, const char *path, struct error *error)
{
    char place[VFS_PATH_MAX];
    struct vfs_stat stat;
    enum status status = find_place(session, path, place, error);
    int result;

    close_file(session);
    if (status)
        return status;
    result = vfs_mkdirat(session->cluster->vfs, VFS_AT_CWD, place, DIRECTORY_MODE);
    if (result == -GE_EXIST) { /* as another entry's parent, or where the quota does not count */
        result = vfs_statat(session->cluster->vfs, VFS_AT_CWD, place, VFS_AT_SYMLINK_NOFOLLOW,
                            &stat);
        if (result >= 0 && (stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)
            result = -GE_EXIST;
    }
    return result < 0 ? fail(result, error) : STATUS_OK;
}

enum status load_file(pgn_session *session, const char *path, struct error *error)
{
    char place[VFS_PATH_MAX];
    enum status status = find_place(session, path, place, error);

    close_file(session);
    if (status)
        return status;
    session->cluster->load_fd = vfs_openat(session->cluster->vfs, VFS_AT_CWD, place,
                                           VFS_O_WRONLY | VFS_O_CREAT | VFS_O_EXCL, FILE_MODE);
    if (session->cluster->load_fd >= 0)
        return STATUS_OK;
    status = fail(session->cluster->load_fd, error);
    session->cluster->load_fd = CLOSED;
    return status;
}

enum status load_bytes(pgn_session *session, const uint8_t *bytes, size_t size, struct error *error)
{
    struct vfs *vfs = session->cluster->vfs;

    if (session->cluster->load_fd == CLOSED)
        return error_set(error, STATUS_INVALID, "there is no file to write to");
    /* The quota does not count the WAL and the like, as PostgreSQL has to be able to write them. A tarball has not. */
    if (session->cluster->filling < 0 && vfs_bytes_written(vfs) > UNCOUNTED_MAX
        && vfs_bytes_written(vfs) - UNCOUNTED_MAX > vfs_quota(vfs))
        return fail(-GE_NOSPC, error);
    for (size_t done = 0; done < size;) {
        int64_t part = vfs_write(vfs, session->cluster->load_fd, bytes + done, size - done);

        if (part <= 0)
            return fail(part < 0 ? (int) part : -GE_NOSPC, error);
        done += (size_t) part;
    }
    return STATUS_OK;
}

/* --- the end ------------------------------------------------------------------------------ */

/* Everything to the disk, at once where the system can. */
static int sync_all(pgn_session *session)
{
    struct tree tree;
    int result;

    if (files_can_sync_all())
        return files_sync_all(session->cluster->filling);
    result = tree_open(&tree, session->cluster->vfs, ENGINE_DATA_DIR, TREE_LINKS_SHOWN);
    while (result >= 0 && (result = tree_next(&tree)) > 0) {
        int fd = vfs_openat(session->cluster->vfs, VFS_AT_CWD, tree.path, VFS_O_RDONLY, 0);

        result = fd < 0 ? fd : vfs_sync(session->cluster->vfs, fd, false);
        if (fd >= 0)
            vfs_close_fd(session->cluster->vfs, fd);
    }
    tree_close(&tree);
    return result;
}

enum status load_end(pgn_session *session, struct error *error)
{
    int result = vfs_chmodat(session->cluster->vfs, VFS_AT_CWD, ENGINE_DATA_DIR, DIRECTORY_MODE, 0);

    close_file(session);
    if (result < 0)
        return fail(result, error);
    session->cluster->loading = false;
    vfs_set_sync(session->cluster->vfs,
                 false); /* recovery would sync every file twice, one by one */
    session_run(session);
    vfs_set_sync(session->cluster->vfs, true);
    if (session->state != SESSION_IDLE) {
        *error = session->failure;
        return error->status;
    }
    result = session->cluster->filling < 0 ? 0 : sync_all(session);
    return result < 0 ? fail(result, error) : data_dir_complete(session->cluster, error);
}
