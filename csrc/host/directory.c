/* Directories: their entries, and the working directory. */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

enum guest_outcome directory_chdir(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 0, &path);

    return return_i32(call, error ? error : vfs_chdir(vfs_of(call), path));
}

/* getcwd(buffer, size): the length with the NUL. */
enum guest_outcome directory_getcwd(struct guest_call *call)
{
    uint32_t size = arg_u32(call, 1);
    char *path = arg_at(call, 0, size);

    if (size == 0)
        return return_i32(call, -GE_INVAL);
    if (!path)
        return return_i32(call, -GE_FAULT);
    return return_i32(call, vfs_getcwd(vfs_of(call), path, size));
}

enum guest_outcome directory_mkdirat(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 1, &path);

    return return_i32(call,
                      error ? error
                            : vfs_mkdirat(vfs_of(call), arg_i32(call, 0), path, arg_u32(call, 2)));
}

enum guest_outcome directory_rmdir(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 0, &path);

    return return_i32(call, error ? error
                                  : vfs_unlinkat(vfs_of(call), VFS_AT_CWD, path, VFS_AT_REMOVEDIR));
}

enum guest_outcome directory_unlinkat(struct guest_call *call)
{
    int flags = arg_i32(call, 2);
    const char *path;
    int error = arg_path(call, 1, &path);

    if (!error && (flags & ~VFS_AT_REMOVEDIR))
        error = -GE_INVAL;
    return return_i32(call,
                      error ? error : vfs_unlinkat(vfs_of(call), arg_i32(call, 0), path, flags));
}

/* renameat(from_dirfd, from, to_dirfd, to) */
enum guest_outcome directory_renameat(struct guest_call *call)
{
    const char *from, *to;
    int error = arg_path(call, 1, &from);

    if (!error)
        error = arg_path(call, 3, &to);
    return return_i32(call, error ? error
                                  : vfs_renameat(vfs_of(call), arg_i32(call, 0), from,
                                                 arg_i32(call, 2), to));
}

/* linkat(from_dirfd, from, to_dirfd, to, flags) */
enum guest_outcome directory_linkat(struct guest_call *call)
{
    int flags = arg_i32(call, 4);
    const char *from, *to;
    int error = arg_path(call, 1, &from);

    if (!error)
        error = arg_path(call, 3, &to);
    if (!error && (flags & ~(VFS_AT_SYMLINK_FOLLOW | VFS_AT_EMPTY_PATH)))
        error = -GE_INVAL;
    return return_i32(call, error ? error
                                  : vfs_linkat(vfs_of(call), arg_i32(call, 0), from,
                                               arg_i32(call, 2), to, flags));
}

/* symlinkat(target, dirfd, path) */
enum guest_outcome directory_symlinkat(struct guest_call *call)
{
    const char *target, *path;
    int error = arg_path(call, 0, &target);

    if (!error)
        error = arg_path(call, 2, &path);
    return return_i32(call,
                      error ? error : vfs_symlinkat(vfs_of(call), target, arg_i32(call, 1), path));
}

/* readlinkat(dirfd, path, buffer, size): the target without a NUL, cut off at size. */
enum guest_outcome directory_readlinkat(struct guest_call *call)
{
    uint32_t size = arg_u32(call, 3);
    char *target = arg_at(call, 2, size);
    const char *path;
    int error = arg_path(call, 1, &path);

    if (!error && size == 0)
        error = -GE_INVAL;
    if (!error && !target)
        error = -GE_FAULT;
    return return_i32(call,
                      error ? error
                            : vfs_readlinkat(vfs_of(call), arg_i32(call, 0), path, target, size));
}

static void store_dirent(unsigned char *at, const struct vfs_dirent *entry)
{
    memset(at, 0, DIRENT_SIZE);
    store_u64(at + DIRENT_INO, entry->inode);
    store_u64(at + DIRENT_OFF, entry->cookie);
    store_u16(at + DIRENT_RECLEN, DIRENT_SIZE);
    at[DIRENT_TYPE] = (unsigned char) (entry->type >> DIRENT_TYPE_SHIFT);
    memcpy(at + DIRENT_NAME, entry->name, strlen(entry->name)); /* at most VFS_NAME_MAX */
}

/* getdents64(fd, buffer, size): as many whole records as fit; the directory's position is the
   cookie of the next, so that lseek on it is rewinddir and seekdir. */
enum guest_outcome directory_getdents(struct guest_call *call)
{
    struct vfs *vfs = vfs_of(call);
    int fd = arg_i32(call, 0);
    uint32_t size = arg_u32(call, 2);
    unsigned char *records = arg_at(call, 1, size);
    struct vfs_stat stat;
    struct vfs_dirent entry;
    int error = vfs_fstat(vfs, fd, &stat);

    if (!error && (stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)
        error = -GE_NOTDIR;
    if (!error && !records)
        error = -GE_FAULT;
    if (!error && (size < DIRENT_SIZE || size > INT32_MAX))
        error = -GE_INVAL;
    if (error)
        return return_i32(call, error);

    int64_t cookie = vfs_seek(vfs, fd, 0, VFS_SEEK_CUR);
    if (cookie < 0)
        return return_i32(call, (int32_t) cookie);

    uint32_t used = 0;
    for (; used + DIRENT_SIZE <= size; used += DIRENT_SIZE) {
        int found = vfs_readdir(vfs, fd, (uint64_t) cookie, &entry);
        if (found < 0 && used == 0)
            return return_i32(call, found);
        if (found <= 0)
            break;
        store_dirent(records + used, &entry);
        cookie = (int64_t) entry.cookie;
    }

    int64_t position = vfs_seek(vfs, fd, cookie, VFS_SEEK_SET);
    return return_i32(call, position < 0 ? (int32_t) position : (int32_t) used);
}
