/* A copy of another engine's data directory in memory, as its last checkpoint and its WAL have it. */
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/engine.h"

enum {
    BUFFER_SIZE = 1 << 18,
    DEPTH_MAX = 16, /* of a data directory; far beyond PostgreSQL's own */
    PERMISSIONS = 07777
};

static const char data[] = "/pglite/data";
static const char lock_file[] = "/pglite/data/postmaster.pid"; /* says that somebody runs there */

struct copy {
    struct vfs *from, *to;
    char path[VFS_PATH_MAX]; /* of what is being copied, the same in both */
    unsigned char buffer[BUFFER_SIZE];
};

static int copy_content(struct copy *copy, int from, int to)
{
    int64_t size;

    while ((size = vfs_read(copy->from, from, copy->buffer, BUFFER_SIZE)) > 0)
        for (int64_t done = 0; done < size;) {
            int64_t part = vfs_write(copy->to, to, copy->buffer + done, (size_t) (size - done));

            if (part <= 0)
                return part < 0 ? (int) part : -GE_NOSPC;
            done += part;
        }
    return (int) size;
}

static int copy_file(struct copy *copy, uint32_t mode)
{
    int from = vfs_openat(copy->from, VFS_AT_CWD, copy->path, VFS_O_RDONLY, 0);
    int to, result;

    if (from < 0)
        return from;
    result = to = vfs_openat(copy->to, VFS_AT_CWD, copy->path,
                             VFS_O_WRONLY | VFS_O_CREAT | VFS_O_EXCL, mode & PERMISSIONS);
    if (to >= 0) {
        result = copy_content(copy, from, to);
        vfs_close_fd(copy->to, to);
    }
    vfs_close_fd(copy->from, from);
    return result;
}

static int copy_link(struct copy *copy)
{
    char target[VFS_PATH_MAX];
    int size = vfs_readlinkat(copy->from, VFS_AT_CWD, copy->path, target, sizeof target - 1);

    if (size < 0)
        return size;
    target[size] = '\0';
    return vfs_symlinkat(copy->to, target, VFS_AT_CWD, copy->path);
}

static int copy_directory(struct copy *copy, int depth);

static int copy_entry(struct copy *copy, int depth)
{
    struct vfs_stat stat;
    int result;

    if (strcmp(copy->path, lock_file) == 0)
        return 0;
    result = vfs_statat(copy->from, VFS_AT_CWD, copy->path, VFS_AT_SYMLINK_NOFOLLOW, &stat);
    if (result < 0)
        return result;
    switch (stat.mode & VFS_S_IFMT) {
    case VFS_S_IFREG:
        return copy_file(copy, stat.mode);
    case VFS_S_IFLNK:
        return copy_link(copy);
    case VFS_S_IFDIR:
        /* There already, where the quota does not count. */
        result = vfs_mkdirat(copy->to, VFS_AT_CWD, copy->path, stat.mode & PERMISSIONS);
        return result < 0 && result != -GE_EXIST ? result : copy_directory(copy, depth + 1);
    default:
        return 0; /* a server's socket, say */
    }
}

/* The path is as it was afterwards. */
static int copy_directory(struct copy *copy, int depth)
{
    size_t length = strlen(copy->path);
    struct vfs_dirent entry = {.cookie = 0};
    int fd = depth < DEPTH_MAX
                 ? vfs_openat(copy->from, VFS_AT_CWD, copy->path, VFS_O_RDONLY | VFS_O_DIRECTORY, 0)
                 : -GE_LOOP;
    int result = fd;

    while (result >= 0 && (result = vfs_readdir(copy->from, fd, entry.cookie, &entry)) > 0) {
        size_t size = strlen(entry.name) + 1;

        if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
            continue;
        if (length + 1 + size > sizeof copy->path) {
            result = -GE_NAMETOOLONG;
            break;
        }
        copy->path[length] = '/';
        memcpy(copy->path + length + 1, entry.name, size);
        result = copy_entry(copy, depth);
        copy->path[length] = '\0';
    }
    if (fd >= 0)
        vfs_close_fd(copy->from, fd);
    return result < 0 ? result : 0;
}

static enum status copy_all(struct vfs *from, struct vfs *to, struct error *error)
{
    struct copy *copy = malloc(sizeof *copy);
    int result = copy ? 0 : -GE_NOSPC;

    if (result == 0) {
        copy->from = from;
        copy->to = to;
        memcpy(copy->path, data, sizeof data);
        result = copy_directory(copy, 0);
    }
    free(copy);
    if (result == -GE_NOSPC)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a copy of the data directory");
    if (result < 0)
        return error_set(error, STATUS_IO, "cannot copy the data directory (errno %d)", -result);
    return STATUS_OK;
}

enum status copy_files(pgn_engine *engine, pgn_engine *source, struct error *error)
{
    pgn_error refusal;
    enum status status;

    if (!quota_exempt_bookkeeping(engine->vfs))
        return error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files");
    status = (enum status) api_enter(source, &refusal);
    if (status)
        return error_set(error, status, "%s", refusal.message);
    status = snapshot_check_quiet(source, false, error);
    if (!status)
        status = session_checkpoint(source, error);
    if (!status)
        status = copy_all(source->vfs, engine->vfs, error);
    api_leave(source);
    return status;
}
