/* A copy of another engine's data directory in memory, as if that had been shut down. */
#include "engine/api/copy.h"

#include <stdlib.h>
#include <string.h>

#include "engine/api/gate.h"
#include "engine/instance/limits.h"
#include "engine/instance/tree.h"
#include "engine/session/hold.h"
#include "engine/session/main_loop.h"

enum { BUFFER_SIZE = 1 << 18, PERMISSIONS = 07777 };

struct copy {
    struct tree from; /* its path is the copy's, too */
    struct vfs *to;
    unsigned char buffer[BUFFER_SIZE];
};

static int copy_content(struct copy *copy, int from, int to)
{
    int64_t size;

    while ((size = vfs_read(copy->from.vfs, from, copy->buffer, BUFFER_SIZE)) > 0)
        for (int64_t done = 0; done < size;) {
            int64_t part = vfs_write(copy->to, to, copy->buffer + done, (size_t) (size - done));

            if (part <= 0)
                return part < 0 ? (int) part : -GE_NOSPC;
            done += part;
        }
    return (int) size;
}

static int copy_file(struct copy *copy)
{
    const struct tree *entry = &copy->from;
    int from = vfs_openat(entry->vfs, VFS_AT_CWD, entry->path, VFS_O_RDONLY, 0);
    int to, result;

    if (from < 0)
        return from;
    result = to = vfs_openat(copy->to, VFS_AT_CWD, entry->path,
                             VFS_O_WRONLY | VFS_O_CREAT | VFS_O_EXCL,
                             entry->stat.mode & PERMISSIONS);
    if (to >= 0) {
        result = copy_content(copy, from, to);
        vfs_close_fd(copy->to, to);
    }
    vfs_close_fd(entry->vfs, from);
    return result;
}

static int copy_link(struct copy *copy)
{
    const struct tree *entry = &copy->from;
    char target[VFS_PATH_MAX];
    int size = vfs_readlinkat(entry->vfs, VFS_AT_CWD, entry->path, target, sizeof target - 1);

    if (size < 0)
        return size;
    target[size] = '\0';
    return vfs_symlinkat(copy->to, target, VFS_AT_CWD, entry->path);
}

static int copy_directory(struct copy *copy)
{
    const struct tree *entry = &copy->from;
    int result = vfs_mkdirat(copy->to, VFS_AT_CWD, entry->path, entry->stat.mode & PERMISSIONS);

    return result == -GE_EXIST ? 0 : result; /* there already, where the quota does not count */
}

static int copy_entry(struct copy *copy)
{
    if (strcmp(tree_name(&copy->from), ENGINE_PID_FILE) == 0)
        return 0;
    switch (copy->from.stat.mode & VFS_S_IFMT) {
    case VFS_S_IFREG:
        return copy_file(copy);
    case VFS_S_IFLNK:
        return copy_link(copy);
    case VFS_S_IFDIR:
        return copy_directory(copy);
    default:
        return 0; /* a server's socket, say */
    }
}

static enum status copy_all(pgn_session *source, void *argument, struct error *error)
{
    struct cluster *cluster = argument;
    struct copy *copy = malloc(sizeof *copy);
    int result;

    if (!copy)
        return no_memory_for(error, "a copy of the data directory");
    copy->to = cluster->vfs;
    result = tree_open(&copy->from, source->cluster->vfs, ENGINE_DATA_DIR, TREE_LINKS_SHOWN);
    while (result >= 0 && (result = tree_next(&copy->from)) > 0)
        result = copy_entry(copy);
    tree_close(&copy->from);
    free(copy);
    if (result == -GE_NOSPC)
        return no_memory_for(error, "a copy of the data directory");
    return result < 0 ? error_set_errno(error, result, "cannot copy the data directory")
                      : STATUS_OK;
}

/* With the source's gate and baton. */
static enum status copy_from(pgn_session *source, void *argument, struct error *error)
{
    enum status status = hold_others(source->cluster, error);

    if (status)
        return status;
    status = session_copy(source, copy_all, argument, error);
    release_others(source->cluster);
    return status;
}

enum status copy_files(struct cluster *cluster, pgn_session *source, struct error *error)
{
    return gate_run(source, gate_is_quiet, copy_from, cluster, error);
}
