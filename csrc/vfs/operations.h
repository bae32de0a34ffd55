/* The two tables of operations.
 *
 *   path       ─► walk ─► place (a directory) + name ─► tree_operations: memory, host
 *   descriptor ─► file (an open file description)    ─► file_operations: memory, host, device, pipe
 */
#ifndef PGN_VFS_OPERATIONS_H
#define PGN_VFS_OPERATIONS_H

#include "vfs/objects.h"

enum tree { TREE_MEMORY, TREE_HOST, TREES };

/* A directory on the way. Released by walk_release. */
struct place {
    enum tree tree;
    arena_offset node; /* memory: the directory */
    uint32_t mount;    /* host: index of vfs.mounts */
    int host_fd;       /* host: the directory */
    bool host_fd_owned;
    char host_path[VFS_PATH_MAX]; /* host: relative to the mount, without links; "" is the mount */
};

/* Names below are single components, or "." for the place itself. */
struct tree_operations {
    /* Into a subdirectory; -GE_LOOP when it is a symbolic link, unfollowed. */
    int (*enter)(struct vfs *vfs, struct place *place, const char *name);
    int (*leave)(struct vfs *vfs, struct place *place); /* ".." */
    /* A name that the guest may not use: our own file in a host directory. */
    bool (*is_reserved)(const struct place *place, const char *name);
    /* A directory that something is mounted on. */
    bool (*is_mount)(struct vfs *vfs, const struct place *place, const char *name);
    /* The absolute path of the place: length without the NUL. */
    int (*path)(struct vfs *vfs, const struct place *place, char *path, size_t size);

    int (*open)(struct vfs *vfs, struct place *place, const char *name, int flags, uint32_t mode,
                struct file *file);
    int (*stat)(struct vfs *vfs, struct place *place, const char *name, struct vfs_stat *stat);
    int (*statfs)(struct vfs *vfs, struct place *place, struct vfs_statfs *stat);
    int (*access)(struct vfs *vfs, struct place *place, const char *name, int mode);
    int (*readlink)(struct vfs *vfs, struct place *place, const char *name, char *target,
                    size_t size);
    int (*chmod)(struct vfs *vfs, struct place *place, const char *name, uint32_t mode);
    int (*chown)(struct vfs *vfs, struct place *place, const char *name, uint32_t uid,
                 uint32_t gid);
    int (*utimens)(struct vfs *vfs, struct place *place, const char *name, int64_t atime_ns,
                   int64_t mtime_ns);
    int (*mkdir)(struct vfs *vfs, struct place *place, const char *name, uint32_t mode);
    int (*unlink)(struct vfs *vfs, struct place *place, const char *name);
    int (*rmdir)(struct vfs *vfs, struct place *place, const char *name);
    int (*symlink)(struct vfs *vfs, struct place *place, const char *name, const char *target);
    int (*rename)(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                  const char *to_name);
    int (*link)(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                const char *to_name);
    /* Of a file that is no directory. May be missing: -GE_NOTSUP. */
    int (*clone)(struct vfs *vfs, struct place *from, const char *from_name, struct place *to,
                 const char *to_name);
};

/* On open files. Where an error stands above an operation, it may be missing, which means that. */
struct file_operations {
    void (*close)(struct vfs *vfs, struct file *file);
    int64_t (*read)(struct vfs *vfs, struct file *file, void *bytes, size_t size, uint64_t offset);
    int64_t (*write)(struct vfs *vfs, struct file *file, const void *bytes, size_t size,
                     uint64_t offset);
    int (*stat)(struct vfs *vfs, struct file *file, struct vfs_stat *stat);
    int (*statfs)(struct vfs *vfs, struct file *file, struct vfs_statfs *stat);
    int (*chmod)(struct vfs *vfs, struct file *file, uint32_t mode);
    int (*chown)(struct vfs *vfs, struct file *file, uint32_t uid, uint32_t gid);
    int (*utimens)(struct vfs *vfs, struct file *file, int64_t atime_ns, int64_t mtime_ns);
    int (*poll)(struct vfs *vfs, struct file *file);
    /* Not asked of streams. */
    int (*size)(struct vfs *vfs, struct file *file, uint64_t *size);
    /* -GE_INVAL */
    int (*sync)(struct vfs *vfs, struct file *file, int *host_fd); /* as vfs_to_sync */
    int (*truncate)(struct vfs *vfs, struct file *file, uint64_t size);
    /* -GE_NODEV */
    int (*allocate)(struct vfs *vfs, struct file *file, uint64_t offset, uint64_t size);
    /* -GE_NOTDIR */
    int (*readdir)(struct vfs *vfs, struct file *file, uint64_t cookie, struct vfs_dirent *entry);
    int (*place)(struct vfs *vfs, struct file *file, struct place *place);
};

const struct tree_operations *tree_operations(const struct place *place);
const struct file_operations *file_operations(const struct file *file);

extern const struct tree_operations memory_tree, host_tree;
extern const struct file_operations memory_files, host_files, device_files, pipe_files;

#endif
