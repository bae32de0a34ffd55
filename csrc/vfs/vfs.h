/* VFS: POSIX paths, descriptors and files over mounted trees.
 *
 * It has never heard of a guest: paths are C strings, buffers are pointers, errors are negative
 * GE_* numbers (base/errno.h). All that changes as files are used (tree, descriptors, working
 * directory, umask) lives in the arena by offset; struct vfs itself holds only what can be rebuilt:
 * the arena, the mapped packs, the open host directories.
 *
 * Two kinds of tree: in memory (in the arena, over read-only packs copied block by block on first
 * write), and a host directory. Paths are walked here, one component at a time, so that a symbolic
 * link in a host directory resolves inside this name space and never outside it.
 *
 * In memory there is one user and it is root: permission bits are kept and reported, and refuse
 * nothing but X_OK for a file without any execute permission. A host directory's the system checks.
 * Access times are set by utimensat alone (noatime).
 */
#ifndef PGN_VFS_VFS_H
#define PGN_VFS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errno.h"
#include "base/status.h"

enum {
    VFS_PATH_MAX = 4096,
    VFS_NAME_MAX = 255,
    VFS_LINK_MAX = 40, /* symbolic links followed in one walk */
    VFS_DESCRIPTORS_MAX = 1024,
    VFS_BLOCK = 4096,
    VFS_AT_CWD = -100,
    VFS_PACKS_MAX = 8,
    VFS_MOUNTS_MAX = 8,
    VFS_PIPE_SIZE = 65536,
    VFS_PIPE_ATOMIC = 4096, /* PIPE_BUF */
    VFS_UID = 0,            /* the guest's one user; for a host directory's files, this process's */
    VFS_UID_OTHER = 65534   /* everybody else */
};

#define VFS_FILE_MAX (UINT64_C(1) << 42) /* bytes in one in-memory file; beyond: -GE_FBIG */
#define VFS_TIME_KEEP INT64_MIN          /* for vfs_utimensat: leave as it is */

/* Open flags, as Emscripten's musl has them. */
enum {
    VFS_O_RDONLY = 0,
    VFS_O_WRONLY = 1,
    VFS_O_RDWR = 2,
    VFS_O_ACCMODE = 3,
    VFS_O_CREAT = 0x40,
    VFS_O_EXCL = 0x80,
    VFS_O_TRUNC = 0x200,
    VFS_O_APPEND = 0x400,
    VFS_O_NONBLOCK = 0x800,
    VFS_O_DIRECTORY = 0x10000,
    VFS_O_NOFOLLOW = 0x20000,
    VFS_O_CLOEXEC = 0x80000
};

enum {
    VFS_S_IFMT = 0170000,
    VFS_S_IFIFO = 0010000,
    VFS_S_IFCHR = 0020000,
    VFS_S_IFDIR = 0040000,
    VFS_S_IFREG = 0100000,
    VFS_S_IFLNK = 0120000
};

/* poll's POLLIN, POLLOUT, POLLHUP. */
enum { VFS_POLL_IN = 1, VFS_POLL_OUT = 4, VFS_POLL_HANGUP = 16 };

enum vfs_whence { VFS_SEEK_SET = 0, VFS_SEEK_CUR = 1, VFS_SEEK_END = 2 };

struct vfs_stat {
    uint64_t inode;
    uint64_t size;
    uint32_t device;
    uint32_t mode; /* type and permissions */
    uint32_t links;
    uint32_t uid, gid;
    uint64_t blocks; /* of 512 bytes */
    int64_t atime_ns, mtime_ns, ctime_ns;
};

struct vfs_statfs {
    uint64_t block_size, blocks, blocks_free, files, files_free;
};

struct vfs_dirent {
    uint64_t inode;
    uint32_t type;   /* VFS_S_IFDIR, VFS_S_IFREG, ... */
    uint64_t cookie; /* give to vfs_readdir to go on after this entry */
    char name[VFS_NAME_MAX + 1];
};

struct vfs;
struct pack; /* vfs/pack.h */

/* What the guest writes to descriptors 1 and 2. */
typedef void (*vfs_sink)(void *context, int fd, const void *bytes, size_t size);

/* A fresh name space in a formatted arena that holds nothing but a clock and a random source (platform/), which
   the times of files and /dev/urandom come from: "/", /dev (null, zero, urandom, stdin at end of
   file, stdout and stderr into the sink; /dev/shm a directory) and descriptors 0, 1, 2. */
enum status vfs_open(struct arena *arena, vfs_sink sink, void *context, struct vfs **vfs,
                     struct error *error);

