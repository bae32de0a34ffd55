/* Files: what is known of them. */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

enum { NS_PER_SECOND = 1000000000, STAT_BLOCK_SIZE = 4096 };

static void store_timespec(unsigned char *at, int64_t time_ns)
{
    int64_t nanoseconds = time_ns % NS_PER_SECOND;

    if (nanoseconds < 0)
        nanoseconds += NS_PER_SECOND;
    store_u64(at + TIMESPEC_SEC, (uint64_t) ((time_ns - nanoseconds) / NS_PER_SECOND));
    store_u32(at + TIMESPEC_NSEC, (uint32_t) nanoseconds);
}

static void store_stat(unsigned char *at, const struct vfs_stat *stat)
{
    memset(at, 0, STAT_SIZE);
    store_u32(at + STAT_DEV, stat->device);
    store_u32(at + STAT_MODE, stat->mode);
    store_u32(at + STAT_NLINK, stat->links);
    store_u32(at + STAT_UID, stat->uid);
    store_u32(at + STAT_GID, stat->gid);
    store_u64(at + STAT_FILE_SIZE, stat->size);
    store_u32(at + STAT_BLKSIZE, STAT_BLOCK_SIZE);
    store_u32(at + STAT_BLOCKS, stat->blocks <= INT32_MAX ? (uint32_t) stat->blocks : INT32_MAX);
    store_timespec(at + STAT_ATIME, stat->atime_ns);
    store_timespec(at + STAT_MTIME, stat->mtime_ns);
    store_timespec(at + STAT_CTIME, stat->ctime_ns);
    store_u64(at + STAT_INO, stat->inode);
}

static enum guest_outcome stat_path(struct guest_call *call, int dirfd, unsigned path_argument,
                                    unsigned result_argument, int flags)
{
    unsigned char *result = arg_at(call, result_argument, STAT_SIZE);
    const char *path;
    struct vfs_stat stat;
    int error = arg_path(call, path_argument, &path);

    if (!error && !result)
        error = -GE_FAULT;
    if (!error)
        error = vfs_statat(vfs_of(call), dirfd, path, flags, &stat);
    if (!error)
        store_stat(result, &stat);
    return return_i32(call, error);
}

enum guest_outcome file_stat(struct guest_call *call)
{
    return stat_path(call, VFS_AT_CWD, 0, 1, 0);
}

enum guest_outcome file_lstat(struct guest_call *call)
{
    return stat_path(call, VFS_AT_CWD, 0, 1, VFS_AT_SYMLINK_NOFOLLOW);
}

/* newfstatat(dirfd, path, struct stat *, flags) */
enum guest_outcome file_fstatat(struct guest_call *call)
{
    return stat_path(call, arg_i32(call, 0), 1, 2,
                     arg_i32(call, 3) & (VFS_AT_SYMLINK_NOFOLLOW | VFS_AT_EMPTY_PATH));
}

enum guest_outcome file_fstat(struct guest_call *call)
{
    unsigned char *result = arg_at(call, 1, STAT_SIZE);
    struct vfs_stat stat;
    int error = vfs_fstat(vfs_of(call), arg_i32(call, 0), &stat);

    if (!error && !result)
        error = -GE_FAULT;
    if (!error)
        store_stat(result, &stat);
    return return_i32(call, error);
}

/* statfs64(path, size of the structure, struct statfs *) */
enum guest_outcome file_statfs(struct guest_call *call)
{
    unsigned char *result = arg_at(call, 2, STATFS_SIZE);
    const char *path;
    struct vfs_statfs statfs;
    int error = arg_path(call, 0, &path);

    if (!error && arg_u32(call, 1) != STATFS_SIZE)
        error = -GE_INVAL;
    if (!error && !result)
        error = -GE_FAULT;
    if (!error)
        error = vfs_statfs(vfs_of(call), path, &statfs);
    if (error)
        return return_i32(call, error);
    memset(result, 0, STATFS_SIZE);
    store_u32(result + STATFS_BSIZE, (uint32_t) statfs.block_size);
    store_u32(result + STATFS_FRSIZE, (uint32_t) statfs.block_size);
    store_u64(result + STATFS_BLOCKS, statfs.blocks);
    store_u64(result + STATFS_BFREE, statfs.blocks_free);
    store_u64(result + STATFS_BAVAIL, statfs.blocks_free);
    store_u64(result + STATFS_FILES, statfs.files);
    store_u64(result + STATFS_FFREE, statfs.files_free);
    store_u32(result + STATFS_NAMELEN, VFS_NAME_MAX);
    return return_i32(call, 0);
}

/* A struct timespec of utimensat, in nanoseconds, or VFS_TIME_KEEP. */
static int load_timespec(const unsigned char *at, int64_t now_ns, int64_t *time_ns)
{
    int64_t seconds = (int64_t) load_u64(at + TIMESPEC_SEC);
    int32_t nanoseconds = (int32_t) load_u32(at + TIMESPEC_NSEC);

    if (nanoseconds == TIMESPEC_NOW) {
        *time_ns = now_ns;
        return 0;
    }
    if (nanoseconds == TIMESPEC_OMIT) {
        *time_ns = VFS_TIME_KEEP;
        return 0;
    }
    if (nanoseconds < 0 || nanoseconds >= NS_PER_SECOND)
        return -GE_INVAL;
    if (seconds > INT64_MAX / NS_PER_SECOND - 1 || seconds < INT64_MIN / NS_PER_SECOND + 1)
        return -GE_INVAL;
    *time_ns = seconds * NS_PER_SECOND + nanoseconds;
    return 0;
}

/* utimensat(dirfd, path or NULL, struct timespec[2] or NULL, flags) */
enum guest_outcome file_utimensat(struct guest_call *call)
{
    int64_t now_ns = virtual_clock_realtime_ns(clock_of(call));
    int64_t atime_ns = now_ns;
    int64_t mtime_ns = now_ns;
    const char *path = NULL;
    int error = arg_u32(call, 1) ? arg_path(call, 1, &path) : 0;

    if (!error && arg_u32(call, 2)) {
        const unsigned char *times = arg_at(call, 2, 2 * TIMESPEC_SIZE);
        error = times ? load_timespec(times, now_ns, &atime_ns) : -GE_FAULT;
        if (!error)
            error = load_timespec(times + TIMESPEC_SIZE, now_ns, &mtime_ns);
    }
    if (!error)
        error = vfs_utimensat(vfs_of(call), arg_i32(call, 0), path, atime_ns, mtime_ns,
                              arg_i32(call, 3) & VFS_AT_SYMLINK_NOFOLLOW);
    return return_i32(call, error);
}
