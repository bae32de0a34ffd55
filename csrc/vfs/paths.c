/* Calls by path: walk, then one operation of the tree the walk ended in. */
#include <string.h>

#include "vfs/internal.h"

enum { ACCESS_MODES = 7 };

static int follow_unless_nofollow(int flags)
{
    return flags & VFS_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
}

/* AT_EMPTY_PATH with an empty path means the file that is open as dirfd. */
static bool is_itself(const char *path, int flags)
{
    return (flags & VFS_AT_EMPTY_PATH) && *path == '\0';
}

/* NULL: not open. */
static struct file *file_itself(struct vfs *vfs, int dirfd)
{
    if (dirfd == VFS_AT_CWD)
        return arena_at(vfs->arena, vfs->super->cwd);
    return descriptor_file(vfs, dirfd);
}

/* ---- Opening ---- */

static int open_walked(struct vfs *vfs, struct walk *walk, int flags, uint32_t mode,
                       struct file *file)
{
    file->flags = (uint32_t) (flags & (VFS_O_ACCMODE | VFS_O_APPEND | VFS_O_NONBLOCK));
    return tree_operations(&walk->place)->open(vfs, &walk->place, walk->name, flags, mode, file);
}

int vfs_openat(struct vfs *vfs, int dirfd, const char *path, int flags, uint32_t mode)
{
    struct walk walk;
    arena_offset file;
    int how = flags & VFS_O_CREAT ? WALK_CREATE : 0;
    int fd, result;

    if ((flags & VFS_O_ACCMODE) == VFS_O_ACCMODE
        || ((flags & VFS_O_CREAT) && (flags & VFS_O_DIRECTORY)))
        return -GE_INVAL;
    if (!(flags & VFS_O_NOFOLLOW) && !((flags & VFS_O_CREAT) && (flags & VFS_O_EXCL)))
        how |= WALK_FOLLOW;
    fd = descriptor_lowest(vfs, 0);
    if (fd < 0)
        return fd;
    result = walk_path(vfs, dirfd, path, how, &walk);
    if (result < 0)
        return result;
    file = file_new(vfs);
    result = file ? open_walked(vfs, &walk, flags, mode, arena_at(vfs->arena, file)) : -GE_NFILE;
    if (result == 0) {
        descriptor_set(vfs, fd, file, flags & VFS_O_CLOEXEC);
        result = fd;
    } else {
        file_free(vfs, file);
    }
    walk_release(&walk);
    return result;
}

int vfs_chdir(struct vfs *vfs, const char *path)
{
    struct walk walk;
    arena_offset file;
    int result = walk_path(vfs, VFS_AT_CWD, path, WALK_FOLLOW, &walk);

    if (result < 0)
        return result;
    file = file_new(vfs);
    result = file ? open_walked(vfs, &walk, VFS_O_RDONLY | VFS_O_DIRECTORY, 0,
                                arena_at(vfs->arena, file))
                  : -GE_NOMEM;
    if (result == 0) {
        struct file *at = arena_at(vfs->arena, file);

        at->references = 1;
        file_drop(vfs, vfs->super->cwd);
        vfs->super->cwd = file;
    } else {
        file_free(vfs, file);
    }
    walk_release(&walk);
    return result;
}

int vfs_getcwd(struct vfs *vfs, char *path, size_t size)
{
    struct walk walk;
    int result = walk_path(vfs, VFS_AT_CWD, ".", 0, &walk);

    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->path(vfs, &walk.place, path, size);
    walk_release(&walk);
    return result < 0 ? result : result + 1;
}

/* ---- Of a file ---- */

int vfs_statat(struct vfs *vfs, int dirfd, const char *path, int flags, struct vfs_stat *stat)
{
    struct walk walk;
    int result;

    if (is_itself(path, flags)) {
        struct file *file = file_itself(vfs, dirfd);

        return file ? file_operations(file)->stat(vfs, file, stat) : -GE_BADF;
    }
    result = walk_path(vfs, dirfd, path, follow_unless_nofollow(flags), &walk);
    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->stat(vfs, &walk.place, walk.name, stat);
    walk_release(&walk);
    return result;
}

int vfs_statfs(struct vfs *vfs, const char *path, struct vfs_statfs *stat)
{
    struct vfs_stat exists;
    struct walk walk;
    int result = walk_path(vfs, VFS_AT_CWD, path, WALK_FOLLOW, &walk);

    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->stat(vfs, &walk.place, walk.name, &exists);
    if (result == 0)
        result = tree_operations(&walk.place)->statfs(vfs, &walk.place, stat);
    walk_release(&walk);
    return result;
}

