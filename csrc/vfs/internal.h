/* What the files of vfs/ share: the objects in the arena, and the two tables of operations.
 *
 *   descriptor ─► file (an open file description) ─► file_operations: memory, host, device, pipe
 *   path ─► walk ─► place (a directory) + name    ─► tree_operations: memory, host
 */
#ifndef PGN_VFS_INTERNAL_H
#define PGN_VFS_INTERNAL_H

#include "platform/files.h"
#include "vfs/pack.h"
#include "vfs/vfs.h"

/* ---- Objects in the arena: offsets only ---- */

/* File content by block: a radix tree of block numbers, each level but the top a full page. An
   entry of 0 means "not in the arena". A block number is an arena offset in pages. */
struct block_map {
    arena_offset top;
    uint32_t capacity; /* entries in top: 0 or a power of two up to BLOCK_FANOUT */
    uint32_t height;   /* levels; 1: top holds the blocks themselves */
};

enum { BLOCK_FANOUT = VFS_BLOCK / sizeof(uint32_t) };

struct regular {
    struct block_map map;
    uint32_t pack;        /* where blocks not in the map come from: a pack's number + 1, or 0: holes */
    uint32_t pack_first;  /* first entry in the pack's block index */
    uint32_t pack_blocks; /* as many entries; beyond them: holes */
};

struct directory {
    arena_offset parent;  /* node, kept alive by this one; the root's is itself */
    arena_offset entry;   /* this directory's own, in its parent; 0: the root, or removed */
    arena_offset entries; /* root of a treap of struct entry */
    uint32_t mount;       /* a host directory covers it: its number + 1 */
};

struct pipe {
    arena_offset buffer; /* VFS_PIPE_SIZE bytes, used as a ring */
    uint32_t start, length;
    uint32_t readers, writers; /* open files of each end */
};

enum device { DEVICE_NULL, DEVICE_ZERO, DEVICE_RANDOM, DEVICE_STDIN, DEVICE_STDOUT, DEVICE_STDERR };

struct node {
    uint64_t inode;
    uint32_t mode;
    uint32_t links;      /* names; a directory's: 2 and one for each subdirectory, 0 when removed */
    uint32_t references; /* open files, and subdirectories' parent */
    uint32_t uid, gid;
    uint64_t size;
    int64_t atime_ns, mtime_ns, ctime_ns;
    union {
        struct regular regular;
        struct directory directory;
        arena_offset target; /* symbolic link: size bytes */
        enum device device;
        struct pipe pipe;
    };
};

struct entry {
    uint64_t key; /* unique in its directory: what a readdir cookie is */
    arena_offset left, right;
    arena_offset node;
    uint32_t length;
    char name[]; /* not NUL-terminated */
};

enum file_kind { FILE_MEMORY, FILE_HOST, FILE_DEVICE, FILE_PIPE, FILE_KINDS };

/* An open file description: what descriptors made by dup share. */
struct file {
    uint32_t references; /* descriptors, and the working directory */
    uint32_t flags;      /* VFS_O_ACCMODE, VFS_O_APPEND, VFS_O_NONBLOCK */
    enum file_kind kind;
    bool stream;       /* a pipe or terminal: has no position */
    uint32_t slot;     /* host: index of vfs.host_files */
    arena_offset node; /* all others */
    uint64_t position;
};

struct descriptor {
    arena_offset file; /* 0: free */
    uint64_t close_on_exec;
};

struct superblock {
    uint64_t magic;
    arena_offset root; /* node */
    arena_offset cwd;  /* file */
    arena_offset descriptors; /* struct descriptor[VFS_DESCRIPTORS_MAX] */
    uint64_t next_inode;
    uint64_t blocks_used, blocks_quota;
    uint32_t umask;
    uint32_t host_mounts; /* such a name space is not all in the arena and cannot be attached */
    uint32_t pack_count;
    uint64_t packs[VFS_PACKS_MAX]; /* pack_identity of each, to know them again */
};

/* ---- The rest: rebuilt by vfs_attach ---- */

struct mount {
    int fd; /* the mounted host directory */
    bool sync;
    arena_offset node; /* the directory it covers */
};

struct host_file {
    bool used;
    int fd;
    uint32_t mount;
    char *path;                   /* directories: relative to the mount, "" is the mount itself */
    struct files_listing listing; /* directories: what readdir steps through */
};

enum { HOST_FILES_MAX = VFS_DESCRIPTORS_MAX + 2 }; /* descriptors, the working directory and its next */

