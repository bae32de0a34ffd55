/* What the files of vfs/ share. */
#ifndef PGN_VFS_INTERNAL_H
#define PGN_VFS_INTERNAL_H

#include "vfs/objects.h"
#include "vfs/operations.h"

/* place.c */
/* The directory of a node, or what is mounted on it. */
void place_at_node(struct vfs *vfs, arena_offset node, struct place *place);
void place_at_mount(struct vfs *vfs, uint32_t mount, struct place *place);
void place_release(struct place *place); /* a place of any tree may be given */

/* walk.c */
enum {
    WALK_FOLLOW = 1, /* a link at the end is followed */
    WALK_PARENT = 2, /* the last name is about to be made, removed or moved: leave it alone */
    WALK_CREATE = 4  /* open with O_CREAT, which makes no directory: no slash at the end then */
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

/* node.c */
static inline struct node *node_at(const struct vfs *vfs, arena_offset node)
{
    return arena_at(vfs->arena, node);
}
static inline uint32_t node_type(const struct node *node)
{
    return node->mode & VFS_S_IFMT;
}
/* Is something mounted on it? */
static inline bool node_is_covered(const struct node *node)
{
    return node_type(node) == VFS_S_IFDIR && node->directory.mount;
}
/* No links, no references; 0: out of memory. */
arena_offset node_new(struct vfs *vfs, uint32_t mode);
/* Frees it unless something still holds it. */
void node_drop(struct vfs *vfs, arena_offset node);
void node_stat(const struct node *node, struct vfs_stat *stat);
void node_touch(struct vfs *vfs, struct node *node);  /* mtime and ctime are now */
void node_change(struct vfs *vfs, struct node *node); /* ctime is now */
int node_chmod(struct vfs *vfs, struct node *node, uint32_t mode);
int node_chown(struct vfs *vfs, struct node *node, uint32_t uid, uint32_t gid);
int node_utimens(struct vfs *vfs, struct node *node, int64_t atime_ns, int64_t mtime_ns);

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

/* block_map.c */
uint32_t block_map_get(const struct vfs *vfs, const struct block_map *map, uint64_t index);
/* Where the number of a block stands, made reachable; NULL: out of memory. */
uint32_t *block_map_slot(struct vfs *vfs, struct block_map *map, uint64_t index);
typedef bool block_drop(struct vfs *vfs, uint32_t number); /* is the block free now? */
typedef bool block_keep(struct vfs *vfs, uint32_t number); /* false: out of memory */
/* Keeps the first count; how many blocks are free now. */
uint64_t block_map_truncate(struct vfs *vfs, struct block_map *map, uint64_t count,
                            block_drop *drop);
/* to, which is empty, gets all that from has. False: out of memory, and to has some of it. */
bool block_map_copy(struct vfs *vfs, const struct block_map *from, struct block_map *to,
                    block_keep *keep);

/* blocks.c */
/* For a file with this map, zeroed; 0: quota or arena exhausted. */
uint32_t block_new(struct vfs *vfs, const struct block_map *map);
static inline unsigned char *block_at(const struct vfs *vfs, uint32_t block)
{
    return arena_at(vfs->arena, (arena_offset) block * VFS_BLOCK);
}
/* Keeps the first count. */
void blocks_truncate(struct vfs *vfs, struct block_map *map, uint64_t count);
/* to, which is empty, gets all the blocks of from, to have in common. False: out of memory, and to has
   some of them. */
bool blocks_share(struct vfs *vfs, const struct block_map *from, struct block_map *to);

/* sharing.c */
bool block_is_shared(const struct vfs *vfs, uint32_t block);
/* One more file has the block; false: out of memory. */
bool block_share(struct vfs *vfs, uint32_t block);
/* One less; false: there is no other, and the block is the caller's to free. */
bool block_unshare(struct vfs *vfs, uint32_t block);

/* regular.c: content of regular files in memory */
int64_t regular_read(const struct vfs *vfs, const struct node *node, void *bytes, size_t size,
                     uint64_t offset);
int64_t regular_write(struct vfs *vfs, struct node *node, const void *bytes, size_t size,
                      uint64_t offset);
int regular_truncate(struct vfs *vfs, struct node *node, uint64_t size);
int regular_allocate(struct vfs *vfs, struct node *node, uint64_t offset, uint64_t size);
/* to, a new file, gets the content of from. After an error it has to go. */
int regular_clone(struct vfs *vfs, const struct node *from, struct node *to);

/* memory.c */
/* A new node and its name. */
int memory_add(struct vfs *vfs, arena_offset directory, const char *name, uint32_t mode,
               arena_offset *node);
void memory_statfs(struct vfs *vfs, struct vfs_statfs *stat);

/* memory_file.c: what all open files that have a node do alike */
void node_close(struct vfs *vfs, struct file *file);
int node_file_stat(struct vfs *vfs, struct file *file, struct vfs_stat *stat);
int node_file_statfs(struct vfs *vfs, struct file *file, struct vfs_statfs *stat);
int node_file_chmod(struct vfs *vfs, struct file *file, uint32_t mode);
int node_file_chown(struct vfs *vfs, struct file *file, uint32_t uid, uint32_t gid);
int node_file_utimens(struct vfs *vfs, struct file *file, int64_t atime_ns, int64_t mtime_ns);

/* pipe.c */
arena_offset pipe_new(struct vfs *vfs); /* its node; 0: out of memory */
/* One end of it, by the access mode among the flags. */
void pipe_open(struct vfs *vfs, arena_offset node, int flags, struct file *file);

/* device.c */
static inline bool device_is_stream(enum device device)
{
    return device == DEVICE_STDIN || device == DEVICE_STDOUT || device == DEVICE_STDERR;
}
int device_add_all(struct vfs *vfs); /* makes /dev */

/* overlay.c */
/* The directory in memory at a path, made when missing. */
int overlay_directory(struct vfs *vfs, const char *path, arena_offset *node);

/* mount.c */
/* "path/name" in path's place, or -GE_NAMETOOLONG. */
int mount_path_append(char path[VFS_PATH_MAX], const char *name);
/* Is it one of our own files, in the directory of this path within a mount? */
bool mount_reserves(const char *directory, const char *name);
uint32_t mount_type(enum files_type type); /* VFS_S_IF* */
void mount_stat(uint32_t mount, const struct files_stat *found, struct vfs_stat *stat);
int mount_statfs(int fd, struct vfs_statfs *stat);
int mount_check_owner(uint32_t uid, uint32_t gid); /* may the file be given to them? */

/* host_file.c */
int host_file_open(struct vfs *vfs, struct place *place, const char *name, int flags,
                   uint32_t permissions, struct file *file);
/* A directory has moved within its mount, and open ones at or below it with it. to NULL: where no
   path leads, it would be too long. */
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
/* The 4096 bytes of an entry of the block index; NULL: zeros. 0, or -GE_IO: they are damaged. */
int pack_block(const struct pack *pack, uint32_t index, const unsigned char **bytes);
uint64_t pack_identity(const struct pack *pack);

#endif
