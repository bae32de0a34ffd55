/* The model's operations by the system's own calls: the oracle. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model.h"
#include "platform/errno.h"

enum { NAMES_MAX = 4096 };

static int open_flags(int flags)
{
    static const int pairs[][2] = {
        {VFS_O_CREAT, O_CREAT},   {VFS_O_EXCL, O_EXCL},           {VFS_O_TRUNC, O_TRUNC},
        {VFS_O_APPEND, O_APPEND}, {VFS_O_DIRECTORY, O_DIRECTORY}, {VFS_O_NOFOLLOW, O_NOFOLLOW},
    };
    int result = flags & VFS_O_ACCMODE;

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (flags & pairs[i][0])
            result |= pairs[i][1];
    return result | O_CLOEXEC;
}

static int64_t list(int fd, struct outcome *outcome)
{
    char **names = calloc(NAMES_MAX, sizeof *names);
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = own < 0 ? NULL : fdopendir(own);
    struct dirent *entry;
    size_t count = 0;
    int error;

    while (stream && (errno = 0, entry = readdir(stream)) && count < NAMES_MAX)
        names[count++] = strdup(entry->d_name);
    error = errno;
    if (stream)
        closedir(stream);
    model_text_names(outcome, names, count);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    errno = error;
    return error ? -1 : 0;
}

static void stat_text(struct outcome *outcome, const struct stat *stat)
{
    if (outcome->result == 0)
        model_text_stat(outcome, stat->st_mode, (uint64_t) stat->st_size, stat->st_nlink,
                        stat->st_mtim.tv_sec * INT64_C(1000000000) + stat->st_mtim.tv_nsec);
}

static void hash_text(struct outcome *outcome, const unsigned char *bytes)
{
    if (outcome->result >= 0)
        snprintf(outcome->text, sizeof outcome->text, "%016" PRIx64,
                 model_hash(bytes, (size_t) outcome->result));
}

static int64_t set_append(int fd, int flags)
{
    int before = fcntl(fd, F_GETFL);

    if (before < 0)
        return -1;
    return fcntl(fd, F_SETFL, (before & ~O_APPEND) | (flags & VFS_O_APPEND ? O_APPEND : 0));
}

static int64_t set_times(int directory, const struct operation *op)
{
    struct timespec time = {.tv_sec = op->offset / 1000000000, .tv_nsec = op->offset % 1000000000};
    struct timespec times[2] = {time, time};

    return utimensat(directory, op->path, times,
                     op->flags & VFS_AT_SYMLINK_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

static int64_t copy(const struct operation *op, unsigned char *bytes)
{
    int from = open(op->path, O_RDONLY | O_CLOEXEC), to = -1;
    struct stat stat;
    ssize_t size = -1;

    if (from >= 0 && fstat(from, &stat) == 0 && S_ISDIR(stat.st_mode))
        errno = EISDIR;
    else if (from >= 0)
        to = open(op->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to >= 0 && fchmod(to, stat.st_mode & 07777) == 0)
        while ((size = read(from, bytes, MODEL_BYTES)) > 0 && write(to, bytes, size) == size)
            ;
    if (to >= 0)
        close(to);
    if (from >= 0)
        close(from);
    return size;
}

void system_perform(void *world, const struct operation *op, struct outcome *outcome)
{
    static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    struct system_world *self = world;
    int *fd = &self->slots.fds[op->slot];
    int directory = op->other < 0 ? AT_FDCWD : self->slots.fds[op->other];
    unsigned char *bytes = malloc(MODEL_BYTES);
    struct stat stat;
    int64_t *result = &outcome->result;

    outcome->text[0] = '\0';
    errno = 0;
    switch (op->kind) {
    case OP_OPEN:
        *fd = openat(directory, op->path, open_flags(op->flags), op->mode);
        *result = *fd < 0 ? -1 : 0;
        break;
    case OP_CLOSE:
        *result = close(*fd);
        *fd = -1;
        break;
    case OP_DUP:
        self->slots.fds[op->other] = dup(*fd);
        *result = self->slots.fds[op->other] < 0 ? -1 : 0;
        break;
    case OP_READ:
        *result = read(*fd, bytes, op->size);
        hash_text(outcome, bytes);
        break;
    case OP_PREAD:
        *result = pread(*fd, bytes, op->size, op->offset);
        hash_text(outcome, bytes);
        break;
    case OP_WRITE:
        model_fill(bytes, op->size, op->fill);
        *result = write(*fd, bytes, op->size);
        break;
    case OP_PWRITE:
        model_fill(bytes, op->size, op->fill);
        *result = pwrite(*fd, bytes, op->size, op->offset);
        break;
    case OP_SEEK:
        if (fstat(*fd, &stat) == 0 && S_ISDIR(stat.st_mode))
            *result = 0;
        else
            *result = lseek(*fd, op->offset, whences[op->flags]);
        break;
    case OP_FTRUNCATE:
        *result = ftruncate(*fd, op->size);
        break;
    case OP_TRUNCATE:
        *result = truncate(op->path, op->size);
        break;
    case OP_ALLOCATE:
        errno = posix_fallocate(*fd, op->offset, op->size);
        *result = errno ? -1 : 0;
        break;
    case OP_SYNC:
        *result = op->flags & 1 ? fdatasync(*fd) : fsync(*fd);
        break;
    case OP_SET_APPEND:
        *result = set_append(*fd, op->flags);
        break;
    case OP_MKDIR:
        *result = mkdirat(directory, op->path, op->mode);
        break;
    case OP_UNLINK:
        *result = unlinkat(directory, op->path, 0);
        break;
    case OP_RMDIR:
        *result = unlinkat(directory, op->path, AT_REMOVEDIR);
        break;
    case OP_RENAME:
        *result = renameat(directory, op->path, AT_FDCWD, op->target);
        break;
    case OP_LINK:
        *result = linkat(directory, op->path, AT_FDCWD, op->target,
                         op->flags & VFS_AT_SYMLINK_FOLLOW ? AT_SYMLINK_FOLLOW : 0);
        break;
    case OP_COPY:
        *result = copy(op, bytes);
        break;
    case OP_SYMLINK:
        *result = symlinkat(op->target, directory, op->path);
        break;
    case OP_READLINK:
        *result = readlinkat(directory, op->path, outcome->text, MODEL_TEXT - 1);
        outcome->text[*result > 0 ? *result : 0] = '\0';
        break;
    case OP_STAT:
        *result = fstatat(directory, op->path, &stat, 0);
        stat_text(outcome, &stat);
        break;
    case OP_LSTAT:
        *result = fstatat(directory, op->path, &stat, AT_SYMLINK_NOFOLLOW);
        stat_text(outcome, &stat);
        break;
    case OP_FSTAT:
        *result = fstat(*fd, &stat);
        stat_text(outcome, &stat);
        break;
    case OP_CHMOD:
        *result = fchmodat(directory, op->path, op->mode, 0);
        break;
    case OP_FCHMOD:
        *result = fchmod(*fd, op->mode);
        break;
    case OP_ACCESS:
        *result = faccessat(directory, op->path, op->flags, 0);
        break;
    case OP_UTIMENS:
        *result = set_times(directory, op);
        break;
    case OP_CHDIR:
        *result = chdir(op->path);
        break;
    case OP_GETCWD:
        *result = getcwd(outcome->text, op->size) ? (int64_t) strlen(outcome->text) + 1 : -1;
        break;
    case OP_UMASK:
        *result = umask(op->mode);
        break;
    case OP_LIST:
        *result = list(*fd, outcome);
        break;
    default:
        abort();
    }
    if (*result < 0)
        *result = -(int64_t) platform_errno(errno);
    free(bytes);
}