struct vfs {
    struct arena *arena;
    struct superblock *super; /* in the arena, which never moves */
    vfs_sink sink;
    void *sink_context;
    const struct pack *packs[VFS_PACKS_MAX];
    uint32_t pack_count; /* given so far; less than super->pack_count: the attached image waits for more */
    struct mount mounts[VFS_MOUNTS_MAX];
    uint32_t mount_count;
    struct host_file host_files[HOST_FILES_MAX];
    uint64_t fail_countdown; /* 0: no fault injection */
    enum guest_errno fail_error;
};

/* ---- Paths ---- */

/* A directory on the way. Released by walk_release. */
struct place {
    const struct tree_operations *tree;
    arena_offset node; /* memory: the directory */
    uint32_t mount;    /* host: index of vfs.mounts */
    int host_fd;       /* host: the directory */
    bool host_fd_owned;
    char host_path[VFS_PATH_MAX]; /* host: relative to the mount, no links, "" is the mount itself */
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
    int (*readlink)(struct vfs *vfs, struct place *place, const char *name, char *target, size_t size);
    int (*chmod)(struct vfs *vfs, struct place *place, const char *name, uint32_t mode);
    int (*chown)(struct vfs *vfs, struct place *place, const char *name, uint32_t uid, uint32_t gid);
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
};

/* On open files. An operation may be missing where an error stands beside it. */
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
    int (*size)(struct vfs *vfs, struct file *file, uint64_t *size); /* not for streams */
    int (*sync)(struct vfs *vfs, struct file *file, bool data_only); /* -GE_INVAL */
    int (*truncate)(struct vfs *vfs, struct file *file, uint64_t size); /* -GE_INVAL */
    int (*allocate)(struct vfs *vfs, struct file *file, uint64_t offset, uint64_t size); /* -GE_NODEV */
    int (*poll)(struct vfs *vfs, struct file *file);
    int (*readdir)(struct vfs *vfs, struct file *file, uint64_t cookie, struct vfs_dirent *entry); /* -GE_NOTDIR */
    int (*place)(struct vfs *vfs, struct file *file, struct place *place); /* -GE_NOTDIR */
};

extern const struct tree_operations memory_tree, host_tree;
extern const struct file_operations memory_files, host_files, device_files, pipe_files;

/* walk.c */
enum {
    WALK_FOLLOW = 1, /* a link at the end is followed */
    WALK_PARENT = 2, /* the last name is about to be made, removed or moved: leave it alone */
    WALK_CREATE = 4  /* open with O_CREAT: a slash at the end means a directory, which it cannot make */
};

enum walk_last { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT }; /* what the path ended in */

struct walk {
    struct place place;
    char name[VFS_NAME_MAX + 1];
    enum walk_last last; /* but for LAST_NAME, name is "." and place what was meant */
    bool slash;          /* WALK_PARENT: the path ended in a slash */
};

/* On success the walk is the caller's to release. */
int walk_path(struct vfs *vfs, int dirfd, const char *path, int mode, struct walk *walk);
void walk_release(struct walk *walk);

/* descriptor.c */
struct file *descriptor_file(const struct vfs *vfs, int fd); /* NULL: not open */
int descriptor_lowest(const struct vfs *vfs, int lowest);    /* free; or -GE_MFILE */
void descriptor_set(struct vfs *vfs, int fd, arena_offset file, bool close_on_exec);
arena_offset file_new(struct vfs *vfs); /* no references, nothing open; 0: out of memory */
void file_free(struct vfs *vfs, arena_offset file); /* nothing was opened */
void file_drop(struct vfs *vfs, arena_offset file); /* one reference less; the last one closes */
const struct file_operations *file_operations(const struct file *file);

/* node.c */
static inline struct node *node_at(const struct vfs *vfs, arena_offset node)
{
    return arena_at(vfs->arena, node);
}
static inline uint32_t node_type(const struct node *node)
{
    return node->mode & VFS_S_IFMT;
}
arena_offset node_new(struct vfs *vfs, uint32_t mode); /* no links, no references; 0: out of memory */
void node_drop(struct vfs *vfs, arena_offset node);    /* frees it unless something still holds it */
void node_stat(const struct node *node, struct vfs_stat *stat);
void node_touch(struct node *node);  /* mtime and ctime are now */
void node_change(struct node *node); /* ctime is now */
int node_chmod(struct node *node, uint32_t mode);
int node_chown(struct node *node, uint32_t uid, uint32_t gid);
int node_utimens(struct node *node, int64_t atime_ns, int64_t mtime_ns);

