/* Arena: an allocator over one growing range, addressed by offsets.
 *
 * Everything in it survives a copy of the bytes to another address: that is what makes an
 * instance data (image, snapshot, fork). So nothing stored in an arena may hold a pointer.
 * The first page is the arena's own header; offset 0 is never handed out and means "none".
 */
#ifndef PGN_BASE_ARENA_H
#define PGN_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t arena_offset;

enum { ARENA_PAGE = 4096 };

/* Makes [base, base + size) readable and writable; the arena's only way to grow. Supplied by
   platform/reservation through its owner, so that base/ stays free of the operating system. */
typedef bool (*arena_commit)(void *owner, size_t size);

/* The bytes are of no more use, whatever they are then: the system may have their memory back. */
typedef void (*arena_release)(void *owner, size_t offset, size_t size);

struct arena {
    unsigned char *base; /* page-aligned; borrowed */
    size_t limit;        /* bytes reserved at base */
    arena_commit commit;
    arena_release release;
    void *owner;
};

/* Formats a new arena; false when even the header page cannot be committed. The range is zero. */
bool arena_init(struct arena *arena);

/* Takes over the bytes of a formatted arena found at base (mapped from an image). False when the
   header is not an arena's or its size exceeds the limit. Bytes from arena_size on are zero. */
bool arena_attach(struct arena *arena);

/* Zeroed bytes, 16-aligned (a whole number of pages: page-aligned). 0 when the limit is reached. */
arena_offset arena_allocate(struct arena *arena, size_t size);

/* size is what was asked for when allocating; the arena keeps no sizes of its own. 0 is fine. Memory of many pages in
   a row is given back to the system. */
void arena_free(struct arena *arena, arena_offset offset, size_t size);

/* Bytes in use, and bytes that a copy of the arena must take. */
size_t arena_used(const struct arena *arena);
size_t arena_size(const struct arena *arena);

/* False for those of count pages from first on that a copy need not have, as they hold nothing. */
void arena_unmark_free(const struct arena *arena, size_t first, size_t count, bool *pages);

/* Root objects: offsets kept in the header, so that a reader of the bytes finds the rest. One for
   each layer that keeps state here, since none may know the others' objects. */
enum arena_root {
    ARENA_ROOT_VFS,
    ARENA_ROOT_HOST,
    ARENA_ROOT_RANDOM,
    ARENA_ROOT_CLOCK,
    ARENA_ROOTS
};

arena_offset arena_root(const struct arena *arena, enum arena_root which);
void arena_set_root(struct arena *arena, enum arena_root which, arena_offset offset);

/* The root's object, of so many bytes; NULL where there is none, or it does not lie within the arena. */
void *arena_root_at(const struct arena *arena, enum arena_root which, size_t size);

/* Valid until the arena is unmapped: the range never moves. */
static inline void *arena_at(const struct arena *arena, arena_offset offset)
{
    return arena->base + offset;
}

#endif
