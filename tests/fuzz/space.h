/* A VFS that every input finds as the one before has found it. */
#ifndef FUZZ_SPACE_H
#define FUZZ_SPACE_H

#include "base/arena.h"
#include "platform/reservation.h"
#include "vfs/vfs.h"

enum { SPACE_LIMIT = 32 << 20 };

struct space {
    struct reservation reservation;
    struct arena arena;
    struct vfs *vfs;
    unsigned char *pristine; /* the arena's bytes to begin with */
    size_t pristine_size;
};

/* Once; what the caller then puts into the arena belongs to the beginning, up to space_keep. */
void space_open(struct space *space);
void space_keep(struct space *space);

/* For each input: a name space over the pristine bytes. */
void space_begin(struct space *space);
void space_end(struct space *space);

#endif
