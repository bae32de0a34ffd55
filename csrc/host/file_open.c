/* Files: opening, closing, sizing. */
#include "host/abi.h"
#include "host/imports.h"

enum { PERMISSION_BITS = 07777 };

/* openat(dirfd, path, flags, ...): mode is there only when a file may be created. */
enum guest_outcome file_openat(struct guest_call *call)
{
    int flags = arg_i32(call, 2);
    const char *path;
    int32_t mode = 0;
    int error = arg_path(call, 1, &path);

    if (!error && (flags & VFS_O_CREAT))
        error = arg_variadic(call, 3, &mode);
    if (error)
        return return_i32(call, error);
    return return_i32(call, vfs_openat(vfs_of(call), arg_i32(call, 0), path, flags,
                                       (uint32_t) mode & PERMISSION_BITS));
}

enum guest_outcome file_close(struct guest_call *call)
{
    return return_wasi(call, vfs_close_fd(vfs_of(call), arg_i32(call, 0)));
}

enum guest_outcome file_truncate(struct guest_call *call)
{
    int64_t size = arg_i64(call, 1);
    const char *path;
    int error = arg_path(call, 0, &path);

    if (!error && size < 0)
        error = -GE_INVAL;
    return return_i32(call, error ? error : vfs_truncate(vfs_of(call), path, (uint64_t) size));
}

enum guest_outcome file_ftruncate(struct guest_call *call)
{
    int64_t size = arg_i64(call, 1);

    if (size < 0)
        return return_i32(call, -GE_INVAL);
    return return_i32(call, vfs_ftruncate(vfs_of(call), arg_i32(call, 0), (uint64_t) size));
}

/* fallocate(fd, mode, offset, length): mode 0 only, which is posix_fallocate. */
enum guest_outcome file_fallocate(struct guest_call *call)
{
    int64_t offset = arg_i64(call, 2);
    int64_t length = arg_i64(call, 3);

    if (arg_u32(call, 1) != 0)
        return return_i32(call, -GE_NOTSUP);
    if (offset < 0 || length <= 0)
        return return_i32(call, -GE_INVAL);
    if (offset > INT64_MAX - length)
        return return_i32(call, -GE_FBIG);
    return return_i32(call, vfs_allocate(vfs_of(call), arg_i32(call, 0), (uint64_t) offset,
                                         (uint64_t) length));
}

/* Advice is free to be ignored, but not for a descriptor that could not take it. */
enum guest_outcome file_fadvise(struct guest_call *call)
{
    int64_t position = vfs_seek(vfs_of(call), arg_i32(call, 0), 0, VFS_SEEK_CUR);

    return return_i32(call, position < 0 ? (int32_t) position : 0);
}
