/* mmap, remembering what is shared. In an instance there is one memory, so a mapping is a piece of the heap;
 * shared ones get whole units of it, for the host to share between backends. */
#include "shared.h"

#include "wrapped.h"

enum { GUEST_MAP_SHARED = 1, GUEST_PROT_WRITE = 2 };
#define MAP_FAILED ((void *) -1)

static struct {
    PGliteShared shared;
    bool closed;
} memory = {.shared = {.unit = PGLITE_SHARED_UNIT}};

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset);

static void *fail(void)
{
    errno = ENOMEM;
    return MAP_FAILED;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)
{
    PGliteShared *shared = &memory.shared;
    void *mapped;

    /* What cannot be written to is the same in a copy: ICU's data, say. */
    if (!(flags & GUEST_MAP_SHARED) || !(protection & GUEST_PROT_WRITE))
        return __real_mmap(address, length, protection, flags, fd, offset);
    if (memory.closed || shared->count == PGLITE_SHARED_RANGES_MAX
        || length > SIZE_MAX - PGLITE_SHARED_UNIT)
        return fail();
    length = (length + PGLITE_SHARED_UNIT - 1) / PGLITE_SHARED_UNIT * PGLITE_SHARED_UNIT;
    mapped = __real_mmap(address, length, protection, flags, fd, offset);
    if (mapped == MAP_FAILED)
        return mapped;
    shared->ranges[shared->count].address = (uint32_t) (uintptr_t) mapped;
    shared->ranges[shared->count].size = (uint32_t) length;
    shared->count++;
    return mapped;
}

const PGliteShared *shared_close(void)
{
    memory.closed = true;
    return &memory.shared;
}

void shared_open(void)
{
    memory.closed = false;
}
