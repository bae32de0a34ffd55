/* Files over the *at calls of POSIX. */
#include "platform/system.h"

#include "platform/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/errno.h"

/* A directory that is only passed through: Linux and macOS each have their flag. */
#if defined(O_PATH)
#define OPEN_PASSING O_PATH
#elif defined(O_SEARCH)
#define OPEN_PASSING O_SEARCH
#else
#define OPEN_PASSING O_RDONLY
#endif

#ifdef __APPLE__
#define ATIME st_atimespec
#define MTIME st_mtimespec
#define CTIME st_ctimespec
#else
#define ATIME st_atim
#define MTIME st_mtim
#define CTIME st_ctim
#endif

enum {
    /* O_NONBLOCK: opening a FIFO must not hang. */
    OPEN_ALWAYS = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
    PERMISSIONS = 07777,
    NS_PER_S = 1000000000
};

static int failure(void)
{
    return -(int) platform_errno(errno);
}

static int status_of(int result)
{
    return result < 0 ? failure() : 0;
}

/* ---- Opening ---- */

static int open_retrying(int directory, const char *name, int flags, mode_t mode)
{
    int fd;

    do
        fd = descriptor_above_standard(openat(directory, name, flags, mode));
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? failure() : fd;
}

int files_open_directory(const char *path)
{
    return open_retrying(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

int files_make_directory_by_path(const char *path, uint32_t permissions)
{
    return mkdir(path, (mode_t) permissions) == 0 ? 0 : failure();
}

int files_enter(int directory, const char *name)
{
    int fd = open_retrying(directory, name, OPEN_PASSING | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);

    return fd == -GE_LOOP ? -GE_NOTDIR : fd; /* macOS says ELOOP of a link, Linux ENOTDIR */
}

/* The process's umask must not add to the VFS's, so a new file's permissions are set once more. */
static int create(int directory, const char *name, int flags, uint32_t permissions)
{
    int fd = open_retrying(directory, name, flags | O_CREAT | O_EXCL, (mode_t) permissions);

    if (fd >= 0 && fchmod(fd, (mode_t) permissions) != 0) {
        int result = failure();

        close(fd);
        return result;
    }
    return fd;
}

static int check_type(int fd, int flags, enum files_type *type)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return failure();
    if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode))
        return -GE_NXIO;
    if (S_ISDIR(stat.st_mode) && (flags & FILES_CREATE))
        return -GE_ISDIR;
    *type = S_ISDIR(stat.st_mode) ? FILES_IS_DIRECTORY : FILES_REGULAR;
    return 0;
}

static int system_flags(int flags)
{
    int how = OPEN_ALWAYS;

    if (flags & FILES_WRITE)
        how |= flags & FILES_WRITE_ONLY ? O_WRONLY : O_RDWR;
    if (flags & FILES_DIRECTORY)
        how |= O_DIRECTORY;
    if (flags & FILES_TRUNCATE)
        how |= O_TRUNC;
    return how;
}

int files_open(int directory, const char *name, int flags, uint32_t permissions,
               enum files_type *type)
{
    int how = system_flags(flags);
    bool exclusive = (flags & FILES_CREATE) && (flags & FILES_EXCLUSIVE);
    int fd = exclusive ? -GE_NOENT : open_retrying(directory, name, how, 0);
    int result;

    if (fd == -GE_NOENT && (flags & FILES_CREATE)) {
        *type = FILES_REGULAR;
        fd = create(directory, name, how, permissions);
        if (fd != -GE_EXIST || exclusive)
            return fd;
        fd = open_retrying(directory, name, how, 0); /* somebody else has just made it */
    }
    if (fd < 0)
        return fd;
    result = check_type(fd, flags, type);
    if (result < 0)
        close(fd);
    return result < 0 ? result : fd;
}

int files_duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    return copy < 0 ? failure() : copy;
}

void files_close(int fd)
{
    close(fd); /* after EINTR too the descriptor is gone */
}

/* ---- Content ---- */

int64_t files_read(int fd, void *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;

    do { /* also of no bytes: the file may be a directory */
        ssize_t part = pread(fd, (char *) bytes + done, size - done, (off_t) (offset + done));

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return done ? (int64_t) done : failure();
        if (part == 0)
            break;
        done += (size_t) part;
    } while (done < size);
    return (int64_t) done;
}

int64_t files_write(int fd, const void *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;

    while (done < size) {
        ssize_t part = pwrite(fd, (const char *) bytes + done, size - done,
                              (off_t) (offset + done));

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return done ? (int64_t) done : failure(); /* the next write will meet the error */
        done += (size_t) part;
    }
    return (int64_t) done;
}

