/* Open files and directories of a mounted host directory: one descriptor of the system for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/internal.h"

static struct host_file *host_of(struct vfs *vfs, const struct file *file)
{
    return &vfs->host_files[file->slot];
}

static int fd_of(struct vfs *vfs, const struct file *file)
{
    return host_of(vfs, file)->fd;
}

/* ---- Opening and closing ---- */

static int free_slot(const struct vfs *vfs)
{
    for (int slot = 0; slot < HOST_FILES_MAX; slot++)
        if (!vfs->host_files[slot].used)
            return slot;
    return -GE_MFILE;
}

static int files_flags(int flags)
{
    int how = 0;

    if ((flags & VFS_O_ACCMODE) != VFS_O_RDONLY)
        how |= FILES_WRITE;
    if ((flags & VFS_O_ACCMODE) == VFS_O_WRONLY)
        how |= FILES_WRITE_ONLY;
    if (flags & VFS_O_CREAT)
        how |= FILES_CREATE;
    if (flags & VFS_O_EXCL)
        how |= FILES_EXCLUSIVE;
    if (flags & VFS_O_TRUNC)
        how |= FILES_TRUNCATE;
    if (flags & VFS_O_DIRECTORY)
        how |= FILES_DIRECTORY;
    return how;
}

/* The path of a name in a place, to be freed. */
static int path_of(const struct place *place, const char *name, char **path)
{
    char joined[VFS_PATH_MAX];
    int result;

    strcpy(joined, place->host_path);
    result = strcmp(name, ".") == 0 ? 0 : mount_path_append(joined, name);
    if (result < 0)
        return result;
    *path = strdup(joined);
    return *path ? 0 : -GE_NOMEM;
}

int host_file_open(struct vfs *vfs, struct place *place, const char *name, int flags,
                   uint32_t permissions, struct file *file)
{
    struct host_file host = {.used = true, .mount = place->mount};
    enum files_type type = FILES_OTHER;
    int slot = free_slot(vfs);

    if (slot < 0)
        return slot;
    host.fd = files_open(place->host_fd, name, files_flags(flags), permissions, &type);
    if (host.fd < 0)
        return host.fd;
    if (type == FILES_IS_DIRECTORY) {
        int result = path_of(place, name, &host.path);

        if (result < 0) {
            files_close(host.fd);
            return result;
        }
    }
    vfs->host_files[slot] = host;
    file->kind = FILE_HOST;
    file->slot = (uint32_t) slot;
    return 0;
}

static void close_host_file(struct host_file *host)
{
    files_close(host->fd);
    files_list_free(&host->listing);
    free(host->path);
    *host = (struct host_file){0};
}

static void host_close(struct vfs *vfs, struct file *file)
{
    close_host_file(host_of(vfs, file));
}

void host_files_close_all(struct vfs *vfs)
{
    for (int slot = 0; vfs->host_files && slot < HOST_FILES_MAX; slot++)
        if (vfs->host_files[slot].used)
            close_host_file(&vfs->host_files[slot]);
}

/* What follows a prefix of whole names; NULL: it is none. */
static const char *below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);

    if (!path || strncmp(path, prefix, length) != 0)
        return NULL;
    return path[length] == '/' || path[length] == '\0' ? path + length : NULL;
}

void host_files_moved(struct vfs *vfs, uint32_t mount, const char *from, const char *to)
{
    for (int slot = 0; slot < HOST_FILES_MAX; slot++) {
        struct host_file *host = &vfs->host_files[slot];
        const char *rest = host->used && host->mount == mount ? below(host->path, from) : NULL;
        char path[VFS_PATH_MAX];
        int length;

        if (!rest)
            continue;
        length = to ? snprintf(path, sizeof path, "%s%s", to, rest) : VFS_PATH_MAX;
        free(host->path);
        /* NULL, when it is too long or memory is out: no directory to start from any more. */
        host->path = length < VFS_PATH_MAX ? strdup(path) : NULL;
    }
}

/* ---- Operations ---- */

static int64_t host_read(struct vfs *vfs, struct file *file, void *bytes, size_t size,
                         uint64_t offset)
{
    return files_read(fd_of(vfs, file), bytes, size, offset);
}

