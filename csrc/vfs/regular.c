/* Regular files in memory: blocks of the arena over blocks of a pack over zeros.
 *
 * A write gives a file a block of its own, where it had the pack's or one in common with a clone.
 * Bytes of the last block past the end of the file are always zero: growing needs no clearing.
 */
#include <string.h>

#include "vfs/internal.h"

/* The block to read from; NULL: zeros. 0, or negative errno. */
static int readable(const struct vfs *vfs, const struct regular *regular, uint64_t index,
                    const unsigned char **bytes)
{
    uint32_t block = block_map_get(vfs, &regular->map, index);

    *bytes = block ? block_at(vfs, block) : NULL;
    if (block || index >= regular->pack_blocks || regular->pack > vfs->pack_count)
        return 0;
    return pack_block(vfs->packs[regular->pack - 1], regular->pack_first + (uint32_t) index, bytes);
}

/* The file's own block to write to, made when missing or shared with what could be read there before,
   unless the caller overwrites it whole. 0, or negative errno. */
static int writable(struct vfs *vfs, struct regular *regular, uint64_t index, bool whole,
                    unsigned char **bytes)
{
    uint32_t *slot = block_map_slot(vfs, &regular->map, index);
    const unsigned char *old = NULL;
    uint32_t block;
    int result;

    if (!slot)
        return -GE_NOSPC;
    if (*slot && !block_is_shared(vfs, *slot)) {
        *bytes = block_at(vfs, *slot);
        return 0;
    }
    result = whole ? 0 : readable(vfs, regular, index, &old);
    if (result < 0)
        return result;
    block = block_new(vfs, &regular->map);
    if (!block)
        return -GE_NOSPC;
    *bytes = block_at(vfs, block);
    if (old)
        memcpy(*bytes, old, VFS_BLOCK);
    if (*slot)
        block_unshare(vfs, *slot);
    *slot = block;
    return 0;
}

/* The part of [offset, offset + size) that lies in the block of offset. */
static size_t part_of_block(uint64_t offset, uint64_t size)
{
    size_t room = VFS_BLOCK - (size_t) (offset % VFS_BLOCK);

    return size < room ? (size_t) size : room;
}

int64_t regular_read(const struct vfs *vfs, const struct node *node, void *bytes, size_t size,
                     uint64_t offset)
{
    unsigned char *to = bytes;
    size_t done;

    if (offset >= node->size)
        return 0;
    if (size > node->size - offset)
        size = (size_t) (node->size - offset);
    for (done = 0; done < size;) {
        size_t part = part_of_block(offset + done, size - done);
        const unsigned char *block;
        int result = readable(vfs, &node->regular, (offset + done) / VFS_BLOCK, &block);

        if (result < 0)
            return result;
        if (block)
            memcpy(to + done, block + (offset + done) % VFS_BLOCK, part);
        else
            memset(to + done, 0, part);
        done += part;
    }
    return (int64_t) size;
}

int64_t regular_write(struct vfs *vfs, struct node *node, const void *bytes, size_t size,
                      uint64_t offset)
{
    const unsigned char *from = bytes;
    size_t done;
    int result = 0;

    if (size == 0)
        return 0;
    if (offset >= VFS_FILE_MAX)
        return -GE_FBIG;
    if (size > VFS_FILE_MAX - offset)
        size = (size_t) (VFS_FILE_MAX - offset);
    for (done = 0; done < size;) {
        size_t part = part_of_block(offset + done, size - done);
        unsigned char *block;

        result = writable(vfs, &node->regular, (offset + done) / VFS_BLOCK, part == VFS_BLOCK,
                          &block);
        if (result < 0)
            break;
        memcpy(block + (offset + done) % VFS_BLOCK, from + done, part);
        done += part;
    }
    if (done == 0)
        return result;
    if (offset + done > node->size)
        node->size = offset + done;
    node_touch(vfs, node);
    return (int64_t) done;
}

int regular_truncate(struct vfs *vfs, struct node *node, uint64_t size)
{
    struct regular *regular = &node->regular;
    uint64_t blocks = (size + VFS_BLOCK - 1) / VFS_BLOCK;
    size_t tail = (size_t) (size % VFS_BLOCK);

    if (size > VFS_FILE_MAX)
        return -GE_FBIG;
    if (size < node->size) {
        const unsigned char *content = NULL;
        unsigned char *last;
        int result = tail ? readable(vfs, regular, blocks - 1, &content) : 0;

        if (result == 0 && content) {
            result = writable(vfs, regular, blocks - 1, false, &last);
            if (result == 0)
                memset(last + tail, 0, VFS_BLOCK - tail);
        }
        if (result < 0)
            return result;
        blocks_truncate(vfs, &regular->map, blocks);
        if (regular->pack_blocks > blocks)
            regular->pack_blocks = (uint32_t) blocks;
    }
    node->size = size;
    node_touch(vfs, node);
    return 0;
}

int regular_allocate(struct vfs *vfs, struct node *node, uint64_t offset, uint64_t size)
{
    if (offset > VFS_FILE_MAX || size > VFS_FILE_MAX - offset)
        return -GE_FBIG;
    /* A pack's and shared ones are copied, too: after this no write into the range may run out of
       space. */
    for (uint64_t i = offset / VFS_BLOCK; i * VFS_BLOCK < offset + size; i++) {
        unsigned char *block;
        int result = writable(vfs, &node->regular, i, false, &block);

        if (result < 0)
            return result;
    }
    if (offset + size > node->size)
        node->size = offset + size;
    node_touch(vfs, node);
    return 0;
}

int regular_clone(struct vfs *vfs, const struct node *from, struct node *to)
{
    bool exempt = to->regular.map.exempt;

    /* A block counts against the quota or does not; it cannot do both. Projects with quotas of their
       own are different file systems on Linux, too. */
    if (from->regular.map.exempt != exempt)
        return -GE_XDEV;
    to->regular = from->regular;
    to->regular.map = (struct block_map){.exempt = exempt};
    to->size = from->size;
    return blocks_share(vfs, &from->regular.map, &to->regular.map) ? 0 : -GE_NOSPC;
}
