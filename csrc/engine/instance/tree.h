/* The files and directories below a directory, one after the other, parents before what is in them. */
#ifndef PGN_ENGINE_TREE_H
#define PGN_ENGINE_TREE_H

#include "vfs/vfs.h"

enum { TREE_DEPTH_MAX = 16 }; /* of a data directory; far beyond PostgreSQL's own */

enum tree_links {
    TREE_LINKS_SHOWN,   /* stat is the link's own */
    TREE_LINKS_FOLLOWED /* stat is what it leads to; a directory is gone through */
};

struct tree {
    struct vfs *vfs;
    enum tree_links links;
    char path[VFS_PATH_MAX]; /* of the entry, beginning with the directory's */
    struct vfs_stat stat;    /* its */
    size_t root_length;      /* of path, how much is the directory's */
    int depth;               /* directories open now */
    struct tree_level {
        int fd;
        uint64_t cookie; /* of the entry read last */
        size_t length;   /* of path, how much is this directory's */
    } levels[TREE_DEPTH_MAX];
};

/* Results are >= 0 or -GE_*. After a failure, too, tree_close is due. */
int tree_open(struct tree *tree, struct vfs *vfs, const char *directory, enum tree_links links);
int tree_next(struct tree *tree); /* 1, or 0 at the end */
void tree_close(struct tree *tree);

/* The entry's path from the directory on. */
const char *tree_name(const struct tree *tree);

#endif
