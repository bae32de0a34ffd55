/* The tree in memory. */
#include <string.h>

#include "vfs/internal.h"

enum { PERMISSIONS = 07777, ANY_EXECUTE = 0111, ACCESS_EXECUTE = 1 };

static bool is_directory(const struct node *node)
{
    return node_type(node) == VFS_S_IFDIR;
}

/* The node of a name in a place; 0: there is none. */
static arena_offset find(struct vfs *vfs, const struct place *place, const char *name)
{
    arena_offset entry;

    if (strcmp(name, ".") == 0)
        return place->node;
    entry = directory_find(vfs, node_at(vfs, place->node), name);
    return entry ? entry_at(vfs, entry)->node : 0;
}

static bool is_covered(const struct node *node)
{
    return is_directory(node) && node->directory.mount;
}

void memory_place(struct vfs *vfs, arena_offset node, struct place *place)
{
    const struct node *at = node_at(vfs, node);

    if (is_covered(at)) {
        host_place(vfs, at->directory.mount - 1, place);
        return;
    }
    place->tree = &memory_tree;
    place->node = node;
}

/* ---- Names ---- */

/* The node has lost a name in the directory; it lives on while it has another or is open. */
static void lose_name(struct vfs *vfs, struct node *directory, arena_offset offset)
{
    struct node *node = node_at(vfs, offset);

    if (is_directory(node)) {
        directory->links--;
        node->links = 0;
        node->directory.entry = 0;
    } else {
        node->links--;
    }
    node_change(vfs, node);
    node_touch(vfs, directory);
    node_drop(vfs, offset);
}

static void remove_name(struct vfs *vfs, struct node *directory, arena_offset entry)
{
    arena_offset node = entry_at(vfs, entry)->node;

    directory_remove(vfs, directory, entry);
    lose_name(vfs, directory, node);
}

int memory_add(struct vfs *vfs, arena_offset directory, const char *name, uint32_t mode,
               arena_offset *added)
{
    struct node *parent = node_at(vfs, directory);
    arena_offset offset, entry;
    struct node *node;

    if (parent->links == 0)
        return -GE_NOENT; /* removed, but still somebody's working directory */
    offset = node_new(vfs, mode);
    if (!offset)
        return -GE_NOSPC;
    entry = directory_insert(vfs, parent, name, offset);
    if (!entry) {
        arena_free(vfs->arena, offset, sizeof *node);
        return -GE_NOSPC;
    }
    node = node_at(vfs, offset);
    node->links = 1;
    if (node_type(node) == VFS_S_IFREG)
        node->regular.map.exempt = parent->directory.exempt;
    if (is_directory(node)) {
        node->directory.exempt = parent->directory.exempt;
        node->links = 2;
        node->directory.parent = directory;
        node->directory.entry = entry;
        parent->links++;
        parent->references++;
    }
    node_touch(vfs, parent);
    *added = offset;
    return 0;
}

/* Names that the quota still allows. */
static uint64_t names_free(const struct superblock *super)
{
    uint64_t counted = super->names_used > super->names_free_of_quota
                           ? super->names_used - super->names_free_of_quota
                           : 0;

    return super->names_quota > counted ? super->names_quota - counted : 0;
}

/* May there be one more name in the directory? */
static bool has_room(const struct vfs *vfs, const struct node *directory)
{
    return directory->directory.exempt || names_free(vfs->super) > 0;
}

/* As memory_add, if there is room by the quota. */
static int make(struct vfs *vfs, arena_offset directory, const char *name, uint32_t mode,
                arena_offset *made)
{
    if (!has_room(vfs, node_at(vfs, directory)))
        return -GE_NOSPC;
    return memory_add(vfs, directory, name, mode, made);
}

/* ---- Walking ---- */

static int memory_enter(struct vfs *vfs, struct place *place, const char *name)
{
    arena_offset node = find(vfs, place, name);

    if (!node)
        return -GE_NOENT;
    if (node_type(node_at(vfs, node)) == VFS_S_IFLNK)
        return -GE_LOOP;
    if (!is_directory(node_at(vfs, node)))
        return -GE_NOTDIR;
    memory_place(vfs, node, place);
    return 0;
}

static int memory_leave(struct vfs *vfs, struct place *place)
{
    place->node = node_at(vfs, place->node)->directory.parent;
    return 0;
}