/* Over an arena that already holds a name space (from an image). Packs are given again, in the
   order of the first time; host mounts are not possible. */
enum status vfs_attach(struct arena *arena, vfs_sink sink, void *context, struct vfs **vfs,
                       struct error *error);
void vfs_close(struct vfs *vfs);

/* A number that changes with the shapes of what a name space keeps in its arena. */
uint64_t vfs_layout(void);

/* Overlays the pack's tree at a directory (created when missing). pack stays borrowed until
   vfs_close. After a failure the name space is good for nothing but vfs_close. */
enum status vfs_mount_pack(struct vfs *vfs, const char *at, const struct pack *pack,
                           struct error *error);

/* Is there a pack that an attached name space has not been given again? */
bool vfs_wants_pack(const struct vfs *vfs);

/* Mounts a host directory: host_fd is an open directory descriptor, owned by the VFS from now on
   (also on failure). sync: fsync really syncs (a durable directory). */
enum status vfs_mount_host(struct vfs *vfs, const char *at, int host_fd, bool sync,
                           struct error *error);

/* From now on, whether fsync of what is in host directories really syncs. */
void vfs_set_sync(struct vfs *vfs, bool sync);

/* Names in host directories that a rename does not replace: -GE_EXIST, or why it is not known that the name is free. The
   directory is a path below its mount. */
typedef bool (*vfs_keeps)(const char *directory, const char *name);
void vfs_set_keeps(struct vfs *vfs, vfs_keeps keeps);

/* In-memory bytes that files may take; beyond it: -GE_NOSPC. Default: what the arena can hold. Empty files take memory too:
   there may be as many names as blocks of so many bytes, besides those of /dev and of packs, as on a file system with inodes. */
void vfs_set_quota(struct vfs *vfs, uint64_t bytes);
uint64_t vfs_quota(const struct vfs *vfs);

/* What is made from now on in a directory in memory, and below, does not count against the quota (names do) and is
   not refused by it. The directory is made when missing. */
int vfs_exempt(struct vfs *vfs, const char *directory);

/* Bytes written to files since vfs_open or vfs_attach. */
uint64_t vfs_bytes_written(const struct vfs *vfs);

/* Fault injection for tests: the countdown-th write, sync or truncate from now on, and all after it
   until reset with 0, fails with -error. */
void vfs_fail_writes(struct vfs *vfs, uint64_t countdown, enum guest_errno error);

/* Below, as POSIX: a result >= 0 or -GE_*. dirfd may be VFS_AT_CWD. flags: VFS_O_* for open, and
   for the *at calls the two below. */
enum {
    VFS_AT_SYMLINK_NOFOLLOW = 0x100,
    VFS_AT_REMOVEDIR = 0x200,
    VFS_AT_SYMLINK_FOLLOW = 0x400,
    VFS_AT_EMPTY_PATH = 0x1000
};

int vfs_openat(struct vfs *vfs, int dirfd, const char *path, int flags, uint32_t mode);
int vfs_close_fd(struct vfs *vfs, int fd);
int64_t vfs_read(struct vfs *vfs, int fd, void *bytes, size_t size);
int64_t vfs_write(struct vfs *vfs, int fd, const void *bytes, size_t size);
int64_t vfs_pread(struct vfs *vfs, int fd, void *bytes, size_t size, uint64_t offset);
int64_t vfs_pwrite(struct vfs *vfs, int fd, const void *bytes, size_t size, uint64_t offset);
int64_t vfs_seek(struct vfs *vfs, int fd, int64_t offset, enum vfs_whence whence);
int vfs_sync(struct vfs *vfs, int fd, bool data_only);
/* The same in two steps: files_sync(*host_fd) may be called by any thread, while others use the VFS. *host_fd is
   negative where nothing is to be synced. */
int vfs_to_sync(struct vfs *vfs, int fd, int *host_fd);
int vfs_truncate(struct vfs *vfs, const char *path, uint64_t size);
int vfs_ftruncate(struct vfs *vfs, int fd, uint64_t size);
int vfs_allocate(struct vfs *vfs, int fd, uint64_t offset, uint64_t size); /* posix_fallocate */
int vfs_dup(struct vfs *vfs, int fd, int lowest); /* the lowest free number >= lowest */
int vfs_dup_to(struct vfs *vfs, int fd, int to);  /* dup3 */
/* Tables of descriptors, as processes have them: one is in use, others wait. Working directory and umask
   are common to all. */
