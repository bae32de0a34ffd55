/* A VFS to test: a reservation, the arena in it, the name space in that. */
#ifndef SPACE_H
#define SPACE_H

#include "base/arena.h"
#include "platform/reservation.h"
#include "vfs/vfs.h"

enum { SPACE_LIMIT = 1 << 28, SPACE_LOG = 256 };

struct space {
    struct reservation reservation;
    struct arena arena;
    struct vfs *vfs;
    char log[SPACE_LOG]; /* what was written to descriptors 1 and 2: "1:text" */
};

bool space_commit(void *reservation, size_t size);                 /* an arena_commit */
void space_release(void *reservation, size_t offset, size_t size); /* an arena_release */
void space_open(struct space *space, size_t limit);
void space_close(struct space *space);

/* The arena's bytes at another address: to is closed, and becomes a copy of from. */
void space_copy(const struct space *from, struct space *to);

/* A new directory below the system's temporary one; removed with all that is in it. */
void temporary_open(char path[4096]);
void temporary_close(const char *path);

#endif
