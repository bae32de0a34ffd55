/* Laying a pack's tree over the tree in memory.
 *
 * Every node of the pack becomes a node in the arena at once (some thousands, well under a
 * millisecond each thousand); their content stays in the pack until it is written to.
 */
#include <stdlib.h>
#include <string.h>

#include "vfs/internal.h"

enum { DIRECTORY_MODE = 0755 };

/* Makes the directories of an absolute path that are missing. */
static int make_directories(struct vfs *vfs, const char *path)
{
    char partial[VFS_PATH_MAX];
    size_t length = strlen(path);
    uint32_t umask = vfs->super->umask;
    int result = 0;

    vfs->super->umask = 0;
    if (path[0] != '/' || length >= sizeof partial) {
        result = -GE_INVAL;
        goto done;
    }
    for (size_t end = 1; end <= length && result == 0; end++) {
        if (path[end] != '/' && path[end] != '\0')
            continue;
        memcpy(partial, path, end);
        partial[end] = '\0';
        result = vfs_mkdirat(vfs, VFS_AT_CWD, partial, DIRECTORY_MODE);
        if (result == -GE_EXIST)
            result = 0;
    }
done:
    vfs->super->umask = umask;
    return result;
}

/* The memory directory at a path, made when missing. */
int overlay_directory(struct vfs *vfs, const char *path, arena_offset *node)
{
    struct walk walk;
    int result = make_directories(vfs, path);

    if (result == 0)
        result = walk_path(vfs, VFS_AT_CWD, path, WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    /* Entering "name" as a directory leaves its node in place. */
    if (walk.last == LAST_NAME && strcmp(walk.name, ".") != 0)
        result = tree_operations(&walk.place)->enter(vfs, &walk.place, walk.name);
    if (result == 0 && walk.place.tree != TREE_MEMORY)
        result = -GE_BUSY; /* a host directory is mounted there */
    *node = walk.place.node;
    walk_release(&walk);
    return result;
}

static int set_content(struct vfs *vfs, struct node *node, const struct pack_node *packed,
                       uint32_t pack_number)
{
    const struct pack *pack = vfs->packs[pack_number];
    const unsigned char *target;
    int result;

    if (node_type(node) == VFS_S_IFREG) {
        node->size = packed->size;
        node->regular.pack = pack_number + 1;
        node->regular.pack_first = packed->first_index;
        node->regular.pack_blocks = (uint32_t) ((packed->size + VFS_BLOCK - 1) / VFS_BLOCK);
    } else if (node_type(node) == VFS_S_IFLNK) {
        result = pack_block(pack, packed->first_index, &target);
        if (result < 0)
            return result;
        if (!target || memchr(target, 0, (size_t) packed->size))
            return -GE_INVAL;
        node->target = arena_allocate(vfs->arena, (size_t) packed->size);
        if (!node->target)
            return -GE_NOSPC;
        memcpy(arena_at(vfs->arena, node->target), target, (size_t) packed->size);
        node->size = packed->size;
    }
    return 0;
}

/* A directory that is there already stays; any other file of the name gives way. */
static int add_node(struct vfs *vfs, arena_offset directory, const struct pack_node *packed,
                    uint32_t pack_number, arena_offset *offset)
{
    struct place place = {.tree = TREE_MEMORY, .node = directory};
    char name[VFS_NAME_MAX + 1];
    arena_offset entry;
    int result;

    memcpy(name, packed->name, packed->name_length);
    name[packed->name_length] = '\0';
    entry = directory_find(vfs, node_at(vfs, directory), name);
    if (entry && (packed->mode & VFS_S_IFMT) == VFS_S_IFDIR
        && node_type(node_at(vfs, entry_at(vfs, entry)->node)) == VFS_S_IFDIR) {
        *offset = entry_at(vfs, entry)->node;
        return 0;
    }
    result = entry ? memory_tree.unlink(vfs, &place, name) : 0;
    if (result == 0)
        result = memory_add(vfs, directory, name, packed->mode, offset);
    return result < 0 ? result : set_content(vfs, node_at(vfs, *offset), packed, pack_number);
}

/* nodes: for each node of the pack the one it became. */
static int add_nodes(struct vfs *vfs, arena_offset *nodes, uint32_t pack_number)
{
    const struct pack *pack = vfs->packs[pack_number];
    struct pack_node packed;
    int result = 0;

    for (uint32_t i = 0; i < pack_node_count(pack) && result == 0; i++) {
        pack_node(pack, i, &packed);
        if (i > 0)
            result = add_node(vfs, nodes[packed.parent], &packed, pack_number, &nodes[i]);
        if (result == 0)
            node_at(vfs, nodes[i])->mode = packed.mode;
    }
    /* Times last: adding to a directory changes its own. */
    for (uint32_t i = 0; i < pack_node_count(pack) && result == 0; i++) {
        pack_node(pack, i, &packed);
        node_utimens(vfs, node_at(vfs, nodes[i]), packed.mtime_ns, packed.mtime_ns);
    }
    return result;
}

static enum status status_of(int result)
{
    return result == -GE_NOSPC || result == -GE_NOMEM ? STATUS_NO_MEMORY : STATUS_INVALID;
}

/* An attached image has the pack's nodes already and needs only its blocks. */
static enum status give_again(struct vfs *vfs, const struct pack *pack, struct error *error)
{
    if (pack_identity(pack) != vfs->super->packs[vfs->pack_count])
        return error_set(error, STATUS_PACK, "the image was made over another pack");
    vfs->packs[vfs->pack_count++] = pack;
    return STATUS_OK;
}

bool vfs_wants_pack(const struct vfs *vfs)
{
    return vfs->pack_count < vfs->super->pack_count;
}

enum status vfs_mount_pack(struct vfs *vfs, const char *at, const struct pack *pack,
                           struct error *error)
{
    uint64_t names_before = vfs->super->names_used;
    arena_offset *nodes;
    int result;

    if (vfs_wants_pack(vfs))
        return give_again(vfs, pack, error);
    if (vfs->pack_count == VFS_PACKS_MAX)
        return error_set(error, STATUS_INVALID, "at most %d packs can be mounted", VFS_PACKS_MAX);
    nodes = calloc(pack_node_count(pack), sizeof *nodes);
    if (!nodes)
        return error_set(error, STATUS_NO_MEMORY, "no memory to mount a pack at %s", at);
    vfs->packs[vfs->pack_count] = pack;
    vfs->super->packs[vfs->pack_count] = pack_identity(pack);
    vfs->super->pack_count = ++vfs->pack_count;
    result = overlay_directory(vfs, at, &nodes[0]);
    if (result == 0)
        result = add_nodes(vfs, nodes, vfs->pack_count - 1);
    free(nodes);
    vfs->super->names_free_of_quota += vfs->super->names_used - names_before;
    if (result < 0)
        return error_set(error, status_of(result), "cannot mount a pack at %s: %s", at,
                         errno_text(-result));
    return STATUS_OK;
}
