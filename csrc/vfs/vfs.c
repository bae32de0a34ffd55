/* A name space's beginning and end. */
#include "vfs/vfs.h"

#include <stdlib.h>

#include "vfs/internal.h"

#define VFS_MAGIC UINT64_C(0x325346564e4750) /* "PGNVFS2" */

enum { ROOT_MODE = VFS_S_IFDIR | 0755, UMASK = 022, UMASK_BITS = 0777 };

static enum status new_vfs(struct arena *arena, vfs_sink sink, void *context, struct vfs **vfs,
                           struct error *error)
{
    struct virtual_clock *clock = virtual_clock_find(arena);
    struct random_source *random = random_source_find(arena);

    if (!clock || !random)
        return error_set(error, STATUS_INVALID,
                         "a file system needs a clock and a random source in its arena");
    *vfs = calloc(1, sizeof **vfs);
    if (!*vfs)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a file system");
    **vfs = (struct vfs){
        .arena = arena, .clock = clock, .random = random, .sink = sink, .sink_context = context};
    return STATUS_OK;
}

static int make_root(struct vfs *vfs)
{
    arena_offset offset = node_new(vfs, ROOT_MODE);
    struct node *root = node_at(vfs, offset);

    if (!offset)
        return -GE_NOSPC;
    root->links = 2;
    root->references = 1; /* its own parent */
    root->directory.parent = offset;
    vfs->super->root = offset;
    return 0;
}

static int make_cwd(struct vfs *vfs)
{
    struct place root = {.tree = TREE_MEMORY, .node = vfs->super->root};
    arena_offset offset = file_new(vfs);
    struct file *file = arena_at(vfs->arena, offset);

    if (!offset)
        return -GE_NOSPC;
    file->references = 1;
    vfs->super->cwd = offset;
    return memory_tree.open(vfs, &root, ".", VFS_O_RDONLY, 0, file);
}

static int open_standard(struct vfs *vfs)
{
    static const struct {
        const char *path;
        int flags;
    } standard[] = {
        {"/dev/stdin", VFS_O_RDONLY},
        {"/dev/stdout", VFS_O_WRONLY},
        {"/dev/stderr", VFS_O_WRONLY},
    };

    for (int fd = 0; fd < 3; fd++) {
        int result = vfs_openat(vfs, VFS_AT_CWD, standard[fd].path, standard[fd].flags, 0);

        if (result < 0)
            return result;
    }
    return 0;
}

static int format(struct vfs *vfs)
{
    arena_offset super = arena_allocate(vfs->arena, sizeof(struct superblock));
    arena_offset table = arena_allocate(vfs->arena,
                                        VFS_DESCRIPTORS_MAX * sizeof(struct descriptor));
    int result;

    if (!super || !table)
        return -GE_NOSPC;
    vfs->super = arena_at(vfs->arena, super);
    *vfs->super = (struct superblock){
        .magic = VFS_MAGIC,
        .descriptors = table,
        .next_inode = 1,
        .blocks_quota = UINT64_MAX,
        .names_quota = UINT64_MAX,
        .umask = UMASK,
    };
    result = make_root(vfs);
    if (result == 0)
        result = device_add_all(vfs);
    if (result == 0)
        result = make_cwd(vfs);
    if (result == 0)
        result = open_standard(vfs);
    vfs->super->names_free_of_quota = vfs->super->names_used;
    if (result == 0)
        arena_set_root(vfs->arena, ARENA_ROOT_VFS, super);
    return result;
}

enum status vfs_open(struct arena *arena, vfs_sink sink, void *context, struct vfs **opened,
                     struct error *error)
{
    struct vfs *vfs;
    enum status status = new_vfs(arena, sink, context, &vfs, error);

    if (status)
        return status;
    if (format(vfs) < 0) {
        free(vfs); /* what is in the arena is the caller's to drop */
        return error_set(error, STATUS_NO_MEMORY, "no memory for a file system");
    }
    *opened = vfs;
    return STATUS_OK;
}

