/* Calls on open files. */
#include <limits.h>

#include "vfs/internal.h"

/* Sizes of one transfer, as Linux limits them: a result fits an int. */
enum { TRANSFER_MAX = INT_MAX - VFS_BLOCK + 1 };

static bool is_readable(const struct file *file)
{
    return (file->flags & VFS_O_ACCMODE) != VFS_O_WRONLY;
}

static bool is_writable(const struct file *file)
{
    return (file->flags & VFS_O_ACCMODE) != VFS_O_RDONLY;
}

/* Fault injection: what writes, syncs and truncates ask first. */
static int injected_failure(struct vfs *vfs)
{
    if (vfs->fail_countdown > 1)
        vfs->fail_countdown--;
    else if (vfs->fail_countdown == 1)
        return -(int) vfs->fail_error;
    return 0;
}

static int64_t read_at(struct vfs *vfs, struct file *file, void *bytes, size_t size,
                       uint64_t offset)
{
    if (size > TRANSFER_MAX)
        size = TRANSFER_MAX;
    return file_operations(file)->read(vfs, file, bytes, size, offset);
}

/* *offset: where to, afterwards where it ended. With O_APPEND always the end, as on Linux. */
static int64_t write_at(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                        uint64_t *offset)
{
    int64_t result = file->stream ? 0 : injected_failure(vfs); /* the log is to say so */

    if (result == 0 && (file->flags & VFS_O_APPEND) && !file->stream && size > 0)
        result = file_operations(file)->size(vfs, file, offset);
    if (result < 0)
        return result;
    if (size > TRANSFER_MAX)
        size = TRANSFER_MAX;
    result = file_operations(file)->write(vfs, file, bytes, size, *offset);
    if (result > 0) {
        *offset += (uint64_t) result;
        vfs->bytes_written += (uint64_t) result;
    }
    return result;
}

int64_t vfs_read(struct vfs *vfs, int fd, void *bytes, size_t size)
{
    struct file *file = descriptor_file(vfs, fd);
    int64_t result;

    if (!file || !is_readable(file))
        return -GE_BADF;
    result = read_at(vfs, file, bytes, size, file->position);
    if (result > 0)
        file->position += (uint64_t) result;
    return result;
}

int64_t vfs_write(struct vfs *vfs, int fd, const void *bytes, size_t size)
{
    struct file *file = descriptor_file(vfs, fd);

    if (!file || !is_writable(file))
        return -GE_BADF;
    return write_at(vfs, file, bytes, size, &file->position);
}

int64_t vfs_pread(struct vfs *vfs, int fd, void *bytes, size_t size, uint64_t offset)
{
    struct file *file = descriptor_file(vfs, fd);

    if (!file)
        return -GE_BADF;
    if (offset > INT64_MAX)
        return -GE_INVAL;
    if (file->stream)
        return -GE_SPIPE;
    if (!is_readable(file))
        return -GE_BADF;
    return read_at(vfs, file, bytes, size, offset);
}

int64_t vfs_pwrite(struct vfs *vfs, int fd, const void *bytes, size_t size, uint64_t offset)
{
    struct file *file = descriptor_file(vfs, fd);

    if (!file)
        return -GE_BADF;
    if (offset > INT64_MAX)
        return -GE_INVAL;
    if (file->stream)
        return -GE_SPIPE;
    if (!is_writable(file))
        return -GE_BADF;
    return write_at(vfs, file, bytes, size, &offset);
}

int64_t vfs_seek(struct vfs *vfs, int fd, int64_t offset, enum vfs_whence whence)
{
    struct file *file = descriptor_file(vfs, fd);
    uint64_t size;
    int64_t base;
    int result;

    if (!file)
        return -GE_BADF;
    if (file->stream)
        return -GE_SPIPE;
    switch (whence) {
    case VFS_SEEK_SET:
        base = 0;
        break;
    case VFS_SEEK_CUR:
        base = (int64_t) file->position;
        break;
    case VFS_SEEK_END:
        result = file_operations(file)->size(vfs, file, &size);
        if (result < 0)
            return result;
        base = (int64_t) size;
        break;
    default:
        return -GE_INVAL;
    }
    if (offset > INT64_MAX - base)
        return -GE_OVERFLOW;
    if (base + offset < 0)
        return -GE_INVAL;
    file->position = (uint64_t) (base + offset);
    return base + offset;
}

int vfs_to_sync(struct vfs *vfs, int fd, int *host_fd)
{
    struct file *file = descriptor_file(vfs, fd);
    int result;

    if (!file)
        return -GE_BADF;
    if (!file_operations(file)->sync)
        return -GE_INVAL;
    result = injected_failure(vfs);
    return result < 0 ? result : file_operations(file)->sync(vfs, file, host_fd);
}

int vfs_sync(struct vfs *vfs, int fd, bool data_only)
{
    int host_fd, result = vfs_to_sync(vfs, fd, &host_fd);

    return result < 0 || host_fd < 0 ? result : files_sync(host_fd, data_only);
}

int vfs_ftruncate(struct vfs *vfs, int fd, uint64_t size)
{
    struct file *file = descriptor_file(vfs, fd);
    int result;

    if (!file)
        return -GE_BADF;
    if (size > INT64_MAX || !is_writable(file) || !file_operations(file)->truncate)
        return -GE_INVAL;
    result = injected_failure(vfs);
    return result < 0 ? result : file_operations(file)->truncate(vfs, file, size);
}

int vfs_allocate(struct vfs *vfs, int fd, uint64_t offset, uint64_t size)
{
    struct file *file = descriptor_file(vfs, fd);
    int result;

    if (!file)
        return -GE_BADF;
    if (size == 0 || offset > INT64_MAX || size > INT64_MAX)
        return -GE_INVAL;
    if (!is_writable(file))
        return -GE_BADF;
    if (!file_operations(file)->allocate)
        return -GE_NODEV;
    if (size > INT64_MAX - offset)
        return -GE_FBIG;
    result = injected_failure(vfs);
    return result < 0 ? result : file_operations(file)->allocate(vfs, file, offset, size);
}

int vfs_poll(struct vfs *vfs, int fd)
{
    struct file *file = descriptor_file(vfs, fd);

    return file ? file_operations(file)->poll(vfs, file) : -GE_BADF;
}

int vfs_fstat(struct vfs *vfs, int fd, struct vfs_stat *stat)
{
    struct file *file = descriptor_file(vfs, fd);

    return file ? file_operations(file)->stat(vfs, file, stat) : -GE_BADF;
}

int vfs_fstatfs(struct vfs *vfs, int fd, struct vfs_statfs *stat)
{
    struct file *file = descriptor_file(vfs, fd);

    return file ? file_operations(file)->statfs(vfs, file, stat) : -GE_BADF;
}

int vfs_fchmod(struct vfs *vfs, int fd, uint32_t mode)
{
    struct file *file = descriptor_file(vfs, fd);

    return file ? file_operations(file)->chmod(vfs, file, mode) : -GE_BADF;
}

int vfs_fchown(struct vfs *vfs, int fd, uint32_t uid, uint32_t gid)
{
    struct file *file = descriptor_file(vfs, fd);

    return file ? file_operations(file)->chown(vfs, file, uid, gid) : -GE_BADF;
}

int vfs_readdir(struct vfs *vfs, int fd, uint64_t cookie, struct vfs_dirent *entry)
{
    struct file *file = descriptor_file(vfs, fd);

    if (!file)
        return -GE_BADF;
    if (!file_operations(file)->readdir)
        return -GE_NOTDIR;
    return file_operations(file)->readdir(vfs, file, cookie, entry);
}
