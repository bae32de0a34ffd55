/* Preloaded into a process: writes down, in their order, all calls that change a file system or sync it, below one
 * device, and what is said on the standard output. disk.py replays it.
 *
 * A call and its record are one step, so that the order of the records is an order in which the calls may have been
 * carried out by a disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Beside each what its fields mean; recording.py has the same. */
enum operation {
    MADE = 1,    /* node: the directory; other: the new file; text: its name */
    MADE_FOLDER, /* likewise */
    WRITTEN,     /* node: the file; offset; text: the bytes */
    TRUNCATED,   /* node: the file; offset: its new size */
    ALLOCATED,   /* node: the file; offset: its size at least */
    SYNCED,      /* node: the file, or directory */
    SYNCED_ALL,  /* the file system */
    RENAMED,     /* node: the directory; other: the new directory; text: old name, zero, new name */
    LINKED,      /* node: the directory; other: the file; text: its name */
    REMOVED,     /* node: the directory; text: the name, of a file or of a directory */
    SAID         /* text: the line */
};

struct record {
    uint32_t operation, length;
    uint64_t node, other, offset;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int output = -1;
static bool speaks; /* and is not a process that the recorded one has started */
static dev_t device;

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static void stop(const char *why)
{
    fprintf(stderr, "recorder: %s\n", why);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    struct stat stat;
    const char *root = getenv("RECORDER_ROOT"), *path = getenv("RECORDER_OUTPUT");

    if (!root || !path || lstat(root, &stat) != 0)
        stop("RECORDER_ROOT and RECORDER_OUTPUT are to be set");
    device = stat.st_dev;
    speaks = !getenv("RECORDER_BEGUN");
    setenv("RECORDER_BEGUN", "", 1);
    output = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0)
        stop("RECORDER_OUTPUT cannot be written");
}

static void put(enum operation operation, uint64_t node, uint64_t other, uint64_t offset,
                const void *text, size_t length)
{
    struct record record = {operation, (uint32_t) length, node, other, offset};
    struct iovec parts[] = {{&record, sizeof record}, {(void *) text, length}};

    if (output >= 0 && NEXT(writev)(output, parts, 2) != (ssize_t) (sizeof record + length))
        stop("a record cannot be written");
}

/* Its node, if it is a file or a directory of the device; or 0. */
static uint64_t node_of(int fd)
{
    struct stat stat;

    return fstat(fd, &stat) == 0 && stat.st_dev == device
                   && (S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode))
               ? stat.st_ino
               : 0;
}

/* The directory that a path ends in, and the last name of it. */
struct place {
    char folder[4096], name[256];
    uint64_t node; /* 0: not of the device */
};

static struct place find(int fd, const char *path)
{
    struct place place = {.node = 0};
    const char *slash = strrchr(path, '/');
    struct stat stat;

    snprintf(place.name, sizeof place.name, "%s", slash ? slash + 1 : path);
    snprintf(place.folder, sizeof place.folder, "%.*s", slash ? (int) (slash - path) + 1 : 1,
             slash ? path : ".");
    if (fstatat(fd, place.folder, &stat, 0) == 0 && stat.st_dev == device)
        place.node = stat.st_ino;
    return place;
}

static uint64_t look(int fd, const char *path)
{
    struct stat stat;

    return fstatat(fd, path, &stat, AT_SYMLINK_NOFOLLOW) == 0 ? stat.st_ino : 0;
}

#define ENTER()                                                                                    \
    do {                                                                                           \
        pthread_mutex_lock(&lock);                                                                 \
    } while (0)

#define LEAVE(result)                                                                              \
    do {                                                                                           \
        int error = errno;                                                                         \
                                                                                                   \
        pthread_mutex_unlock(&lock);                                                               \
        errno = error;                                                                             \
        return result;                                                                             \
    } while (0)

/* ---- Opening ---- */

static int open_recorded(int fd, const char *path, int flags, mode_t mode)
{
    struct place place = {.node = 0};
    uint64_t before = 0;
    int result;

    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE)
        return NEXT(openat)(fd, path, flags, mode);
    ENTER();
    place = find(fd, path);
    before = look(fd, path);
    result = NEXT(openat)(fd, path, flags, mode);
    if (result >= 0 && place.node && !before)
        put(MADE, place.node, node_of(result), 0, place.name, strlen(place.name));
    else if (result >= 0 && flags & O_TRUNC && node_of(result))
        put(TRUNCATED, node_of(result), 0, 0, NULL, 0);
    LEAVE(result);
}

#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    va_list arguments;                                                                             \
                                                                                                   \
    va_start(arguments, flags);                                                                    \
    if ((flags) & (O_CREAT | O_TMPFILE))                                                           \
        mode = va_arg(arguments, mode_t);                                                          \
    va_end(arguments)