/* directory.c */
static inline struct entry *entry_at(const struct vfs *vfs, arena_offset entry)
{
    return arena_at(vfs->arena, entry);
}
arena_offset directory_find(struct vfs *vfs, const struct node *directory, const char *name);
arena_offset directory_insert(struct vfs *vfs, struct node *directory, const char *name,
                              arena_offset node); /* 0: out of memory; links are the caller's */
void directory_remove(struct vfs *vfs, struct node *directory, arena_offset entry);
/* The first entry with a key above; 0: none. */
arena_offset directory_after(struct vfs *vfs, const struct node *directory, uint64_t key);

/* blocks.c */
uint32_t blocks_get(const struct vfs *vfs, const struct block_map *map, uint64_t index);
/* Where the number of a block stands, made reachable; NULL: out of memory. */
uint32_t *blocks_slot(struct vfs *vfs, struct block_map *map, uint64_t index);
uint32_t block_new(struct vfs *vfs); /* zeroed; 0: quota or arena exhausted */
static inline unsigned char *block_at(const struct vfs *vfs, uint32_t block)
{
    return arena_at(vfs->arena, (arena_offset) block * VFS_BLOCK);
}
void blocks_truncate(struct vfs *vfs, struct block_map *map, uint64_t count); /* keeps the first count */

/* regular.c: content of regular files in memory */
int64_t regular_read(const struct vfs *vfs, const struct node *node, void *bytes, size_t size,
                     uint64_t offset);
int64_t regular_write(struct vfs *vfs, struct node *node, const void *bytes, size_t size,
                      uint64_t offset);
int regular_truncate(struct vfs *vfs, struct node *node, uint64_t size);
int regular_allocate(struct vfs *vfs, struct node *node, uint64_t offset, uint64_t size);

/* memory.c */
void memory_place(struct vfs *vfs, arena_offset node, struct place *place); /* or what is mounted there */
int memory_add(struct vfs *vfs, arena_offset directory, const char *name, uint32_t mode,
               arena_offset *node); /* a new node and its name */
void memory_statfs(struct vfs *vfs, struct vfs_statfs *stat);

/* memory_file.c: what all open files that have a node do alike */
void node_close(struct vfs *vfs, struct file *file);
int node_file_stat(struct vfs *vfs, struct file *file, struct vfs_stat *stat);
int node_file_statfs(struct vfs *vfs, struct file *file, struct vfs_statfs *stat);
int node_file_chmod(struct vfs *vfs, struct file *file, uint32_t mode);
int node_file_chown(struct vfs *vfs, struct file *file, uint32_t uid, uint32_t gid);
int node_file_utimens(struct vfs *vfs, struct file *file, int64_t atime_ns, int64_t mtime_ns);

/* device.c */
bool device_is_stream(enum device device);
int device_add_all(struct vfs *vfs); /* makes /dev */

/* overlay.c */
int overlay_directory(struct vfs *vfs, const char *path, arena_offset *node); /* made when missing */

/* host_tree.c */
void host_place(struct vfs *vfs, uint32_t mount, struct place *place); /* the mounted directory */
void host_place_release(struct place *place); /* of any tree */
uint32_t host_type(enum files_type type); /* VFS_S_IF* */
void host_stat(uint32_t mount, const struct files_stat *found, struct vfs_stat *stat);
int host_statfs(int fd, struct vfs_statfs *stat);
int host_check_owner(uint32_t uid, uint32_t gid); /* may the file be given to them? */

/* host_file.c */
int host_file_open(struct vfs *vfs, struct place *place, const char *name, int flags,
                   uint32_t permissions, struct file *file);
/* A directory has moved within its mount: open ones at or below it have new paths. */
void host_files_moved(struct vfs *vfs, uint32_t mount, const char *from, const char *to);
void host_files_close_all(struct vfs *vfs);

/* pack.c */
struct pack_node {
    uint32_t parent;
    const char *name; /* not NUL-terminated */
    uint32_t name_length;
    uint32_t mode;
    uint64_t size;
    int64_t mtime_ns;
    uint32_t first_index;
};
uint32_t pack_node_count(const struct pack *pack);
void pack_node(const struct pack *pack, uint32_t number, struct pack_node *node);
/* The 4096 bytes of an entry of the block index; NULL: zeros. */
const unsigned char *pack_block(const struct pack *pack, uint32_t index);
uint64_t pack_identity(const struct pack *pack);

#endif
