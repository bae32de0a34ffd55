/* Open files and directories of the tree in memory. */
#include <string.h>

#include "vfs/internal.h"

enum { COOKIE_DOT = 1, COOKIE_DOTDOT = 2 };

static struct node *node_of(const struct vfs *vfs, const struct file *file)
{
    return node_at(vfs, file->node);
}

static bool is_directory(const struct vfs *vfs, const struct file *file)
{
    return node_type(node_of(vfs, file)) == VFS_S_IFDIR;
}

void node_close(struct vfs *vfs, struct file *file)
{
    node_of(vfs, file)->references--;
    node_drop(vfs, file->node);
}

static int64_t memory_read(struct vfs *vfs, struct file *file, void *bytes, size_t size,
                           uint64_t offset)
{
    if (is_directory(vfs, file))
        return -GE_ISDIR;
    return regular_read(vfs, node_of(vfs, file), bytes, size, offset);
}

static int64_t memory_write(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                            uint64_t offset)
{
    /* Not a directory: those are open for reading only. */
    return regular_write(vfs, node_of(vfs, file), bytes, size, offset);
}

int node_file_stat(struct vfs *vfs, struct file *file, struct vfs_stat *stat)
{
    node_stat(node_of(vfs, file), stat);
    return 0;
}

int node_file_statfs(struct vfs *vfs, struct file *file, struct vfs_statfs *stat)
{
    (void) file;
    memory_statfs(vfs, stat);
    return 0;
}

int node_file_chmod(struct vfs *vfs, struct file *file, uint32_t mode)
{
    return node_chmod(vfs, node_of(vfs, file), mode);
}

int node_file_chown(struct vfs *vfs, struct file *file, uint32_t uid, uint32_t gid)
{
    return node_chown(vfs, node_of(vfs, file), uid, gid);
}

int node_file_utimens(struct vfs *vfs, struct file *file, int64_t atime_ns, int64_t mtime_ns)
{
    return node_utimens(vfs, node_of(vfs, file), atime_ns, mtime_ns);
}

static int memory_size(struct vfs *vfs, struct file *file, uint64_t *size)
{
    *size = node_of(vfs, file)->size;
    return 0;
}

static int memory_sync(struct vfs *vfs, struct file *file, int *host_fd)
{
    (void) vfs, (void) file;
    *host_fd = -1; /* there is nothing more durable to write to */
    return 0;
}

static int memory_truncate(struct vfs *vfs, struct file *file, uint64_t size)
{
    return regular_truncate(vfs, node_of(vfs, file), size);
}

static int memory_allocate(struct vfs *vfs, struct file *file, uint64_t offset, uint64_t size)
{
    return regular_allocate(vfs, node_of(vfs, file), offset, size);
}

static int memory_poll(struct vfs *vfs, struct file *file)
{
    (void) vfs, (void) file;
    return VFS_POLL_IN | VFS_POLL_OUT;
}

static int memory_readdir(struct vfs *vfs, struct file *file, uint64_t cookie,
                          struct vfs_dirent *entry)
{
    const struct node *directory = node_of(vfs, file), *node = directory;
    arena_offset next;

    if (node_type(directory) != VFS_S_IFDIR)
        return -GE_NOTDIR;
    if (directory->links == 0)
        return -GE_NOENT;
    if (cookie == 0) {
        strcpy(entry->name, ".");
        entry->cookie = COOKIE_DOT;
    } else if (cookie == COOKIE_DOT) {
        strcpy(entry->name, "..");
        entry->cookie = COOKIE_DOTDOT;
        node = node_at(vfs, directory->directory.parent);
    } else {
        const struct entry *found;

        next = directory_after(vfs, directory, cookie);
        if (!next)
            return 0;
        found = entry_at(vfs, next);
        memcpy(entry->name, found->name, found->length);
        entry->name[found->length] = '\0';
        entry->cookie = found->key;
        node = node_at(vfs, found->node);
    }
    entry->inode = node->inode;
    entry->type = node_type(node);
    return 1;
}

static int memory_file_place(struct vfs *vfs, struct file *file, struct place *place)
{
    if (!is_directory(vfs, file))
        return -GE_NOTDIR;
    place_at_node(vfs, file->node, place);
    return 0;
}

const struct file_operations memory_files = {
    .close = node_close,
    .read = memory_read,
    .write = memory_write,
    .stat = node_file_stat,
    .statfs = node_file_statfs,
    .chmod = node_file_chmod,
    .chown = node_file_chown,
    .utimens = node_file_utimens,
    .size = memory_size,
    .sync = memory_sync,
    .truncate = memory_truncate,
    .allocate = memory_allocate,
    .poll = memory_poll,
    .readdir = memory_readdir,
    .place = memory_file_place,
};