int vfs_accessat(struct vfs *vfs, int dirfd, const char *path, int mode, int flags)
{
    struct walk walk;
    int result;

    if (mode & ~ACCESS_MODES)
        return -GE_INVAL;
    result = walk_path(vfs, dirfd, path, follow_unless_nofollow(flags), &walk);
    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->access(vfs, &walk.place, walk.name, mode);
    walk_release(&walk);
    return result;
}

int vfs_chmodat(struct vfs *vfs, int dirfd, const char *path, uint32_t mode, int flags)
{
    struct walk walk;
    int result = walk_path(vfs, dirfd, path, follow_unless_nofollow(flags), &walk);

    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->chmod(vfs, &walk.place, walk.name, mode);
    walk_release(&walk);
    return result;
}

int vfs_chownat(struct vfs *vfs, int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    struct walk walk;
    int result;

    if (is_itself(path, flags)) {
        struct file *file = file_itself(vfs, dirfd);

        return file ? file_operations(file)->chown(vfs, file, uid, gid) : -GE_BADF;
    }
    result = walk_path(vfs, dirfd, path, follow_unless_nofollow(flags), &walk);
    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->chown(vfs, &walk.place, walk.name, uid, gid);
    walk_release(&walk);
    return result;
}

int vfs_utimensat(struct vfs *vfs, int dirfd, const char *path, int64_t atime_ns, int64_t mtime_ns,
                  int flags)
{
    struct file *file = path ? NULL : descriptor_file(vfs, dirfd);
    struct walk walk;
    int result;

    if (!path && !file)
        return -GE_BADF;
    if (file)
        return file_operations(file)->utimens(vfs, file, atime_ns, mtime_ns);
    result = walk_path(vfs, dirfd, path, follow_unless_nofollow(flags), &walk);
    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->utimens(vfs, &walk.place, walk.name, atime_ns, mtime_ns);
    walk_release(&walk);
    return result;
}

int vfs_truncate(struct vfs *vfs, const char *path, uint64_t size)
{
    int fd = vfs_openat(vfs, VFS_AT_CWD, path, VFS_O_WRONLY, 0);
    int result;

    if (fd < 0)
        return fd;
    result = vfs_ftruncate(vfs, fd, size);
    vfs_close_fd(vfs, fd);
    return result;
}

int vfs_readlinkat(struct vfs *vfs, int dirfd, const char *path, char *target, size_t size)
{
    struct walk walk;
    int result;

    if (size == 0)
        return -GE_INVAL;
    result = walk_path(vfs, dirfd, path, 0, &walk);
    if (result < 0)
        return result;
    result = tree_operations(&walk.place)->readlink(vfs, &walk.place, walk.name, target, size);
    walk_release(&walk);
    return result;
}

/* ---- Of names ---- */

int vfs_mkdirat(struct vfs *vfs, int dirfd, const char *path, uint32_t mode)
{
    struct walk walk;
    int result = walk_path(vfs, dirfd, path, WALK_PARENT, &walk);

    if (result < 0)
        return result;
    if (walk.last == LAST_NAME)
        result = tree_operations(&walk.place)->mkdir(vfs, &walk.place, walk.name, mode);
    else
        result = -GE_EXIST;
    walk_release(&walk);
    return result;
}

/* May a name that is no directory be made here? A slash at its end promises a directory. */
static int check_creatable(struct vfs *vfs, struct walk *walk)
{
    struct vfs_stat stat;
    int result;

    if (walk->last != LAST_NAME)
        return -GE_EXIST;
    if (!walk->slash)
        return 0;
    result = tree_operations(&walk->place)->stat(vfs, &walk->place, walk->name, &stat);
    return result == 0 ? -GE_EXIST : result;
}

int vfs_symlinkat(struct vfs *vfs, const char *target, int dirfd, const char *path)
{
    size_t length = strlen(target);
    struct walk walk;
    int result;

    if (length == 0)
        return -GE_NOENT;
    if (length >= VFS_PATH_MAX)
        return -GE_NAMETOOLONG;
    result = walk_path(vfs, dirfd, path, WALK_PARENT, &walk);
    if (result < 0)
        return result;
    result = check_creatable(vfs, &walk);
    if (result == 0)
        result = tree_operations(&walk.place)->symlink(vfs, &walk.place, walk.name, target);
    walk_release(&walk);
    return result;
}

/* Are the two places in one file system? */
static bool same_tree(const struct walk *a, const struct walk *b)
{
    return a->place.tree == b->place.tree
           && (a->place.tree != TREE_HOST || a->place.mount == b->place.mount);
}