static int64_t host_write(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                          uint64_t offset)
{
    return files_write(fd_of(vfs, file), bytes, size, offset);
}

static int host_file_stat(struct vfs *vfs, struct file *file, struct vfs_stat *stat)
{
    struct files_stat found;
    int result = files_stat(fd_of(vfs, file), &found);

    if (result == 0)
        mount_stat(host_of(vfs, file)->mount, &found, stat);
    return result;
}

static int host_file_statfs(struct vfs *vfs, struct file *file, struct vfs_statfs *stat)
{
    return mount_statfs(fd_of(vfs, file), stat);
}

static int host_file_chmod(struct vfs *vfs, struct file *file, uint32_t mode)
{
    return files_chmod(fd_of(vfs, file), mode);
}

static int host_file_chown(struct vfs *vfs, struct file *file, uint32_t uid, uint32_t gid)
{
    (void) vfs, (void) file;
    return mount_check_owner(uid, gid);
}

static int host_file_utimens(struct vfs *vfs, struct file *file, int64_t atime_ns, int64_t mtime_ns)
{
    return files_utimens(fd_of(vfs, file), atime_ns, mtime_ns);
}

static int host_file_size(struct vfs *vfs, struct file *file, uint64_t *size)
{
    int64_t found = files_size(fd_of(vfs, file));

    if (found < 0)
        return (int) found;
    *size = (uint64_t) found;
    return 0;
}

static int host_sync(struct vfs *vfs, struct file *file, int *host_fd)
{
    const struct host_file *host = host_of(vfs, file);

    *host_fd = vfs->mounts[host->mount].sync ? host->fd : -1;
    return 0;
}

static int host_truncate(struct vfs *vfs, struct file *file, uint64_t size)
{
    return files_truncate(fd_of(vfs, file), size);
}

static int host_allocate(struct vfs *vfs, struct file *file, uint64_t offset, uint64_t size)
{
    return files_allocate(fd_of(vfs, file), offset, size);
}

static int host_poll(struct vfs *vfs, struct file *file)
{
    (void) vfs, (void) file;
    return VFS_POLL_IN | VFS_POLL_OUT;
}

/* Cookies count the entries of a listing taken when reading starts: so removing while reading skips
   nothing, which no system's own cookies promise everywhere. */
static int host_readdir(struct vfs *vfs, struct file *file, uint64_t cookie,
                        struct vfs_dirent *entry)
{
    struct host_file *host = host_of(vfs, file);
    struct files_listing *listing = &host->listing;

    if (!host->path)
        return -GE_NOTDIR;
    if (cookie == 0 || !listing->entries) {
        int result;

        files_list_free(listing);
        result = files_list(host->fd, listing);
        if (result < 0)
            return result;
    }
    for (; cookie < listing->count; cookie++) {
        const struct files_entry *found = &listing->entries[cookie];

        if (mount_reserves(host->path, found->name) || strlen(found->name) > VFS_NAME_MAX)
            continue;
        strcpy(entry->name, found->name);
        entry->inode = found->inode;
        entry->type = mount_type(found->type);
        entry->cookie = cookie + 1;
        return 1;
    }
    return 0;
}

static int host_file_place(struct vfs *vfs, struct file *file, struct place *place)
{
    const struct host_file *host = host_of(vfs, file);

    if (!host->path)
        return -GE_NOTDIR;
    place->tree = TREE_HOST;
    place->mount = host->mount;
    place->host_fd = host->fd; /* borrowed */
    strcpy(place->host_path, host->path);
    return 0;
}

const struct file_operations host_files = {
    .close = host_close,
    .read = host_read,
    .write = host_write,
    .stat = host_file_stat,
    .statfs = host_file_statfs,
    .chmod = host_file_chmod,
    .chown = host_file_chown,
    .utimens = host_file_utimens,
    .size = host_file_size,
    .sync = host_sync,
    .truncate = host_truncate,
    .allocate = host_allocate,
    .poll = host_poll,
    .readdir = host_readdir,
    .place = host_file_place,
};
