/* Cloning files: copies that cost what becomes different in them. */
#include "host/abi.h"
#include "host/imports.h"

/* pglite_host_clone_file(from, to): as an ioctl FICLONE of two files that it opens. */
enum guest_outcome clone_file(struct guest_call *call)
{
    const char *from, *to;
    int error = arg_path(call, 0, &from);

    if (!error)
        error = arg_path(call, 1, &to);
    return return_i32(call, error ? error : vfs_clone(vfs_of(call), from, to));
}
