/* The model test's operations and the worlds that perform them. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#include "space.h"

enum {
    MODEL_SLOTS = 6,
    MODEL_PATH = 700,
    MODEL_TEXT = 1 << 16,
    MODEL_BYTES = 1
        << 16 /* read at once: the address sanitizer would map a larger buffer anew each time */
};

enum operation_kind {
    OP_OPEN,
    OP_CLOSE,
    OP_DUP,
    OP_READ,
    OP_WRITE,
    OP_PREAD,
    OP_PWRITE,
    OP_SEEK,
    OP_FTRUNCATE,
    OP_TRUNCATE,
    OP_ALLOCATE,
    OP_SYNC,
    OP_SET_APPEND,
    OP_MKDIR,
    OP_UNLINK,
    OP_RMDIR,
    OP_RENAME,
    OP_LINK,
    OP_COPY,
    OP_SYMLINK,
    OP_READLINK,
    OP_STAT,
    OP_LSTAT,
    OP_FSTAT,
    OP_CHMOD,
    OP_FCHMOD,
    OP_ACCESS,
    OP_UTIMENS,
    OP_CHDIR,
    OP_GETCWD,
    OP_UMASK,
    OP_LIST,
    OP_KINDS
};

struct operation {
    enum operation_kind kind;
    int slot;  /* descriptors are known by slot */
    int other; /* dup: to; else the directory of path, -1: the working one */
    int flags; /* VFS_O_*, VFS_AT_*, enum vfs_whence */
    uint32_t mode;
    int64_t offset;
    uint32_t size;
    uint32_t fill;
    char path[MODEL_PATH], target[MODEL_PATH];
};

/* What the worlds must agree on. */
struct outcome {
    int64_t result; /* >= 0 or -GE_* */
    char text[MODEL_TEXT];
};

/* One descriptor a slot, -1: closed. */
struct slots {
    int fds[MODEL_SLOTS];
};

typedef void (*performer)(void *world, const struct operation *operation, struct outcome *outcome);

/* A VFS; and the system's own files by plain calls, below the root directory of this process. */
struct vfs_world {
    struct vfs *vfs;
    struct slots slots;
};

struct system_world {
    struct slots slots;
};

void vfs_perform(void *vfs_world, const struct operation *operation, struct outcome *outcome);
void system_perform(void *system_world, const struct operation *operation, struct outcome *outcome);

/* Everything below "/", as text: names, types, permissions, sizes, targets, content hashed. */
void model_tree(performer perform, void *world, struct outcome *outcome);

void model_describe(const struct operation *operation, char *text, size_t size);

/* Helpers of the worlds. */
void model_fill(unsigned char *bytes, size_t size, uint32_t fill);
uint64_t model_hash(const unsigned char *bytes, size_t size);
void model_text_stat(struct outcome *outcome, uint32_t mode, uint64_t size, uint64_t links,
                     int64_t mtime_ns);
/* names: "a\nb\n", sorted into outcome. */
void model_text_names(struct outcome *outcome, char **names, size_t count);

#endif