int64_t files_size(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END); /* the position is not used by anything here */

    return size < 0 ? failure() : (int64_t) size;
}

int files_sync(int fd, bool data_only)
{
    int result;

    do {
#ifdef __APPLE__
        (void) data_only;
        result = fcntl(fd, F_FULLFSYNC); /* fsync leaves it in the drive's cache */
#else
        result = data_only ? fdatasync(fd) : fsync(fd);
#endif
    } while (result < 0 && errno == EINTR);
    return status_of(result);
}

bool files_can_sync_all(void)
{
#ifdef PLATFORM_LINUX
    return syncfs(-1) < 0 && errno == EBADF; /* a sandbox may forbid it */
#else
    return false;
#endif
}

int files_sync_all(int fd)
{
#ifdef PLATFORM_LINUX
    return status_of(syncfs(fd));
#else
    (void) fd;
    return -GE_NOSYS;
#endif
}

int files_truncate(int fd, uint64_t size)
{
    int result;

    do
        result = ftruncate(fd, (off_t) size);
    while (result < 0 && errno == EINTR);
    return status_of(result);
}

int files_allocate(int fd, uint64_t offset, uint64_t size)
{
#ifdef __APPLE__
    /* Blocks are allocated at the end of the file only; what matters, the size, is right. */
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return failure();
    if ((uint64_t) stat.st_size < offset + size) {
        fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, (off_t) (offset + size) - stat.st_size,
                          0};

        if (fcntl(fd, F_PREALLOCATE, &store) < 0)
            return failure();
        return files_truncate(fd, offset + size);
    }
    return 0;
#else
    int error;

    do
        error = posix_fallocate(fd, (off_t) offset, (off_t) size);
    while (error == EINTR);
    if (error == ENOSYS || error == EPERM) /* so that the caller writes zeros instead */
        error = EOPNOTSUPP;
    return -(int) platform_errno(error);
#endif
}

/* ---- Attributes ---- */

static int64_t to_ns(struct timespec time)
{
    return (int64_t) time.tv_sec * NS_PER_S + time.tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
    struct timespec time;

    if (ns == INT64_MIN)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    time.tv_nsec = (long) (ns % NS_PER_S);
    time.tv_sec = (time_t) (ns / NS_PER_S);
    if (time.tv_nsec < 0) {
        time.tv_nsec += NS_PER_S;
        time.tv_sec--;
    }
    return time;
}

static void convert_stat(const struct stat *from, struct files_stat *to)
{
    *to = (struct files_stat){
        .type = S_ISREG(from->st_mode)   ? FILES_REGULAR
                : S_ISDIR(from->st_mode) ? FILES_IS_DIRECTORY
                : S_ISLNK(from->st_mode) ? FILES_LINK
                                         : FILES_OTHER,
        .permissions = from->st_mode & PERMISSIONS,
        .inode = (uint64_t) from->st_ino,
        .links = (uint64_t) from->st_nlink,
        .size = (uint64_t) from->st_size,
        .blocks = (uint64_t) from->st_blocks,
        .own_user = from->st_uid == geteuid(),
        .own_group = from->st_gid == getegid(),
        .atime_ns = to_ns(from->ATIME),
        .mtime_ns = to_ns(from->MTIME),
        .ctime_ns = to_ns(from->CTIME),
    };
}

int files_stat(int fd, struct files_stat *stat)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return failure();
    convert_stat(&found, stat);
    return 0;
}

int files_stat_at(int directory, const char *name, struct files_stat *stat)
{
    struct stat found;

    if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return failure();
    convert_stat(&found, stat);
    return 0;
}

int files_statfs(int fd, struct files_statfs *stat)
{
    struct statvfs found;

    if (fstatvfs(fd, &found) != 0)
        return failure();
    *stat = (struct files_statfs){
        .block_size = found.f_frsize,
        .blocks = found.f_blocks,
        .blocks_free = found.f_bavail,
        .files = found.f_files,
        .files_free = found.f_favail,
    };
    return 0;
}

int files_access_at(int directory, const char *name, int mode)
{
    return status_of(faccessat(directory, name, mode, AT_EACCESS | AT_SYMLINK_NOFOLLOW));
}

int files_chmod(int fd, uint32_t permissions)
{
    return status_of(fchmod(fd, (mode_t) permissions));
}

int files_chmod_at(int directory, const char *name, uint32_t permissions)
{
    return status_of(fchmodat(directory, name, (mode_t) permissions, AT_SYMLINK_NOFOLLOW));
}