static bool memory_is_reserved(const struct place *place, const char *name)
{
    (void) place, (void) name;
    return false;
}

static bool memory_is_mount(struct vfs *vfs, const struct place *place, const char *name)
{
    arena_offset node = find(vfs, place, name);

    return node && is_covered(node_at(vfs, node));
}

static int memory_path(struct vfs *vfs, const struct place *place, char *path, size_t size)
{
    arena_offset at = place->node;
    size_t start = size;

    if (size < 2)
        return -GE_RANGE;
    path[--start] = '\0';
    while (at != vfs->super->root) {
        const struct node *node = node_at(vfs, at);
        const struct entry *entry;

        if (!node->directory.entry)
            return -GE_NOENT;
        entry = entry_at(vfs, node->directory.entry);
        if (start < entry->length + 1)
            return -GE_RANGE;
        start -= entry->length;
        memcpy(path + start, entry->name, entry->length);
        path[--start] = '/';
        at = node->directory.parent;
    }
    if (start == size - 1)
        path[--start] = '/';
    memmove(path, path + start, size - start);
    return (int) (size - start - 1);
}

/* ---- Operations on names ---- */

static int open_existing(struct vfs *vfs, arena_offset offset, int flags)
{
    struct node *node = node_at(vfs, offset);

    if ((flags & VFS_O_CREAT) && (flags & VFS_O_EXCL))
        return -GE_EXIST;
    if ((flags & VFS_O_DIRECTORY) && !is_directory(node))
        return -GE_NOTDIR;
    switch (node_type(node)) {
    case VFS_S_IFLNK:
        return -GE_LOOP;
    case VFS_S_IFDIR:
        return (flags & (VFS_O_ACCMODE | VFS_O_CREAT | VFS_O_TRUNC)) ? -GE_ISDIR : 0;
    case VFS_S_IFREG:
        return (flags & VFS_O_TRUNC) ? regular_truncate(vfs, node, 0) : 0;
    default:
        return 0;
    }
}

static int memory_open(struct vfs *vfs, struct place *place, const char *name, int flags,
                       uint32_t mode, struct file *file)
{
    arena_offset offset = find(vfs, place, name);
    struct node *node;
    int result;

    if (offset)
        result = open_existing(vfs, offset, flags);
    else if (flags & VFS_O_CREAT)
        result = make(vfs, place->node, name,
                      VFS_S_IFREG | (mode & PERMISSIONS & ~vfs->super->umask), &offset);
    else
        result = -GE_NOENT;
    if (result < 0)
        return result;
    node = node_at(vfs, offset);
    node->references++;
    file->node = offset;
    file->kind = FILE_MEMORY;
    if (node_type(node) == VFS_S_IFCHR) {
        file->kind = FILE_DEVICE;
        file->stream = device_is_stream(node->device);
    }
    return 0;
}

static int memory_stat(struct vfs *vfs, struct place *place, const char *name,
                       struct vfs_stat *stat)
{
    arena_offset node = find(vfs, place, name);

    if (!node)
        return -GE_NOENT;
    node_stat(node_at(vfs, node), stat);
    return 0;
}

void memory_statfs(struct vfs *vfs, struct vfs_statfs *stat)
{
    uint64_t limit = vfs->arena->limit / VFS_BLOCK;
    uint64_t used = arena_used(vfs->arena) / VFS_BLOCK;
    uint64_t free = used < limit ? limit - used : 0;
    const struct superblock *super = vfs->super;

    uint64_t allowed = super->blocks_quota > super->blocks_used
                           ? super->blocks_quota - super->blocks_used
                           : 0;

    /* The memory of a block is what a name costs at most. */
    uint64_t files_free = names_free(super) < free ? names_free(super) : free;

    if (allowed < free)
        free = allowed;
    *stat = (struct vfs_statfs){
        .block_size = VFS_BLOCK,
        .blocks = super->blocks_used + free,
        .blocks_free = free,
        .files = super->names_used + files_free,
        .files_free = files_free,
    };
}

static int memory_tree_statfs(struct vfs *vfs, struct place *place, struct vfs_statfs *stat)
{
    (void) place;
    memory_statfs(vfs, stat);
    return 0;
}

