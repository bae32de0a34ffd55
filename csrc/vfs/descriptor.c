/* Descriptors, and the open files that they share. */
#include <string.h>

#include "vfs/internal.h"

static struct descriptor *descriptors(const struct vfs *vfs)
{
    return arena_at(vfs->arena, vfs->super->descriptors);
}

/* NULL: no such descriptor is open. */
static struct descriptor *descriptor_at(const struct vfs *vfs, int fd)
{
    if (fd < 0 || fd >= VFS_DESCRIPTORS_MAX || !descriptors(vfs)[fd].file)
        return NULL;
    return &descriptors(vfs)[fd];
}

struct file *descriptor_file(const struct vfs *vfs, int fd)
{
    const struct descriptor *descriptor = descriptor_at(vfs, fd);

    return descriptor ? arena_at(vfs->arena, descriptor->file) : NULL;
}

arena_offset file_new(struct vfs *vfs)
{
    return arena_allocate(vfs->arena, sizeof(struct file));
}

void file_free(struct vfs *vfs, arena_offset file)
{
    arena_free(vfs->arena, file, sizeof(struct file));
}

void file_drop(struct vfs *vfs, arena_offset offset)
{
    struct file *file = arena_at(vfs->arena, offset);

    if (--file->references)
        return;
    file_operations(file)->close(vfs, file);
    file_free(vfs, offset);
}

int descriptor_lowest(const struct vfs *vfs, int lowest)
{
    for (int fd = lowest; fd < VFS_DESCRIPTORS_MAX; fd++)
        if (!descriptors(vfs)[fd].file)
            return fd;
    return -GE_MFILE;
}

void descriptor_set(struct vfs *vfs, int fd, arena_offset file, bool close_on_exec)
{
    struct file *at = arena_at(vfs->arena, file);

    at->references++;
    descriptors(vfs)[fd] = (struct descriptor){.file = file, .close_on_exec = close_on_exec};
}

int vfs_close_fd(struct vfs *vfs, int fd)
{
    struct descriptor *descriptor = descriptor_at(vfs, fd);
    arena_offset file;

    if (!descriptor)
        return -GE_BADF;
    file = descriptor->file;
    descriptor->file = 0;
    file_drop(vfs, file);
    return 0;
}

static void open_end(struct vfs *vfs, int fd, arena_offset node, int flags, arena_offset file)
{
    pipe_open(vfs, node, flags, arena_at(vfs->arena, file));
    descriptor_set(vfs, fd, file, flags & VFS_O_CLOEXEC);
}

int vfs_pipe(struct vfs *vfs, int fds[2], int flags)
{
    int reader = descriptor_lowest(vfs, 0);
    int writer = reader < 0 ? reader : descriptor_lowest(vfs, reader + 1);
    arena_offset node, read_end, write_end;

    if (flags & ~(VFS_O_CLOEXEC | VFS_O_NONBLOCK))
        return -GE_INVAL;
    if (writer < 0)
        return writer;
    read_end = file_new(vfs);
    write_end = file_new(vfs);
    node = read_end && write_end ? pipe_new(vfs) : 0;
    if (!node)
        goto fail;
    open_end(vfs, reader, node, VFS_O_RDONLY | flags, read_end);
    open_end(vfs, writer, node, VFS_O_WRONLY | flags, write_end);
    fds[0] = reader;
    fds[1] = writer;
    return 0;

fail:
    file_free(vfs, read_end);
    file_free(vfs, write_end);
    return -GE_NFILE;
}

int vfs_dup(struct vfs *vfs, int fd, int lowest)
{
    const struct descriptor *descriptor = descriptor_at(vfs, fd);
    int to;

    if (!descriptor)
        return -GE_BADF;
    if (lowest < 0 || lowest >= VFS_DESCRIPTORS_MAX)
        return -GE_INVAL;
    to = descriptor_lowest(vfs, lowest);
    if (to >= 0)
        descriptor_set(vfs, to, descriptor->file, false);
    return to;
}

int vfs_dup_to(struct vfs *vfs, int fd, int to)
{
    const struct descriptor *descriptor = descriptor_at(vfs, fd);

    if (fd == to)
        return -GE_INVAL;
    if (!descriptor || to < 0 || to >= VFS_DESCRIPTORS_MAX)
        return -GE_BADF;
    vfs_close_fd(vfs, to); /* may well not be open */
    descriptor_set(vfs, to, descriptor->file, false);
    return to;
}

int vfs_flags(struct vfs *vfs, int fd)
{
    const struct file *file = descriptor_file(vfs, fd);

    return file ? (int) file->flags : -GE_BADF;
}

int vfs_set_flags(struct vfs *vfs, int fd, int flags)
{
    enum { SETTABLE = VFS_O_APPEND | VFS_O_NONBLOCK };
    struct file *file = descriptor_file(vfs, fd);

    if (!file)
        return -GE_BADF;
    file->flags = (file->flags & ~(uint32_t) SETTABLE) | ((uint32_t) flags & SETTABLE);
    return 0;
}

bool vfs_close_on_exec(struct vfs *vfs, int fd)
{
    const struct descriptor *descriptor = descriptor_at(vfs, fd);

    return descriptor && descriptor->close_on_exec;
}

int vfs_set_close_on_exec(struct vfs *vfs, int fd, bool on)
{
    struct descriptor *descriptor = descriptor_at(vfs, fd);

    if (!descriptor)
        return -GE_BADF;
    descriptor->close_on_exec = on;
    return 0;
}

static vfs_descriptors copy_table(struct vfs *vfs, vfs_descriptors from)
{
    enum { SIZE = VFS_DESCRIPTORS_MAX * sizeof(struct descriptor) };
    vfs_descriptors to = arena_allocate(vfs->arena, SIZE);
    struct descriptor *table = arena_at(vfs->arena, to);

    if (!to)
        return 0;
    memcpy(table, arena_at(vfs->arena, from), SIZE);
    for (int fd = 0; fd < VFS_DESCRIPTORS_MAX; fd++)
        if (table[fd].file) {
            struct file *file = arena_at(vfs->arena, table[fd].file);

            file->references++;
        }
    return to;
}

vfs_descriptors vfs_copy_descriptors(struct vfs *vfs)
{
    return copy_table(vfs, vfs->super->descriptors);
}

bool vfs_keep_descriptors(struct vfs *vfs, enum vfs_kept kind)
{
    vfs_descriptors kept = vfs_copy_descriptors(vfs);

    if (!kept)
        return false;
    if (vfs->super->kept[kind])
        vfs_drop_descriptors(vfs, vfs->super->kept[kind]);
    vfs->super->kept[kind] = kept;
    return true;
}

vfs_descriptors vfs_copy_kept_descriptors(struct vfs *vfs, enum vfs_kept kind)
{
    return vfs->super->kept[kind] ? copy_table(vfs, vfs->super->kept[kind]) : 0;
}

vfs_descriptors vfs_use_descriptors(struct vfs *vfs, vfs_descriptors table)
{
    vfs_descriptors used = vfs->super->descriptors;

    vfs->super->descriptors = table;
    return used;
}

void vfs_drop_descriptors(struct vfs *vfs, vfs_descriptors dropped)
{
    struct descriptor *table = arena_at(vfs->arena, dropped);

    for (int fd = 0; fd < VFS_DESCRIPTORS_MAX; fd++)
        if (table[fd].file)
            file_drop(vfs, table[fd].file);
    arena_free(vfs->arena, dropped, VFS_DESCRIPTORS_MAX * sizeof(struct descriptor));
}
