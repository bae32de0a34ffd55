/* Pipes: a ring of bytes in the arena. Nothing here waits: no other thread runs the guest. */
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

arena_offset pipe_new(struct vfs *vfs)
{
    arena_offset buffer = arena_allocate(vfs->arena, VFS_PIPE_SIZE);
    arena_offset node = buffer ? node_new(vfs, VFS_S_IFIFO | 0600) : 0;

    if (!node) {
        arena_free(vfs->arena, buffer, VFS_PIPE_SIZE);
        return 0;
    }
    node_at(vfs, node)->pipe.buffer = buffer;
    return node;
}

void pipe_open(struct vfs *vfs, arena_offset node, int flags, struct file *file)
{
    file->kind = FILE_PIPE;
    file->stream = true;
    file->flags = (uint32_t) (flags & (VFS_O_ACCMODE | VFS_O_NONBLOCK));
    file->node = node;
    node_at(vfs, node)->references++;
    if (is_reader(file))
        pipe_of(vfs, file)->readers++;
    else
        pipe_of(vfs, file)->writers++;
}
