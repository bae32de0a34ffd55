/* A mounted directory of the host: names and attributes, for its tree and for open files alike. */
#include <string.h>

#include "platform/directory_lock.h"
#include "vfs/internal.h"

enum { FIRST_DEVICE = 2, UNCHANGED = -1 };

int mount_path_append(char path[VFS_PATH_MAX], const char *name)
{
    size_t length = strlen(path), more = strlen(name);
    bool slash = length > 0;

    if (length + slash + more >= VFS_PATH_MAX)
        return -GE_NAMETOOLONG;
    if (slash)
        path[length++] = '/';
    memcpy(path + length, name, more + 1);
    return 0;
}

bool mount_reserves(const char *directory, const char *name)
{
    return *directory == '\0' && strncmp(name, LOCK_PREFIX, strlen(LOCK_PREFIX)) == 0;
}

uint32_t mount_type(enum files_type type)
{
    switch (type) {
    case FILES_REGULAR:
        return VFS_S_IFREG;
    case FILES_IS_DIRECTORY:
        return VFS_S_IFDIR;
    case FILES_LINK:
        return VFS_S_IFLNK;
    default:
        return VFS_S_IFCHR; /* sockets, FIFOs, devices: they can be seen and not opened */
    }
}

void mount_stat(uint32_t mount, const struct files_stat *found, struct vfs_stat *stat)
{
    *stat = (struct vfs_stat){
        .inode = found->inode,
        .size = found->size,
        .device = FIRST_DEVICE + mount,
        .mode = mount_type(found->type) | found->permissions,
        .links = (uint32_t) found->links,
        .uid = found->own_user ? VFS_UID : VFS_UID_OTHER,
        .gid = found->own_group ? VFS_UID : VFS_UID_OTHER,
        .blocks = found->blocks,
        .atime_ns = found->atime_ns,
        .mtime_ns = found->mtime_ns,
        .ctime_ns = found->ctime_ns,
    };
}

int mount_statfs(int fd, struct vfs_statfs *stat)
{
    struct files_statfs found;
    int result = files_statfs(fd, &found);

    if (result == 0)
        *stat = (struct vfs_statfs){
            .block_size = found.block_size,
            .blocks = found.blocks,
            .blocks_free = found.blocks_free,
            .files = found.files,
            .files_free = found.files_free,
        };
    return result;
}

int mount_check_owner(uint32_t uid, uint32_t gid)
{
    /* The guest has one user, the process's: a file cannot be given to another. */
    if ((uid == VFS_UID || uid == (uint32_t) UNCHANGED)
        && (gid == VFS_UID || gid == (uint32_t) UNCHANGED))
        return 0;
    return -GE_PERM;
}
