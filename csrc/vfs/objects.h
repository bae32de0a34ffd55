/* What a VFS consists of: the objects in the arena, and what is rebuilt around them. */
#ifndef PGN_VFS_OBJECTS_H
#define PGN_VFS_OBJECTS_H

#include "platform/files.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"
#include "vfs/pack.h"
#include "vfs/vfs.h"

/* ---- In the arena: offsets only ---- */

/* File content by block: a radix tree of block numbers, each level but the top a full page. An
   entry of 0 means "not in the arena". A block number is an arena offset in pages. (sharing.c has
   numbers of another kind in one.) */
struct block_map {
    arena_offset top;
    uint32_t capacity; /* entries in top: 0 or a power of two up to BLOCK_FANOUT */
    uint16_t height;   /* levels; 1: top holds the blocks themselves */
    bool exempt;       /* its blocks do not count against the quota */
};

enum { BLOCK_FANOUT = VFS_BLOCK / sizeof(uint32_t) };

struct regular {
    struct block_map map;
    uint32_t pack;       /* has the blocks not in the map: a pack's number + 1; 0: they are holes */
    uint32_t pack_first; /* first entry in the pack's block index */
    uint32_t pack_blocks; /* as many entries; beyond them: holes */
};

struct directory {
    arena_offset parent;  /* node, kept alive by this one; the root's is itself */
    arena_offset entry;   /* this directory's own, in its parent; 0: the root, or removed */
    arena_offset entries; /* root of a treap of struct entry */
    uint32_t mount;       /* a host directory covers it: its number + 1 */
    bool exempt;          /* from the quota, with what is made in it */
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
    arena_offset root;           /* node */
    arena_offset cwd;            /* file */
    arena_offset descriptors;    /* struct descriptor[VFS_DESCRIPTORS_MAX]: those in use */
    arena_offset kept[VFS_KEPT]; /* likewise: vfs_keep_descriptors; 0: none */
    uint64_t next_inode;
    uint64_t blocks_used, blocks_quota;
    uint64_t names_used, names_quota; /* entries of directories */
    uint64_t names_free_of_quota;     /* so many more are allowed: those of /dev and of packs */
    struct block_map sharers; /* by block number: files that have the block, besides the first */
    uint64_t blocks_shared;   /* its entries that are not 0 */
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

/* Those of many tables of descriptors, the working directory, and the next one while it changes. The
   system's own limit may be lower. */
enum { HOST_FILES_MAX = 16 * VFS_DESCRIPTORS_MAX + 2 };

struct vfs {
    struct arena *arena;
    struct superblock *super;     /* in the arena, which never moves */
    struct virtual_clock *clock;  /* likewise: what the times of files come from */
    struct random_source *random; /* likewise: /dev/urandom */
    vfs_sink sink;
    void *sink_context;
    const struct pack *packs[VFS_PACKS_MAX];
    uint32_t pack_count; /* given so far; an attached image waits for super->pack_count */
    struct mount mounts[VFS_MOUNTS_MAX];
    uint32_t mount_count;
    vfs_keeps keeps;              /* NULL: a rename replaces any name */
    struct host_file *host_files; /* HOST_FILES_MAX, from the first mount on */
    uint64_t bytes_written;
    uint64_t fail_countdown; /* 0: no fault injection */
    enum guest_errno fail_error;
};

#endif