enum status vfs_attach(struct arena *arena, vfs_sink sink, void *context, struct vfs **opened,
                       struct error *error)
{
    struct superblock *at = arena_root_at(arena, ARENA_ROOT_VFS, sizeof *at);
    struct vfs *vfs;
    enum status status;

    if (!at || at->magic != VFS_MAGIC || at->pack_count > VFS_PACKS_MAX)
        return error_set(error, STATUS_INVALID, "the image holds no file system");
    if (at->host_mounts)
        return error_set(error, STATUS_INVALID,
                         "the image was made while a host directory was mounted");
    status = new_vfs(arena, sink, context, &vfs, error);
    if (status)
        return status;
    vfs->super = at;
    *opened = vfs;
    return STATUS_OK;
}

uint64_t vfs_layout(void)
{
    return VFS_MAGIC
           ^ (sizeof(struct superblock) | sizeof(struct node) << 16 | sizeof(struct entry) << 32
              | sizeof(struct file) << 48);
}

enum status vfs_mount_host(struct vfs *vfs, const char *at, int host_fd, bool sync,
                           struct error *error)
{
    arena_offset node;
    int result = vfs->mount_count < VFS_MOUNTS_MAX ? 0 : -GE_MFILE;

    if (!vfs->host_files)
        vfs->host_files = calloc(HOST_FILES_MAX, sizeof *vfs->host_files);
    if (!vfs->host_files)
        result = -GE_NOSPC;
    if (result == 0)
        result = overlay_directory(vfs, at, &node);
    if (result < 0) {
        files_close(host_fd);
        return error_set(error, result == -GE_NOSPC ? STATUS_NO_MEMORY : STATUS_INVALID,
                         "cannot mount a host directory at %s: %s", at,
                         result == -GE_NOSPC ? "out of memory" : errno_text(-result));
    }
    vfs->mounts[vfs->mount_count] = (struct mount){.fd = host_fd, .sync = sync, .node = node};
    node_at(vfs, node)->directory.mount = ++vfs->mount_count;
    vfs->super->host_mounts++;
    return STATUS_OK;
}

void vfs_close(struct vfs *vfs)
{
    if (!vfs)
        return;
    host_files_close_all(vfs);
    for (uint32_t i = 0; i < vfs->mount_count; i++)
        files_close(vfs->mounts[i].fd);
    free(vfs->host_files);
    free(vfs);
}

void vfs_set_quota(struct vfs *vfs, uint64_t bytes)
{
    vfs->super->blocks_quota = vfs->super->names_quota = bytes / VFS_BLOCK;
}

uint64_t vfs_quota(const struct vfs *vfs)
{
    uint64_t blocks = vfs->super->blocks_quota;

    return blocks > UINT64_MAX / VFS_BLOCK ? UINT64_MAX : blocks * VFS_BLOCK;
}

int vfs_exempt(struct vfs *vfs, const char *directory)
{
    arena_offset node;
    int result = overlay_directory(vfs, directory, &node);

    if (result == 0)
        node_at(vfs, node)->directory.exempt = true;
    return result;
}

void vfs_set_keeps(struct vfs *vfs, vfs_keeps keeps)
{
    vfs->keeps = keeps;
}

void vfs_set_sync(struct vfs *vfs, bool sync)
{
    for (uint32_t i = 0; i < vfs->mount_count; i++)
        vfs->mounts[i].sync = sync;
}

uint64_t vfs_bytes_written(const struct vfs *vfs)
{
    return vfs->bytes_written;
}

void vfs_fail_writes(struct vfs *vfs, uint64_t countdown, enum guest_errno error)
{
    vfs->fail_countdown = countdown;
    vfs->fail_error = error;
}

uint32_t vfs_umask(struct vfs *vfs, uint32_t mask)
{
    uint32_t old = vfs->super->umask;

    vfs->super->umask = mask & UMASK_BITS;
    return old;
}
