/* Nodes: the files of the in-memory tree, apart from their names. */
#include "vfs/internal.h"

enum { MEMORY_DEVICE = 1, DIRECTORY_SIZE = 4096, MODE_BITS = 07777, UNCHANGED = -1 };

arena_offset node_new(struct vfs *vfs, uint32_t mode)
{
    arena_offset offset = arena_allocate(vfs->arena, sizeof(struct node));
    struct node *node = node_at(vfs, offset);

    if (!offset)
        return 0;
    node->inode = vfs->super->next_inode++;
    node->mode = mode;
    node->uid = node->gid = VFS_UID;
    node->atime_ns = node->mtime_ns = node->ctime_ns = virtual_clock_realtime_ns(vfs->clock);
    return offset;
}

static void free_content(struct vfs *vfs, struct node *node)
{
    switch (node_type(node)) {
    case VFS_S_IFREG:
        blocks_truncate(vfs, &node->regular.map, 0);
        break;
    case VFS_S_IFLNK:
        arena_free(vfs->arena, node->target, (size_t) node->size);
        break;
    case VFS_S_IFIFO:
        arena_free(vfs->arena, node->pipe.buffer, VFS_PIPE_SIZE);
        break;
    default:
        break;
    }
}

void node_drop(struct vfs *vfs, arena_offset offset)
{
    /* A loop, since a removed directory lets go of its parent, which may be removed too. */
    while (offset) {
        struct node *node = node_at(vfs, offset);
        arena_offset parent = 0;

        if (node->links || node->references)
            return;
        if (node_type(node) == VFS_S_IFDIR) {
            parent = node->directory.parent;
            node_at(vfs, parent)->references--;
        }
        free_content(vfs, node);
        arena_free(vfs->arena, offset, sizeof *node);
        offset = parent;
    }
}

void node_stat(const struct node *node, struct vfs_stat *stat)
{
    *stat = (struct vfs_stat){
        .inode = node->inode,
        .size = node_type(node) == VFS_S_IFDIR ? DIRECTORY_SIZE : node->size,
        .device = MEMORY_DEVICE,
        .mode = node->mode,
        .links = node->links,
        .uid = node->uid,
        .gid = node->gid,
        .atime_ns = node->atime_ns,
        .mtime_ns = node->mtime_ns,
        .ctime_ns = node->ctime_ns,
    };
    /* As if there were no holes: counting them is not worth a walk over the blocks. */
    stat->blocks = (stat->size + VFS_BLOCK - 1) / VFS_BLOCK * (VFS_BLOCK / 512);
}

void node_touch(struct vfs *vfs, struct node *node)
{
    node->mtime_ns = node->ctime_ns = virtual_clock_realtime_ns(vfs->clock);
}

void node_change(struct vfs *vfs, struct node *node)
{
    node->ctime_ns = virtual_clock_realtime_ns(vfs->clock);
}

int node_chmod(struct vfs *vfs, struct node *node, uint32_t mode)
{
    if (node_type(node) == VFS_S_IFLNK)
        return -GE_NOTSUP;
    node->mode = node_type(node) | (mode & MODE_BITS);
    node_change(vfs, node);
    return 0;
}

int node_chown(struct vfs *vfs, struct node *node, uint32_t uid, uint32_t gid)
{
    if (uid != (uint32_t) UNCHANGED)
        node->uid = uid;
    if (gid != (uint32_t) UNCHANGED)
        node->gid = gid;
    node_change(vfs, node);
    return 0;
}

int node_utimens(struct vfs *vfs, struct node *node, int64_t atime_ns, int64_t mtime_ns)
{
    if (atime_ns != VFS_TIME_KEEP)
        node->atime_ns = atime_ns;
    if (mtime_ns != VFS_TIME_KEEP)
        node->mtime_ns = mtime_ns;
    node_change(vfs, node);
    return 0;
}