int files_utimens(int fd, int64_t atime_ns, int64_t mtime_ns)
{
    struct timespec times[2] = {from_ns(atime_ns), from_ns(mtime_ns)};

    return status_of(futimens(fd, times));
}

int files_utimens_at(int directory, const char *name, int64_t atime_ns, int64_t mtime_ns)
{
    struct timespec times[2] = {from_ns(atime_ns), from_ns(mtime_ns)};

    return status_of(utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW));
}

/* ---- Names ---- */

int files_make_directory(int directory, const char *name, uint32_t permissions)
{
    enum { ACCESS = 0777 }; /* the set-group-id bit may be inherited */
    struct files_stat stat = {0};
    int result;

    if (mkdirat(directory, name, (mode_t) permissions) != 0)
        return failure();
    result = files_stat_at(directory, name, &stat);
    if (result == 0 && (stat.permissions & ACCESS) != (permissions & ACCESS)) /* see create() */
        result = files_chmod_at(directory, name,
                                permissions | (stat.permissions & ~(uint32_t) ACCESS));
    return result;
}

int files_unlink(int directory, const char *name)
{
    return status_of(unlinkat(directory, name, 0));
}

int files_remove_directory(int directory, const char *name)
{
    return status_of(unlinkat(directory, name, AT_REMOVEDIR));
}

int files_rename(int from, const char *from_name, int to, const char *to_name)
{
    return status_of(renameat(from, from_name, to, to_name));
}

int files_link(int from, const char *from_name, int to, const char *to_name)
{
    return status_of(linkat(from, from_name, to, to_name, 0));
}

int files_symlink(const char *target, int directory, const char *name)
{
    return status_of(symlinkat(target, directory, name));
}

int files_readlink(int directory, const char *name, char *target, size_t size)
{
    ssize_t length = readlinkat(directory, name, target, size);

    return length < 0 ? failure() : (int) length;
}

/* ---- Listing ---- */

static enum files_type type_of_entry(int fd, const struct dirent *entry)
{
    struct files_stat stat = {.type = FILES_OTHER};

    switch (entry->d_type) {
    case DT_REG:
        return FILES_REGULAR;
    case DT_DIR:
        return FILES_IS_DIRECTORY;
    case DT_LNK:
        return FILES_LINK;
    case DT_UNKNOWN: /* a file system that does not say */
        files_stat_at(fd, entry->d_name, &stat);
        return stat.type;
    default:
        return FILES_OTHER;
    }
}

static bool append(struct files_listing *listing, size_t *capacity, struct files_entry entry)
{
    if (listing->count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 64;
        struct files_entry *entries = realloc(listing->entries, more * sizeof *entries);

        if (!entries)
            return false;
        listing->entries = entries;
        *capacity = more;
    }
    listing->entries[listing->count++] = entry;
    return true;
}

static int read_entries(int fd, DIR *stream, struct files_listing *listing)
{
    size_t capacity = 0;
    struct dirent *entry;

    while (errno = 0, (entry = readdir(stream))) {
        struct files_entry copy = {
            .inode = (uint64_t) entry->d_ino,
            .type = type_of_entry(fd, entry),
            .name = strdup(entry->d_name),
        };

        if (!copy.name || !append(listing, &capacity, copy)) {
            free(copy.name);
            return -GE_NOMEM;
        }
    }
    return errno ? failure() : 0;
}

int files_list(int fd, struct files_listing *listing)
{
    /* A description of its own, since the position in fd's is not ours to move. */
    int own = open_retrying(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *stream = own < 0 ? NULL : fdopendir(own);
    int result;

    *listing = (struct files_listing){0};
    if (!stream) {
        if (own < 0)
            return own;
        result = failure();
        close(own);
        return result;
    }
    result = read_entries(fd, stream, listing);
    closedir(stream);
    if (result < 0)
        files_list_free(listing);
    return result;
}

void files_list_free(struct files_listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->entries[i].name);
    free(listing->entries);
    *listing = (struct files_listing){0};
}

int files_next_data(int fd, uint64_t offset, uint64_t *start, uint64_t *end)
{
#if defined(SEEK_DATA) && defined(SEEK_HOLE)
    off_t data = lseek(fd, (off_t) offset, SEEK_DATA);
    off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);

    if (data < 0 && errno == ENXIO)
        return 0;
    if (data >= 0 && hole >= 0) {
        *start = (uint64_t) data;
        *end = (uint64_t) hole;
        return 1;
    }
#endif
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return -(int) platform_errno(errno);
    *start = offset;
    *end = (uint64_t) stat.st_size;
    return *start < *end;
}
