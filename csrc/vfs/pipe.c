/* Pipes: a ring of bytes in the arena. Nothing here waits: there is nobody else to wait for. */
#include <string.h>

#include "vfs/internal.h"

static struct pipe *pipe_of(const struct vfs *vfs, const struct file *file)
{
    return &node_at(vfs, file->node)->pipe;
}

static bool is_reader(const struct file *file)
{
    return (file->flags & VFS_O_ACCMODE) == VFS_O_RDONLY;
}

static unsigned char *buffer_at(const struct vfs *vfs, const struct pipe *pipe)
{
    return arena_at(vfs->arena, pipe->buffer);
}

static void pipe_close(struct vfs *vfs, struct file *file)
{
    struct pipe *pipe = pipe_of(vfs, file);

    if (is_reader(file))
        pipe->readers--;
    else
        pipe->writers--;
    node_close(vfs, file);
}

static int64_t pipe_read(struct vfs *vfs, struct file *file, void *bytes, size_t size,
                         uint64_t offset)
{
    struct pipe *pipe = pipe_of(vfs, file);
    unsigned char *to = bytes;
    size_t first;

    (void) offset;
    if (size == 0)
        return 0;
    if (pipe->length == 0)
        return pipe->writers ? -GE_AGAIN : 0;
    if (size > pipe->length)
        size = pipe->length;
    first = VFS_PIPE_SIZE - pipe->start; /* up to the end of the ring */
    if (first > size)
        first = size;
    memcpy(to, buffer_at(vfs, pipe) + pipe->start, first);
    memcpy(to + first, buffer_at(vfs, pipe), size - first);
    pipe->start = (uint32_t) ((pipe->start + size) % VFS_PIPE_SIZE);
    pipe->length -= (uint32_t) size;
    return (int64_t) size;
}

static int64_t pipe_write(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                          uint64_t offset)
{
    struct pipe *pipe = pipe_of(vfs, file);
    const unsigned char *from = bytes;
    size_t room = VFS_PIPE_SIZE - pipe->length;
    size_t end, first;

    (void) offset;
    if (size == 0)
        return 0;
    if (pipe->readers == 0)
        return -GE_PIPE;
    if (room == 0 || (size <= VFS_PIPE_ATOMIC && size > room))
        return -GE_AGAIN;
    if (size > room)
        size = room;
    end = (pipe->start + pipe->length) % VFS_PIPE_SIZE;
    first = VFS_PIPE_SIZE - end;
    if (first > size)
        first = size;
    memcpy(buffer_at(vfs, pipe) + end, from, first);
    memcpy(buffer_at(vfs, pipe), from + first, size - first);
    pipe->length += (uint32_t) size;
    return (int64_t) size;
}

static int pipe_poll(struct vfs *vfs, struct file *file)
{
    const struct pipe *pipe = pipe_of(vfs, file);

    if (is_reader(file))
        return (pipe->length ? VFS_POLL_IN : 0) | (pipe->writers ? 0 : VFS_POLL_HANGUP);
    if (pipe->readers == 0)
        return VFS_POLL_OUT | VFS_POLL_HANGUP;
    return VFS_PIPE_SIZE - pipe->length >= VFS_PIPE_ATOMIC ? VFS_POLL_OUT : 0;
}

const struct file_operations pipe_files = {
    .close = pipe_close,
    .read = pipe_read,
    .write = pipe_write,
    .stat = node_file_stat,
    .statfs = node_file_statfs,
    .chmod = node_file_chmod,
    .chown = node_file_chown,
    .utimens = node_file_utimens,
    .poll = pipe_poll,
};

static void open_end(struct vfs *vfs, int fd, arena_offset offset, arena_offset node, int flags)
{
    struct file *file = arena_at(vfs->arena, offset);

    file->kind = FILE_PIPE;
    file->stream = true;
    file->flags = (uint32_t) (flags & (VFS_O_ACCMODE | VFS_O_NONBLOCK));
    file->node = node;
    node_at(vfs, node)->references++;
    if (is_reader(file))
        pipe_of(vfs, file)->readers++;
    else
        pipe_of(vfs, file)->writers++;
    descriptor_set(vfs, fd, offset, flags & VFS_O_CLOEXEC);
}

int vfs_pipe(struct vfs *vfs, int fds[2], int flags)
{
    int reader = descriptor_lowest(vfs, 0);
    int writer = reader < 0 ? reader : descriptor_lowest(vfs, reader + 1);
    arena_offset node = 0, buffer = 0, read_end = 0, write_end = 0;

    if (flags & ~(VFS_O_CLOEXEC | VFS_O_NONBLOCK))
        return -GE_INVAL;
    if (writer < 0)
        return writer;
    buffer = arena_allocate(vfs->arena, VFS_PIPE_SIZE);
    node = node_new(vfs, VFS_S_IFIFO | 0600);
    read_end = file_new(vfs);
    write_end = file_new(vfs);
    if (!buffer || !node || !read_end || !write_end)
        goto fail;
    node_at(vfs, node)->pipe.buffer = buffer;
    open_end(vfs, reader, read_end, node, VFS_O_RDONLY | flags);
    open_end(vfs, writer, write_end, node, VFS_O_WRONLY | flags);
    fds[0] = reader;
    fds[1] = writer;
    return 0;

fail:
    arena_free(vfs->arena, buffer, VFS_PIPE_SIZE);
    arena_free(vfs->arena, node, sizeof(struct node));
    file_free(vfs, read_end);
    file_free(vfs, write_end);
    return -GE_NFILE;
}
