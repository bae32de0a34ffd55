/* Blocks that several files have in common, which cloning makes.
 *
 * A count of owners has to be somewhere: a block that is written to is copied while there are others,
 * and freed by the last. It is kept for shared blocks only, in a map of its own, so that a block of one
 * file, as nearly all are, costs nothing: no entry, and, while nothing at all is shared, no look-up.
 * (To share whole maps instead of blocks would spare cloning the walk over them, but the first write
 * takes a map apart, and then each of its blocks needs a count all the same.)
 *
 * Counts cannot overflow: a file has a block once, and 2^32 files are more than an arena holds.
 */
#include "vfs/internal.h"

static bool is_a_count(struct vfs *vfs, uint32_t count)
{
    (void) vfs, (void) count;
    return false; /* no block, which could be free */
}

/* The map's tables go when nothing is left in them. */
static void tidy(struct vfs *vfs)
{
    if (vfs->super->blocks_shared == 0)
        block_map_truncate(vfs, &vfs->super->sharers, 0, is_a_count);
}

bool block_is_shared(const struct vfs *vfs, uint32_t block)
{
    return block_map_get(vfs, &vfs->super->sharers, block) != 0;
}

bool block_share(struct vfs *vfs, uint32_t block)
{
    uint32_t *sharers = block_map_slot(vfs, &vfs->super->sharers, block);

    if (!sharers) {
        tidy(vfs);
        return false;
    }
    if ((*sharers)++ == 0)
        vfs->super->blocks_shared++;
    return true;
}

bool block_unshare(struct vfs *vfs, uint32_t block)
{
    uint32_t *sharers;

    if (!block_is_shared(vfs, block))
        return false;
    sharers = block_map_slot(vfs, &vfs->super->sharers, block); /* is there: nothing is made */
    if (--*sharers == 0 && --vfs->super->blocks_shared == 0)
        tidy(vfs);
    return true;
}
