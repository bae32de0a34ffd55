/* The model's operations on a VFS. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { NAMES_MAX = 4096 };

static void list(struct vfs *vfs, int fd, struct outcome *outcome)
{
    char **names = calloc(NAMES_MAX, sizeof *names);
    struct vfs_dirent entry;
    uint64_t cookie = 0;
    size_t count = 0;

    while ((outcome->result = vfs_readdir(vfs, fd, cookie, &entry)) == 1 && count < NAMES_MAX) {
        cookie = entry.cookie;
        names[count++] = strdup(entry.name);
    }
    if (outcome->result == -GE_NOENT)
        outcome->result = 0; /* a removed directory: for POSIX, and libc's readdir, the end */
    model_text_names(outcome, names, count);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static void stat_text(struct outcome *outcome, const struct vfs_stat *stat)
{
    if (outcome->result == 0)
        model_text_stat(outcome, stat->mode, stat->size, stat->links, stat->mtime_ns);
}

static void hash_text(struct outcome *outcome, const unsigned char *bytes)
{
    if (outcome->result >= 0)
        snprintf(outcome->text, sizeof outcome->text, "%016" PRIx64,
                 model_hash(bytes, (size_t) outcome->result));
}

/* By cloning, or as a caller does who is told that there is none. */
static int64_t copy(struct vfs *vfs, const struct operation *op, unsigned char *bytes)
{
    int64_t result = vfs_clone(vfs, op->path, op->target);
    struct vfs_stat stat;
    int from, to;

    if (result != -GE_NOTSUP)
        return result;
    from = vfs_openat(vfs, VFS_AT_CWD, op->path, VFS_O_RDONLY, 0);
    to = vfs_openat(vfs, VFS_AT_CWD, op->target, VFS_O_WRONLY | VFS_O_CREAT | VFS_O_EXCL, 0600);
    result = to;
    if (to >= 0 && vfs_fstat(vfs, from, &stat) == 0 && vfs_fchmod(vfs, to, stat.mode & 07777) == 0)
        while ((result = vfs_read(vfs, from, bytes, MODEL_BYTES)) > 0
               && vfs_write(vfs, to, bytes, (size_t) result) == result)
            ;
    vfs_close_fd(vfs, from);
    vfs_close_fd(vfs, to);
    return result;
}

void vfs_perform(void *world, const struct operation *op, struct outcome *outcome)
{
    struct vfs_world *self = world;
    struct vfs *vfs = self->vfs;
    int *fd = &self->slots.fds[op->slot];
    int directory = op->other < 0 ? VFS_AT_CWD : self->slots.fds[op->other];
    unsigned char *bytes = malloc(MODEL_BYTES);
    struct vfs_stat stat;
    int64_t *result = &outcome->result;

    outcome->text[0] = '\0';
    switch (op->kind) {
    case OP_OPEN:
        *fd = vfs_openat(vfs, directory, op->path, op->flags, op->mode);
        *result = *fd < 0 ? *fd : 0;
        break;
    case OP_CLOSE:
        *result = vfs_close_fd(vfs, *fd);
        *fd = -1;
        break;
    case OP_DUP:
        self->slots.fds[op->other] = vfs_dup(vfs, *fd, 0);
        *result = self->slots.fds[op->other] < 0 ? self->slots.fds[op->other] : 0;
        break;
    case OP_READ:
        *result = vfs_read(vfs, *fd, bytes, op->size);
        hash_text(outcome, bytes);
        break;
    case OP_PREAD:
        *result = vfs_pread(vfs, *fd, bytes, op->size, (uint64_t) op->offset);
        hash_text(outcome, bytes);
        break;
    case OP_WRITE:
        model_fill(bytes, op->size, op->fill);
        *result = vfs_write(vfs, *fd, bytes, op->size);
        break;
    case OP_PWRITE:
        model_fill(bytes, op->size, op->fill);
        *result = vfs_pwrite(vfs, *fd, bytes, op->size, (uint64_t) op->offset);
        break;
    case OP_SEEK:
        /* Positions in directories mean what the file system wants. */
        if (vfs_fstat(vfs, *fd, &stat) == 0 && (stat.mode & VFS_S_IFMT) == VFS_S_IFDIR)
            *result = 0;
        else
            *result = vfs_seek(vfs, *fd, op->offset, (enum vfs_whence) op->flags);
        break;
    case OP_FTRUNCATE:
        *result = vfs_ftruncate(vfs, *fd, op->size);
        break;
    case OP_TRUNCATE:
        *result = vfs_truncate(vfs, op->path, op->size);
        break;
    case OP_ALLOCATE:
        *result = vfs_allocate(vfs, *fd, (uint64_t) op->offset, op->size);
        break;
    case OP_SYNC:
        *result = vfs_sync(vfs, *fd, op->flags & 1);
        break;
    case OP_SET_APPEND:
        *result = vfs_set_flags(vfs, *fd, op->flags);
        break;
    case OP_MKDIR:
        *result = vfs_mkdirat(vfs, directory, op->path, op->mode);
        break;
    case OP_UNLINK:
        *result = vfs_unlinkat(vfs, directory, op->path, 0);
        break;
    case OP_RMDIR:
        *result = vfs_unlinkat(vfs, directory, op->path, VFS_AT_REMOVEDIR);
        break;
    case OP_RENAME:
        *result = vfs_renameat(vfs, directory, op->path, VFS_AT_CWD, op->target);
        break;
    case OP_LINK:
        *result = vfs_linkat(vfs, directory, op->path, VFS_AT_CWD, op->target, op->flags);
        break;
    case OP_COPY:
        *result = copy(vfs, op, bytes);
        break;
    case OP_SYMLINK:
        *result = vfs_symlinkat(vfs, op->target, directory, op->path);
        break;
    case OP_READLINK:
        *result = vfs_readlinkat(vfs, directory, op->path, outcome->text, MODEL_TEXT - 1);
        outcome->text[*result > 0 ? *result : 0] = '\0';
        break;
    case OP_STAT:
        *result = vfs_statat(vfs, directory, op->path, 0, &stat);
        stat_text(outcome, &stat);
        break;
    case OP_LSTAT:
        *result = vfs_statat(vfs, directory, op->path, VFS_AT_SYMLINK_NOFOLLOW, &stat);
        stat_text(outcome, &stat);
        break;
    case OP_FSTAT:
        *result = vfs_fstat(vfs, *fd, &stat);
        stat_text(outcome, &stat);
        break;
    case OP_CHMOD:
        *result = vfs_chmodat(vfs, directory, op->path, op->mode, 0);
        break;
    case OP_FCHMOD:
        *result = vfs_fchmod(vfs, *fd, op->mode);
        break;
    case OP_ACCESS:
        *result = vfs_accessat(vfs, directory, op->path, op->flags, 0);
        break;
    case OP_UTIMENS:
        *result = vfs_utimensat(vfs, directory, op->path, op->offset, op->offset, op->flags);
        break;
    case OP_CHDIR:
        *result = vfs_chdir(vfs, op->path);
        break;
    case OP_GETCWD:
        *result = vfs_getcwd(vfs, outcome->text, op->size);
        if (*result < 0)
            outcome->text[0] = '\0'; /* undefined then */
        break;
    case OP_UMASK:
        *result = vfs_umask(vfs, op->mode);
        break;
    case OP_LIST:
        list(vfs, *fd, outcome);
        break;
    default:
        abort();
    }
    free(bytes);
}
