/* Files: permissions, owners, the mask of new files. */
#include "host/abi.h"
#include "host/imports.h"

enum { PERMISSION_BITS = 07777, UMASK_BITS = 0777, ACCESS_BITS = 07, AT_EACCESS = 0x200 };

/* faccessat(dirfd, path, mode, flags): AT_EACCESS is always met, there being one user. */
enum guest_outcome file_faccessat(struct guest_call *call)
{
    int mode = arg_i32(call, 2);
    const char *path;
    int error = arg_path(call, 1, &path);

    if (!error && (mode & ~ACCESS_BITS))
        error = -GE_INVAL;
    return return_i32(call, error ? error
                                  : vfs_accessat(vfs_of(call), arg_i32(call, 0), path, mode,
                                                 arg_i32(call, 3) & ~AT_EACCESS));
}

enum guest_outcome file_chmod(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 0, &path);

    return return_i32(call, error ? error
                                  : vfs_chmodat(vfs_of(call), VFS_AT_CWD, path,
                                                arg_u32(call, 1) & PERMISSION_BITS, 0));
}

enum guest_outcome file_fchmod(struct guest_call *call)
{
    return return_i32(call, vfs_fchmod(vfs_of(call), arg_i32(call, 0),
                                       arg_u32(call, 1) & PERMISSION_BITS));
}

enum guest_outcome file_fchmodat(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 1, &path);

    return return_i32(call,
                      error ? error
                            : vfs_chmodat(vfs_of(call), arg_i32(call, 0), path,
                                          arg_u32(call, 2) & PERMISSION_BITS, arg_i32(call, 3)));
}

enum guest_outcome file_fchown(struct guest_call *call)
{
    return return_i32(call, vfs_fchown(vfs_of(call), arg_i32(call, 0), arg_u32(call, 1),
                                       arg_u32(call, 2)));
}

/* fchownat(dirfd, path, owner, group, flags) */
enum guest_outcome file_fchownat(struct guest_call *call)
{
    const char *path;
    int error = arg_path(call, 1, &path);

    return return_i32(call,
                      error ? error
                            : vfs_chownat(vfs_of(call), arg_i32(call, 0), path, arg_u32(call, 2),
                                          arg_u32(call, 3), arg_i32(call, 4)));
}

enum guest_outcome file_umask(struct guest_call *call)
{
    return return_i32(call, (int32_t) vfs_umask(vfs_of(call), arg_u32(call, 0) & UMASK_BITS));
}
