/* Places: a directory of one tree or the other, on the way along a path. */
#include "vfs/internal.h"

void place_at_node(struct vfs *vfs, arena_offset node, struct place *place)
{
    const struct node *at = node_at(vfs, node);

    if (node_is_covered(at)) {
        place_at_mount(vfs, at->directory.mount - 1, place);
        return;
    }
    place->tree = TREE_MEMORY;
    place->node = node;
}

void place_at_mount(struct vfs *vfs, uint32_t mount, struct place *place)
{
    place_release(place);
    place->tree = TREE_HOST;
    place->mount = mount;
    place->host_fd = vfs->mounts[mount].fd;
    place->host_path[0] = '\0';
}

void place_release(struct place *place)
{
    if (place->host_fd_owned)
        files_close(place->host_fd);
    place->host_fd_owned = false;
}