static int memory_access(struct vfs *vfs, struct place *place, const char *name, int mode)
{
    arena_offset node = find(vfs, place, name);

    if (!node)
        return -GE_NOENT;
    if ((mode & ACCESS_EXECUTE) && !is_directory(node_at(vfs, node))
        && !(node_at(vfs, node)->mode & ANY_EXECUTE))
        return -GE_ACCES;
    return 0;
}

static int memory_readlink(struct vfs *vfs, struct place *place, const char *name, char *target,
                           size_t size)
{
    arena_offset offset = find(vfs, place, name);
    const struct node *node = node_at(vfs, offset);

    if (!offset)
        return -GE_NOENT;
    if (node_type(node) != VFS_S_IFLNK)
        return -GE_INVAL;
    if (size > node->size)
        size = (size_t) node->size;
    memcpy(target, arena_at(vfs->arena, node->target), size);
    return (int) size;
}

static int memory_chmod(struct vfs *vfs, struct place *place, const char *name, uint32_t mode)
{
    arena_offset node = find(vfs, place, name);

    return node ? node_chmod(vfs, node_at(vfs, node), mode) : -GE_NOENT;
}

static int memory_chown(struct vfs *vfs, struct place *place, const char *name, uint32_t uid,
                        uint32_t gid)
{
    arena_offset node = find(vfs, place, name);

    return node ? node_chown(vfs, node_at(vfs, node), uid, gid) : -GE_NOENT;
}

static int memory_utimens(struct vfs *vfs, struct place *place, const char *name, int64_t atime_ns,
                          int64_t mtime_ns)
{
    arena_offset node = find(vfs, place, name);

    return node ? node_utimens(vfs, node_at(vfs, node), atime_ns, mtime_ns) : -GE_NOENT;
}

static int memory_mkdir(struct vfs *vfs, struct place *place, const char *name, uint32_t mode)
{
    arena_offset node;

    if (find(vfs, place, name))
        return -GE_EXIST;
    return make(vfs, place->node, name, VFS_S_IFDIR | (mode & PERMISSIONS & ~vfs->super->umask),
                &node);
}

static int memory_symlink(struct vfs *vfs, struct place *place, const char *name,
                          const char *target)
{
    size_t length = strlen(target);
    arena_offset copy, offset;
    struct node *node;
    int result;

    if (find(vfs, place, name))
        return -GE_EXIST;
    copy = arena_allocate(vfs->arena, length);
    if (!copy)
        return -GE_NOSPC;
    result = make(vfs, place->node, name, VFS_S_IFLNK | 0777, &offset);
    if (result < 0) {
        arena_free(vfs->arena, copy, length);
        return result;
    }
    memcpy(arena_at(vfs->arena, copy), target, length);
    node = node_at(vfs, offset);
    node->target = copy;
    node->size = length;
    return 0;
}

static int memory_unlink(struct vfs *vfs, struct place *place, const char *name)
{
    struct node *directory = node_at(vfs, place->node);
    arena_offset entry = directory_find(vfs, directory, name);

    if (!entry)
        return -GE_NOENT;
    if (is_directory(node_at(vfs, entry_at(vfs, entry)->node)))
        return -GE_ISDIR;
    remove_name(vfs, directory, entry);
    return 0;
}

/* May the directory be removed or replaced? */
static int check_removable(const struct node *node)
{
    if (is_covered(node))
        return -GE_BUSY;
    return node->directory.entries ? -GE_NOTEMPTY : 0;
}

static int memory_rmdir(struct vfs *vfs, struct place *place, const char *name)
{
    struct node *directory = node_at(vfs, place->node);
    arena_offset entry = directory_find(vfs, directory, name);
    const struct node *node;
    int result;

    if (!entry)
        return -GE_NOENT;
    node = node_at(vfs, entry_at(vfs, entry)->node);
    result = is_directory(node) ? check_removable(node) : -GE_NOTDIR;
    if (result == 0)
        remove_name(vfs, directory, entry);
    return result;
}

static int memory_link(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                       const char *to_name)
{
    arena_offset offset = find(vfs, from, from_name);
    struct node *node = node_at(vfs, offset), *directory = node_at(vfs, to->node);

    if (!offset)
        return -GE_NOENT;
    if (find(vfs, to, to_name))
        return -GE_EXIST;
    if (directory->links == 0)
        return -GE_NOENT;
    if (is_directory(node))
        return -GE_PERM;
    if (node->links == UINT32_MAX)
        return -GE_MLINK;
    if (!has_room(vfs, directory) || !directory_insert(vfs, directory, to_name, offset))
        return -GE_NOSPC;
    node->links++;
    node_change(vfs, node);
    node_touch(vfs, directory);
    return 0;
}

