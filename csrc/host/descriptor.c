/* Descriptors as such: copies, flags, pipes. */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

/* fcntl's commands, as Emscripten's musl numbers them */
enum {
    F_DUPFD = 0,
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3,
    F_SETFL = 4,
    F_GETLK = 12,
    F_SETLK = 13,
    F_SETLKW = 14,
    F_DUPFD_CLOEXEC = 1030
};

enum { FD_CLOEXEC = 1, F_UNLCK = 2 };

/* WASI's filetype and fdflags */
enum {
    FILETYPE_UNKNOWN = 0,
    FILETYPE_DIRECTORY = 3,
    FILETYPE_REGULAR = 4,
    FILETYPE_SYMLINK = 7,
    FDFLAGS_APPEND = 1,
    FDFLAGS_NONBLOCK = 4
};

enum guest_outcome descriptor_dup(struct guest_call *call)
{
    return return_i32(call, vfs_dup(vfs_of(call), arg_i32(call, 0), 0));
}

/* Gives a new descriptor (or passes a negative errno on) its FD_CLOEXEC. */
static int mark(const struct guest_call *call, int fd, int flags)
{
    int error = 0;

    if (fd >= 0 && (flags & VFS_O_CLOEXEC))
        error = vfs_set_close_on_exec(vfs_of(call), fd, true);
    return error ? error : fd;
}

enum guest_outcome descriptor_dup3(struct guest_call *call)
{
    int fd = arg_i32(call, 0);
    int to = arg_i32(call, 1);
    int flags = arg_i32(call, 2);

    if (fd == to || (flags & ~VFS_O_CLOEXEC))
        return return_i32(call, -GE_INVAL);
    return return_i32(call, mark(call, vfs_dup_to(vfs_of(call), fd, to), flags));
}

/* No other process can hold a lock, so a lock is always granted, and asked for one there is none.
   That the data directory has one opener only is the engine's business. */
static int lock(const struct guest_call *call, int command, uint32_t address)
{
    unsigned char *flock = guest_at(call->guest, address, FLOCK_SIZE);

    if (!flock)
        return -GE_FAULT;
    if (command == F_GETLK)
        store_u16(flock + FLOCK_TYPE, F_UNLCK);
    return 0;
}

/* fcntl64(fd, command, ...) */
enum guest_outcome descriptor_fcntl(struct guest_call *call)
{
    struct vfs *vfs = vfs_of(call);
    int fd = arg_i32(call, 0);
    int command = arg_i32(call, 1);
    int32_t argument = 0;
    int flags = vfs_flags(vfs, fd);
    int error = flags < 0 ? flags : 0;

    if (!error && command != F_GETFD && command != F_GETFL)
        error = arg_variadic(call, 2, &argument);
    if (error)
        return return_i32(call, error);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (argument < 0)
            return return_i32(call, -GE_INVAL);
        return return_i32(call, mark(call, vfs_dup(vfs, fd, argument),
                                     command == F_DUPFD_CLOEXEC ? VFS_O_CLOEXEC : 0));
    case F_GETFD:
        return return_i32(call, vfs_close_on_exec(vfs, fd) ? FD_CLOEXEC : 0);
    case F_SETFD:
        return return_i32(call, vfs_set_close_on_exec(vfs, fd, argument & FD_CLOEXEC));
    case F_GETFL:
        return return_i32(call, flags);
    case F_SETFL:
        return return_i32(call, vfs_set_flags(vfs, fd, argument));
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return return_i32(call, lock(call, command, (uint32_t) argument));
    default:
        return return_i32(call, -GE_INVAL);
    }
}

/* No descriptor is a terminal, nor a device with controls of its own. */
enum guest_outcome descriptor_ioctl(struct guest_call *call)
{
    int flags = vfs_flags(vfs_of(call), arg_i32(call, 0));

    return return_i32(call, flags < 0 ? flags : -GE_NOTTY);
}

/* pipe2(int fds[2], flags) */
enum guest_outcome descriptor_pipe(struct guest_call *call)
{
    unsigned char *result = arg_at(call, 0, 2 * sizeof(uint32_t));
    int flags = arg_i32(call, 1);
    int fds[2];

    if (!result)
        return return_i32(call, -GE_FAULT);
    if (flags & ~(VFS_O_CLOEXEC | VFS_O_NONBLOCK))
        return return_i32(call, -GE_INVAL);

    int error = vfs_pipe(vfs_of(call), fds, flags);
    if (error < 0)
        return return_i32(call, error);
    store_u32(result, (uint32_t) fds[0]);
    store_u32(result + sizeof(uint32_t), (uint32_t) fds[1]);
    return return_i32(call, 0);
}

/* musl asks only for isatty, and takes a character device for a terminal: there is none here. */
static int filetype(uint32_t mode)
{
    switch (mode & VFS_S_IFMT) {
    case VFS_S_IFDIR:
        return FILETYPE_DIRECTORY;
    case VFS_S_IFREG:
        return FILETYPE_REGULAR;
    case VFS_S_IFLNK:
        return FILETYPE_SYMLINK;
    default:
        return FILETYPE_UNKNOWN;
    }
}

/* fd_fdstat_get(fd, fdstat *) */
enum guest_outcome descriptor_fdstat_get(struct guest_call *call)
{
    int fd = arg_i32(call, 0);
    unsigned char *result = arg_at(call, 1, FDSTAT_SIZE);
    struct vfs_stat stat;
    int error = vfs_fstat(vfs_of(call), fd, &stat);
    int flags = vfs_flags(vfs_of(call), fd);

    if (!error && !result)
        error = -GE_FAULT;
    if (error)
        return return_wasi(call, error);
    memset(result, 0, FDSTAT_SIZE);
    result[FDSTAT_FILETYPE] = (unsigned char) filetype(stat.mode);
    store_u16(result + FDSTAT_FLAGS,
              (uint16_t) ((flags & VFS_O_APPEND ? FDFLAGS_APPEND : 0)
                          | (flags & VFS_O_NONBLOCK ? FDFLAGS_NONBLOCK : 0)));
    return return_wasi(call, 0);
}
