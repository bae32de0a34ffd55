/* /dev: the few devices that PostgreSQL and libc open. */
#include <string.h>

#include "vfs/internal.h"

enum {
    STDOUT = 1,
    STDERR = 2,
    DEVICE_MODE = VFS_S_IFCHR | 0666,
    SHARED_MODE = VFS_S_IFDIR | 01777
};

static enum device device_of(const struct vfs *vfs, const struct file *file)
{
    return node_at(vfs, file->node)->device;
}

static int64_t device_read(struct vfs *vfs, struct file *file, void *bytes, size_t size,
                           uint64_t offset)
{
    (void) offset;
    switch (device_of(vfs, file)) {
    case DEVICE_ZERO:
        memset(bytes, 0, size);
        return (int64_t) size;
    case DEVICE_RANDOM:
        return random_source_fill(vfs->random, bytes, size) ? (int64_t) size : -GE_IO;
    default:
        return 0; /* null, and streams: the end of the file */
    }
}

static int64_t device_write(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                            uint64_t offset)
{
    enum device device = device_of(vfs, file);

    (void) offset;
    if (vfs->sink && (device == DEVICE_STDOUT || device == DEVICE_STDERR))
        vfs->sink(vfs->sink_context, device == DEVICE_STDOUT ? STDOUT : STDERR, bytes, size);
    return (int64_t) size;
}

static int device_size(struct vfs *vfs, struct file *file, uint64_t *size)
{
    (void) vfs, (void) file;
    *size = 0;
    return 0;
}

static int device_poll(struct vfs *vfs, struct file *file)
{
    (void) vfs, (void) file;
    return VFS_POLL_IN | VFS_POLL_OUT;
}

const struct file_operations device_files = {
    .close = node_close,
    .read = device_read,
    .write = device_write,
    .stat = node_file_stat,
    .statfs = node_file_statfs,
    .chmod = node_file_chmod,
    .chown = node_file_chown,
    .utimens = node_file_utimens,
    .size = device_size,
    .poll = device_poll,
};

int device_add_all(struct vfs *vfs)
{
    static const struct {
        const char *name;
        enum device device;
    } devices[] = {
        {"null", DEVICE_NULL},      {"zero", DEVICE_ZERO},   {"random", DEVICE_RANDOM},
        {"urandom", DEVICE_RANDOM}, {"stdin", DEVICE_STDIN}, {"stdout", DEVICE_STDOUT},
        {"stderr", DEVICE_STDERR},
    };
    arena_offset dev, node;
    int result = memory_add(vfs, vfs->super->root, "dev", VFS_S_IFDIR | 0755, &dev);

    if (result == 0)
        result = memory_add(vfs, dev, "shm", SHARED_MODE, &node);
    for (size_t i = 0; result == 0 && i < sizeof devices / sizeof *devices; i++) {
        result = memory_add(vfs, dev, devices[i].name, DEVICE_MODE, &node);
        if (result == 0)
            node_at(vfs, node)->device = devices[i].device;
    }
    return result;
}
