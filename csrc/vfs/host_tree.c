/* The tree of a mounted host directory.
 *
 * A place holds an open descriptor of its directory, and every operation is relative to that and to
 * one name that is never followed: nothing outside the mounted directory can be reached. The path
 * kept beside it serves ".." and getcwd, which go by names and never by the system's "..".
 */
#include <stdio.h>
#include <string.h>

#include "vfs/internal.h"

/* ---- Places ---- */

static bool is_link(const struct place *place, const char *name)
{
    char target[1];

    return files_readlink(place->host_fd, name, target, sizeof target) >= 0;
}

static int host_enter(struct vfs *vfs, struct place *place, const char *name)
{
    int fd = files_enter(place->host_fd, name);
    int result;

    (void) vfs;
    if (fd < 0)
        return fd == -GE_NOTDIR && is_link(place, name) ? -GE_LOOP : fd;
    result = mount_path_append(place->host_path, name);
    if (result < 0) {
        files_close(fd);
        return result;
    }
    place_release(place);
    place->host_fd = fd;
    place->host_fd_owned = true;
    return 0;
}

static int host_leave(struct vfs *vfs, struct place *place)
{
    char path[VFS_PATH_MAX];
    char *slash, *name, *end;
    int result = 0;

    if (place->host_path[0] == '\0') {
        arena_offset covered = vfs->mounts[place->mount].node;

        place_release(place);
        place_at_node(vfs, node_at(vfs, covered)->directory.parent, place);
        return 0;
    }
    /* Down again from the mount, by all names but the last. */
    strcpy(path, place->host_path);
    slash = strrchr(path, '/');
    *(slash ? slash : path) = '\0';
    place_at_mount(vfs, place->mount, place);
    for (name = path; *name && result == 0; name = end) {
        end = name + strcspn(name, "/");
        if (*end)
            *end++ = '\0';
        result = host_enter(vfs, place, name);
    }
    return result;
}

static bool host_is_reserved(const struct place *place, const char *name)
{
    return mount_reserves(place->host_path, name);
}

static bool host_is_mount(struct vfs *vfs, const struct place *place, const char *name)
{
    (void) vfs, (void) place, (void) name;
    return false; /* mounts are made in memory only */
}

static int host_path(struct vfs *vfs, const struct place *place, char *path, size_t size)
{
    struct place covered = {.tree = TREE_MEMORY, .node = vfs->mounts[place->mount].node};
    struct files_stat stat;
    int length = memory_tree.path(vfs, &covered, path, size);
    int result;

    if (length < 0)
        return length;
    result = files_stat(place->host_fd, &stat);
    if (result < 0)
        return result;
    if (stat.links == 0)
        return -GE_NOENT; /* removed */
    if (place->host_path[0] == '\0')
        return length;
    if (length == 1)
        length = 0; /* mounted at "/" */
    result = snprintf(path + length, size - (size_t) length, "/%s", place->host_path);
    if ((size_t) result >= size - (size_t) length)
        return -GE_RANGE;
    return length + result;
}

/* ---- Attributes ---- */

static int host_tree_stat(struct vfs *vfs, struct place *place, const char *name,
                          struct vfs_stat *stat)
{
    struct files_stat found;
    int result = files_stat_at(place->host_fd, name, &found);

    (void) vfs;
    if (result == 0)
        mount_stat(place->mount, &found, stat);
    return result;
}

static int host_tree_statfs(struct vfs *vfs, struct place *place, struct vfs_statfs *stat)
{
    return mount_statfs(vfs->mounts[place->mount].fd, stat);
}

static int host_access(struct vfs *vfs, struct place *place, const char *name, int mode)
{
    (void) vfs;
    return files_access_at(place->host_fd, name, mode);
}

static int host_readlink(struct vfs *vfs, struct place *place, const char *name, char *target,
                         size_t size)
{
    (void) vfs;
    return files_readlink(place->host_fd, name, target, size);
}

static int host_chmod(struct vfs *vfs, struct place *place, const char *name, uint32_t mode)
{
    (void) vfs;
    return files_chmod_at(place->host_fd, name, mode);
}

static int host_chown(struct vfs *vfs, struct place *place, const char *name, uint32_t uid,
                      uint32_t gid)
{
    struct vfs_stat stat;
    int result = host_tree_stat(vfs, place, name, &stat);

    return result < 0 ? result : mount_check_owner(uid, gid);
}

static int host_utimens(struct vfs *vfs, struct place *place, const char *name, int64_t atime_ns,
                        int64_t mtime_ns)
{
    (void) vfs;
    return files_utimens_at(place->host_fd, name, atime_ns, mtime_ns);
}

/* ---- Names ---- */

static int host_open(struct vfs *vfs, struct place *place, const char *name, int flags,
                     uint32_t mode, struct file *file)
{
    return host_file_open(vfs, place, name, flags, mode & ~vfs->super->umask, file);
}

static int host_mkdir(struct vfs *vfs, struct place *place, const char *name, uint32_t mode)
{
    return files_make_directory(place->host_fd, name, mode & ~vfs->super->umask);
}

static int host_unlink(struct vfs *vfs, struct place *place, const char *name)
{
    (void) vfs;
    return files_unlink(place->host_fd, name);
}

static int host_rmdir(struct vfs *vfs, struct place *place, const char *name)
{
    (void) vfs;
    return files_remove_directory(place->host_fd, name);
}

static int host_symlink(struct vfs *vfs, struct place *place, const char *name, const char *target)
{
    /* A path of the guest, in a directory that outlives it: a tablespace in memory, say. */
    if (vfs->mounts[place->mount].sync && target[0] == '/')
        return -GE_PERM;
    return files_symlink(target, place->host_fd, name);
}

/* Open directories below have other paths now. */
static void note_move(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                      const char *to_name)
{
    if (mount_path_append(from->host_path, from_name) < 0)
        return; /* too long for any of them */
    if (mount_path_append(to->host_path, to_name) == 0)
        host_files_moved(vfs, from->mount, from->host_path, to->host_path);
    else
        host_files_moved(vfs, from->mount, from->host_path, NULL);
}

/* 0: a rename may go there. */
static int check_kept(struct vfs *vfs, struct place *to, const char *name)
{
    struct files_stat found;
    int result;

    if (!vfs->keeps || !vfs->keeps(to->host_path, name))
        return 0;
    result = files_stat_at(to->host_fd, name, &found);
    if (result == 0)
        return -GE_EXIST;
    return result == -GE_NOENT ? 0 : result;
}

static int host_rename(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                       const char *to_name)
{
    int result = check_kept(vfs, to, to_name);

    if (result == 0)
        result = files_rename(from->host_fd, from_name, to->host_fd, to_name);
    if (result == 0)
        note_move(vfs, from, from_name, to, to_name);
    return result;
}

static int host_link(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                     const char *to_name)
{
    (void) vfs;
    return files_link(from->host_fd, from_name, to->host_fd, to_name);
}

const struct tree_operations host_tree = {
    .enter = host_enter,
    .leave = host_leave,
    .is_reserved = host_is_reserved,
    .is_mount = host_is_mount,
    .path = host_path,
    .open = host_open,
    .stat = host_tree_stat,
    .statfs = host_tree_statfs,
    .access = host_access,
    .readlink = host_readlink,
    .chmod = host_chmod,
    .chown = host_chown,
    .utimens = host_utimens,
    .mkdir = host_mkdir,
    .unlink = host_unlink,
    .rmdir = host_rmdir,
    .symlink = host_symlink,
    .rename = host_rename,
    .link = host_link,
};
