/* The blocks of files in memory: each of one file, or of several, which cloning makes (sharing.c). */
#include "vfs/internal.h"

uint32_t block_new(struct vfs *vfs, const struct block_map *map)
{
    arena_offset block;

    if (!map->exempt && vfs->super->blocks_used >= vfs->super->blocks_quota)
        return 0;
    block = arena_allocate(vfs->arena, VFS_BLOCK);
    if (block && !map->exempt)
        vfs->super->blocks_used++;
    return (uint32_t) (block / VFS_BLOCK);
}

/* Is the block free now? */
static bool release(struct vfs *vfs, uint32_t block)
{
    if (block_unshare(vfs, block))
        return false;
    arena_free(vfs->arena, (arena_offset) block * VFS_BLOCK, VFS_BLOCK);
    return true;
}

void blocks_truncate(struct vfs *vfs, struct block_map *map, uint64_t count)
{
    uint64_t freed = block_map_truncate(vfs, map, count, release);

    if (!map->exempt)
        vfs->super->blocks_used -= freed;
}

bool blocks_share(struct vfs *vfs, const struct block_map *from, struct block_map *to)
{
    return block_map_copy(vfs, from, to, block_share);
}
