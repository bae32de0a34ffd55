/* Walking a directory tree step by step: what is open at each depth, instead of recursion. */
#include "engine/instance/tree.h"

#include <string.h>

static int enter(struct tree *tree)
{
    int fd = tree->depth < TREE_DEPTH_MAX
                 ? vfs_openat(tree->vfs, VFS_AT_CWD, tree->path, VFS_O_RDONLY | VFS_O_DIRECTORY, 0)
                 : -GE_LOOP;

    if (fd < 0)
        return fd;
    tree->levels[tree->depth++] = (struct tree_level){.fd = fd, .length = strlen(tree->path)};
    return 0;
}

static void leave(struct tree *tree)
{
    vfs_close_fd(tree->vfs, tree->levels[--tree->depth].fd);
}

int tree_open(struct tree *tree, struct vfs *vfs, const char *directory, enum tree_links links)
{
    *tree = (struct tree){.vfs = vfs, .links = links, .root_length = strlen(directory)};
    if (tree->root_length >= sizeof tree->path)
        return -GE_NAMETOOLONG;
    memcpy(tree->path, directory, tree->root_length + 1);
    return enter(tree);
}

static bool is_directory(const struct vfs_stat *stat)
{
    return (stat->mode & VFS_S_IFMT) == VFS_S_IFDIR;
}

static int set_name(struct tree *tree, size_t length, const char *name)
{
    size_t size = strlen(name) + 1;

    if (size > sizeof tree->path - length - 1)
        return -GE_NAMETOOLONG;
    tree->path[length] = '/';
    memcpy(tree->path + length + 1, name, size);
    return 0;
}

/* The next name in the innermost directory; 0 when there is none. */
static int read_name(struct tree *tree)
{
    struct tree_level *level = &tree->levels[tree->depth - 1];
    struct vfs_dirent entry;
    int result;

    do {
        result = vfs_readdir(tree->vfs, level->fd, level->cookie, &entry);
        if (result <= 0)
            return result;
        level->cookie = entry.cookie;
    } while (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0);
    result = set_name(tree, level->length, entry.name);
    return result < 0 ? result : 1;
}

int tree_next(struct tree *tree)
{
    int flags = tree->links == TREE_LINKS_SHOWN ? VFS_AT_SYMLINK_NOFOLLOW : 0;
    int result = 0;

    if (is_directory(&tree->stat)) {
        tree->stat.mode = 0;
        result = enter(tree);
        if (result < 0)
            return result;
    }
    while (tree->depth > 0) {
        result = read_name(tree);
        if (result > 0) {
            result = vfs_statat(tree->vfs, VFS_AT_CWD, tree->path, flags, &tree->stat);
            return result < 0 ? result : 1;
        }
        if (result < 0)
            return result;
        leave(tree);
    }
    return 0;
}

void tree_close(struct tree *tree)
{
    while (tree->depth > 0)
        leave(tree);
}

const char *tree_name(const struct tree *tree)
{
    return tree->path + tree->root_length + 1;
}