int vfs_linkat(struct vfs *vfs, int from_dirfd, const char *from, int to_dirfd, const char *to,
               int flags)
{
    struct walk source, target;
    struct vfs_stat stat;
    int result = walk_path(vfs, from_dirfd, from, flags & VFS_AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0,
                           &source);

    if (result < 0)
        return result;
    result = tree_operations(&source.place)->stat(vfs, &source.place, source.name, &stat);
    if (result < 0)
        goto source_only;
    result = walk_path(vfs, to_dirfd, to, WALK_PARENT, &target);
    if (result < 0)
        goto source_only;
    result = check_creatable(vfs, &target);
    if (result == 0 && !same_tree(&source, &target))
        result = -GE_XDEV;
    if (result == 0)
        result = tree_operations(&source.place)
                     ->link(vfs, &source.place, source.name, &target.place, target.name);
    walk_release(&target);
source_only:
    walk_release(&source);
    return result;
}

int vfs_clone(struct vfs *vfs, const char *from, const char *to)
{
    struct walk source, target;
    struct vfs_stat stat;
    int result = walk_path(vfs, VFS_AT_CWD, from, WALK_FOLLOW, &source);

    if (result < 0)
        return result;
    result = tree_operations(&source.place)->stat(vfs, &source.place, source.name, &stat);
    if (result == 0 && (stat.mode & VFS_S_IFMT) == VFS_S_IFDIR)
        result = -GE_ISDIR;
    if (result < 0)
        goto source_only;
    result = walk_path(vfs, VFS_AT_CWD, to, WALK_CREATE, &target);
    if (result < 0)
        goto source_only;
    if (!same_tree(&source, &target))
        result = -GE_XDEV;
    else if (!tree_operations(&source.place)->clone)
        result = -GE_NOTSUP;
    else
        result = tree_operations(&source.place)
                     ->clone(vfs, &source.place, source.name, &target.place, target.name);
    walk_release(&target);
source_only:
    walk_release(&source);
    return result;
}

static int remove_directory(struct vfs *vfs, struct walk *walk)
{
    switch (walk->last) {
    case LAST_DOT:
        return -GE_INVAL;
    case LAST_DOTDOT:
        return -GE_NOTEMPTY;
    case LAST_ROOT:
        return -GE_BUSY;
    default:
        return tree_operations(&walk->place)->rmdir(vfs, &walk->place, walk->name);
    }
}

static int remove_file(struct vfs *vfs, struct walk *walk)
{
    struct vfs_stat stat;
    int result;

    if (walk->last != LAST_NAME)
        return -GE_ISDIR;
    if (!walk->slash)
        return tree_operations(&walk->place)->unlink(vfs, &walk->place, walk->name);
    result = tree_operations(&walk->place)->stat(vfs, &walk->place, walk->name, &stat);
    if (result < 0)
        return result;
    return (stat.mode & VFS_S_IFMT) == VFS_S_IFDIR ? -GE_ISDIR : -GE_NOTDIR;
}

int vfs_unlinkat(struct vfs *vfs, int dirfd, const char *path, int flags)
{
    struct walk walk;
    int result;

    if (flags & ~VFS_AT_REMOVEDIR)
        return -GE_INVAL;
    result = walk_path(vfs, dirfd, path, WALK_PARENT, &walk);
    if (result < 0)
        return result;
    result = flags & VFS_AT_REMOVEDIR ? remove_directory(vfs, &walk) : remove_file(vfs, &walk);
    walk_release(&walk);
    return result;
}

/* In the order of Linux's do_renameat2. */
static int rename_walked(struct vfs *vfs, struct walk *source, struct walk *target)
{
    struct vfs_stat stat;
    int result;

    if (!same_tree(source, target))
        return -GE_XDEV;
    if (source->last != LAST_NAME || target->last != LAST_NAME)
        return -GE_BUSY;
    if (source->slash || target->slash) {
        result = tree_operations(&source->place)->stat(vfs, &source->place, source->name, &stat);
        if (result < 0)
            return result;
        if ((stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)
            return -GE_NOTDIR;
    }
    return tree_operations(&source->place)
        ->rename(vfs, &source->place, source->name, &target->place, target->name);
}

int vfs_renameat(struct vfs *vfs, int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    struct walk source, target;
    int result = walk_path(vfs, from_dirfd, from, WALK_PARENT, &source);

    if (result < 0)
        return result;
    result = walk_path(vfs, to_dirfd, to, WALK_PARENT, &target);
    if (result == 0) {
        result = rename_walked(vfs, &source, &target);
        walk_release(&target);
    }
    walk_release(&source);
    return result;
}