typedef arena_offset vfs_descriptors;
/* A copy of the table in use, as fork(2) makes: both share the open files. 0: no memory. */
vfs_descriptors vfs_copy_descriptors(struct vfs *vfs);
/* Keeps such copies, as many as there are kinds of; they go along in images and are never in use themselves.
   False: no memory. */
enum vfs_kept { VFS_KEPT_PROCESS, VFS_KEPT_SESSION, VFS_KEPT };
bool vfs_keep_descriptors(struct vfs *vfs, enum vfs_kept kind);
/* A copy of one that was kept; 0: no memory, or none was kept. */
vfs_descriptors vfs_copy_kept_descriptors(struct vfs *vfs, enum vfs_kept kind);
/* Puts a table into use; the one that was is the caller's to keep. */
vfs_descriptors vfs_use_descriptors(struct vfs *vfs, vfs_descriptors table);
/* Closes all in a table that is not in use, and frees it. */
void vfs_drop_descriptors(struct vfs *vfs, vfs_descriptors table);

int vfs_flags(struct vfs *vfs, int fd);                /* VFS_O_* of the open descriptor */
int vfs_set_flags(struct vfs *vfs, int fd, int flags); /* O_APPEND and O_NONBLOCK only */
bool vfs_close_on_exec(struct vfs *vfs, int fd);       /* false too when fd is not open */
int vfs_set_close_on_exec(struct vfs *vfs, int fd, bool on);
/* In memory. Reading an empty one: -GE_AGAIN, or 0 when no writer is left; writing to a full one
   -GE_AGAIN, to one without readers -GE_PIPE. */
int vfs_pipe(struct vfs *vfs, int fds[2], int flags);
int vfs_poll(struct vfs *vfs, int fd); /* VFS_POLL_* bits */
int vfs_fstat(struct vfs *vfs, int fd, struct vfs_stat *stat);
int vfs_statat(struct vfs *vfs, int dirfd, const char *path, int flags, struct vfs_stat *stat);
int vfs_statfs(struct vfs *vfs, const char *path, struct vfs_statfs *stat);
int vfs_fstatfs(struct vfs *vfs, int fd, struct vfs_statfs *stat);
int vfs_accessat(struct vfs *vfs, int dirfd, const char *path, int mode, int flags);
int vfs_chmodat(struct vfs *vfs, int dirfd, const char *path, uint32_t mode, int flags);
int vfs_fchmod(struct vfs *vfs, int fd, uint32_t mode);
int vfs_chownat(struct vfs *vfs, int dirfd, const char *path, uint32_t uid, uint32_t gid,
                int flags);
int vfs_fchown(struct vfs *vfs, int fd, uint32_t uid, uint32_t gid);
/* path may be NULL: dirfd itself. VFS_TIME_KEEP: leave as it is. */
int vfs_utimensat(struct vfs *vfs, int dirfd, const char *path, int64_t atime_ns, int64_t mtime_ns,
                  int flags);
int vfs_mkdirat(struct vfs *vfs, int dirfd, const char *path, uint32_t mode);
int vfs_unlinkat(struct vfs *vfs, int dirfd, const char *path, int flags);
int vfs_renameat(struct vfs *vfs, int from_dirfd, const char *from, int to_dirfd, const char *to);
int vfs_linkat(struct vfs *vfs, int from_dirfd, const char *from, int to_dirfd, const char *to,
               int flags);
/* Copies a file, its permissions too, to a new one, as open, open with O_CREAT and O_EXCL, and writing
   do; but nothing is copied: the two have their blocks in common until one is written to. All or
   nothing. Where that cannot be (in a host directory, from one tree to another, into or out of what
   vfs_exempt has made, not a regular file): -GE_NOTSUP or -GE_XDEV, and the caller has to copy. */
int vfs_clone(struct vfs *vfs, const char *from, const char *to);
int vfs_symlinkat(struct vfs *vfs, const char *target, int dirfd, const char *path);
int vfs_readlinkat(struct vfs *vfs, int dirfd, const char *path, char *target, size_t size);
/* 1, or 0 at the end. cookie 0 starts; removing what has been read skips nothing. */
int vfs_readdir(struct vfs *vfs, int fd, uint64_t cookie, struct vfs_dirent *entry);
int vfs_chdir(struct vfs *vfs, const char *path);
int vfs_getcwd(struct vfs *vfs, char *path, size_t size); /* length with the NUL, or -GE_RANGE */
uint32_t vfs_umask(struct vfs *vfs, uint32_t mask);       /* the previous one */

#endif
