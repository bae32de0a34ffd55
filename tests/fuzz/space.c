/* A VFS that every input finds as the one before has found it. What is freed in its arena stays poisoned until then, and
 * behind what is allocated lies a poisoned zone: so the address sanitizer sees uses of either. Linked with --wrap.
 */
#include "space.h"

#include <sanitizer/asan_interface.h>
#include <string.h>

#include "fuzz.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"

enum { ZONE = 16 };

arena_offset __real_arena_allocate(struct arena *arena, size_t size);
arena_offset __wrap_arena_allocate(struct arena *arena, size_t size);
void __wrap_arena_free(struct arena *arena, arena_offset offset, size_t size);

/* Whole pages are to be aligned as such: no zone. */
arena_offset __wrap_arena_allocate(struct arena *arena, size_t size)
{
    size_t zone = size % ARENA_PAGE ? ZONE : 0;
    arena_offset offset = size > SIZE_MAX - zone ? 0 : __real_arena_allocate(arena, size + zone);

    if (offset && zone)
        ASAN_POISON_MEMORY_REGION(arena->base + offset + size, zone);
    return offset;
}

/* Never really: then it would be used again. */
void __wrap_arena_free(struct arena *arena, arena_offset offset, size_t size)
{
    if (offset)
        ASAN_POISON_MEMORY_REGION(arena->base + offset, size);
}

static bool commit(void *reservation, size_t size)
{
    return reservation_commit(reservation, size);
}

static void release(void *reservation, size_t offset, size_t size)
{
    reservation_release(reservation, offset, size);
}

static void drop(void *context, int fd, const void *bytes, size_t size)
{
    (void) context, (void) fd, (void) bytes, (void) size;
}

void space_open(struct space *space)
{
    struct error error;

    FUZZ_CHECK(reservation_open(&space->reservation, SPACE_LIMIT));
    space->arena = (struct arena){
        .base = space->reservation.base,
        .limit = SPACE_LIMIT,
        .commit = commit,
        .release = release,
        .owner = &space->reservation,
    };
    FUZZ_CHECK(arena_init(&space->arena));
    FUZZ_CHECK(virtual_clock_open(&space->arena) && random_source_open(&space->arena));
    random_source_seed(random_source_find(&space->arena), 1);
    virtual_clock_freeze(virtual_clock_find(&space->arena), 0);
    virtual_clock_resume(virtual_clock_find(&space->arena));
    FUZZ_CHECK(!vfs_open(&space->arena, drop, NULL, &space->vfs, &error));
}

void space_keep(struct space *space)
{
    vfs_close(space->vfs);
    space->pristine_size = arena_size(&space->arena);
    space->pristine = malloc(space->pristine_size);
    FUZZ_CHECK(space->pristine);
    ASAN_UNPOISON_MEMORY_REGION(space->arena.base, space->pristine_size);
    memcpy(space->pristine, space->arena.base, space->pristine_size);
}

void space_begin(struct space *space)
{
    struct error error;

    FUZZ_CHECK(arena_attach(&space->arena));
    FUZZ_CHECK(!vfs_attach(&space->arena, drop, NULL, &space->vfs, &error));
}

void space_end(struct space *space)
{
    size_t used = arena_size(&space->arena);

    vfs_close(space->vfs);
    ASAN_UNPOISON_MEMORY_REGION(space->arena.base, used);
    memset(space->arena.base + space->pristine_size, 0, used - space->pristine_size);
    memcpy(space->arena.base, space->pristine, space->pristine_size);
}