int open(const char *path, int flags, ...)
{
    MODE(flags);
    return open_recorded(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags);
    return open_recorded(AT_FDCWD, path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...)
{
    MODE(flags);
    return open_recorded(fd, path, flags, mode);
}

int openat64(int fd, const char *path, int flags, ...)
{
    MODE(flags);
    return open_recorded(fd, path, flags, mode);
}

/* ---- Content ---- */

static ssize_t pwrite_recorded(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t result;

    ENTER();
    result = NEXT(pwrite)(fd, bytes, size, offset);
    if (result > 0 && node_of(fd))
        put(WRITTEN, node_of(fd), 0, (uint64_t) offset, bytes, (size_t) result);
    LEAVE(result);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite_recorded(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite_recorded(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t result;

    ENTER();
    result = NEXT(write)(fd, bytes, size);
    if (result > 0 && fd == STDOUT_FILENO && speaks)
        put(SAID, 0, 0, 0, bytes, (size_t) result);
    else if (result > 0 && node_of(fd))
        put(WRITTEN, node_of(fd), 0, (uint64_t) (lseek(fd, 0, SEEK_CUR) - result), bytes,
            (size_t) result);
    LEAVE(result);
}

static int truncate_recorded(int fd, off_t size)
{
    int result;

    ENTER();
    result = NEXT(ftruncate)(fd, size);
    if (result == 0 && node_of(fd))
        put(TRUNCATED, node_of(fd), 0, (uint64_t) size, NULL, 0);
    LEAVE(result);
}

int ftruncate(int fd, off_t size)
{
    return truncate_recorded(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return truncate_recorded(fd, size);
}

static int allocate_recorded(int fd, off_t offset, off_t size)
{
    int result;

    ENTER();
    result = NEXT(posix_fallocate)(fd, offset, size);
    if (result == 0 && node_of(fd))
        put(ALLOCATED, node_of(fd), 0, (uint64_t) (offset + size), NULL, 0);
    LEAVE(result);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    return allocate_recorded(fd, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    return allocate_recorded(fd, offset, size);
}

/* ---- Syncing ---- */

/* Nothing depends on the disk's own pace: that a call has returned is what counts. */
static int sync_recorded(int fd)
{
    ENTER();
    if (node_of(fd))
        put(SYNCED, node_of(fd), 0, 0, NULL, 0);
    LEAVE(0);
}

int fsync(int fd)
{
    return sync_recorded(fd);
}

int fdatasync(int fd)
{
    return sync_recorded(fd);
}

int syncfs(int fd)
{
    if (fd < 0) { /* asks whether the system has it */
        errno = EBADF;
        return -1;
    }
    ENTER();
    if (node_of(fd))
        put(SYNCED_ALL, 0, 0, 0, NULL, 0);
    LEAVE(0);
}

/* ---- Names ---- */

int renameat(int from, const char *path, int to, const char *new_path)
{
    struct place old, new;
    char names[2 * sizeof old.name];
    size_t length;
    int result;

    ENTER();
    old = find(from, path);
    new = find(to, new_path);
    result = NEXT(renameat)(from, path, to, new_path);
    length = strlen(old.name) + 1;
    memcpy(names, old.name, length);
    memcpy(names + length, new.name, strlen(new.name));
    if (result == 0 && (old.node || new.node))
        put(RENAMED, old.node, new.node, 0, names, length + strlen(new.name));
    LEAVE(result);
}

int rename(const char *path, const char *new_path)
{
    return renameat(AT_FDCWD, path, AT_FDCWD, new_path);
}

int linkat(int from, const char *path, int to, const char *new_path, int flags)
{
    struct place place;
    int result;

    ENTER();
    place = find(to, new_path);
    result = NEXT(linkat)(from, path, to, new_path, flags);
    if (result == 0 && place.node)
        put(LINKED, place.node, look(to, new_path), 0, place.name, strlen(place.name));
    LEAVE(result);
}

int link(const char *path, const char *new_path)
{
    return linkat(AT_FDCWD, path, AT_FDCWD, new_path, 0);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
    struct place place;
    int result;

    ENTER();
    place = find(fd, path);
    result = NEXT(mkdirat)(fd, path, mode);
    if (result == 0 && place.node)
        put(MADE_FOLDER, place.node, look(fd, path), 0, place.name, strlen(place.name));
    LEAVE(result);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int fd, const char *path, int flags)
{
    struct place place;
    int result;

    ENTER();
    place = find(fd, path);
    result = NEXT(unlinkat)(fd, path, flags);
    if (result == 0 && place.node)
        put(REMOVED, place.node, 0, 0, place.name, strlen(place.name));
    LEAVE(result);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- What is not recorded, and so must not occur ---- */

static void refuse(int fd, const char *what)
{
    if (node_of(fd))
        stop(what);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (fd != output)
        refuse(fd, "writev is not recorded");
    return NEXT(writev)(fd, parts, count);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    refuse(to, "sendfile is not recorded");
    return NEXT(sendfile)(to, from, offset, count);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count)
{
    refuse(to, "sendfile is not recorded");
    return NEXT(sendfile64)(to, from, offset, count);
}

ssize_t copy_file_range(int from, off64_t *offset, int to, off64_t *to_offset, size_t size,
                        unsigned flags)
{
    refuse(to, "copy_file_range is not recorded");
    return NEXT(copy_file_range)(from, offset, to, to_offset, size, flags);
}