static int memory_clone(struct vfs *vfs, struct place *from, const char *from_name,
                        struct place *to, const char *to_name)
{
    arena_offset source = find(vfs, from, from_name), copy;
    const struct node *original = node_at(vfs, source);
    struct node *directory = node_at(vfs, to->node);
    int result;

    if (!source)
        return -GE_NOENT;
    if (node_type(original) != VFS_S_IFREG)
        return -GE_NOTSUP;
    if (find(vfs, to, to_name))
        return -GE_EXIST;
    result = make(vfs, to->node, to_name, original->mode, &copy);
    if (result < 0)
        return result;
    result = regular_clone(vfs, original, node_at(vfs, copy));
    if (result < 0)
        remove_name(vfs, directory, directory_find(vfs, directory, to_name));
    return result;
}

/* Is the one directory the other or above it? */
static bool is_above(const struct vfs *vfs, arena_offset directory, arena_offset below)
{
    while (below != directory && below != vfs->super->root)
        below = node_at(vfs, below)->directory.parent;
    return below == directory;
}

/* In the order of Linux's do_renameat2 and vfs_rename. replaced: the node at the new name, or 0. */
static int check_rename(const struct vfs *vfs, const struct place *from, arena_offset moved,
                        const struct place *to, arena_offset replaced)
{
    const struct node *node = node_at(vfs, moved), *old = node_at(vfs, replaced);

    if (!moved || node_at(vfs, to->node)->links == 0)
        return -GE_NOENT;
    if (is_directory(node) && is_above(vfs, moved, to->node))
        return -GE_INVAL;
    if (replaced && is_directory(old) && is_above(vfs, replaced, from->node))
        return -GE_NOTEMPTY;
    if (moved == replaced)
        return 0;
    if (replaced && is_directory(node) != is_directory(old))
        return is_directory(node) ? -GE_NOTDIR : -GE_ISDIR;
    if (is_covered(node))
        return -GE_BUSY;
    return replaced && is_directory(old) ? check_removable(old) : 0;
}

static int memory_rename(struct vfs *vfs, struct place *from, const char *from_name,
                         struct place *to, const char *to_name)
{
    struct node *from_directory = node_at(vfs, from->node), *to_directory = node_at(vfs, to->node);
    arena_offset moved = find(vfs, from, from_name), replaced = find(vfs, to, to_name);
    struct node *node = node_at(vfs, moved);
    arena_offset entry;
    int result = check_rename(vfs, from, moved, to, replaced);

    if (result < 0)
        return result;
    if (moved == replaced)
        return 0; /* two names of one file: both stay */
    /* The new name first: it may need memory, and nothing after it can fail. */
    entry = directory_find(vfs, to_directory, to_name);
    if (entry) {
        entry_at(vfs, entry)->node = moved;
        lose_name(vfs, to_directory, replaced);
    } else {
        entry = directory_insert(vfs, to_directory, to_name, moved);
        if (!entry)
            return -GE_NOSPC;
    }
    directory_remove(vfs, from_directory, directory_find(vfs, from_directory, from_name));
    if (is_directory(node)) {
        node->directory.entry = entry;
        node->directory.parent = to->node;
        from_directory->links--;
        from_directory->references--;
        to_directory->links++;
        to_directory->references++;
    }
    node_change(vfs, node);
    node_touch(vfs, from_directory);
    node_touch(vfs, to_directory);
    return 0;
}

const struct tree_operations memory_tree = {
    .enter = memory_enter,
    .leave = memory_leave,
    .is_reserved = memory_is_reserved,
    .is_mount = memory_is_mount,
    .path = memory_path,
    .open = memory_open,
    .stat = memory_stat,
    .statfs = memory_tree_statfs,
    .access = memory_access,
    .readlink = memory_readlink,
    .chmod = memory_chmod,
    .chown = memory_chown,
    .utimens = memory_utimens,
    .mkdir = memory_mkdir,
    .unlink = memory_unlink,
    .rmdir = memory_rmdir,
    .symlink = memory_symlink,
    .rename = memory_rename,
    .link = memory_link,
    .clone = memory_clone,
};
