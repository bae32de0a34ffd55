/* Arena: a free list for each power of two.
 *
 * A request takes the head of its class's list; an empty list splits a block of the next class that
 * has one; if none has, the arena grows by whole pages. Freed blocks are never merged again: nearly
 * all that lives here are single pages (blocks of files) and small objects, which find their like.
 */
#include "base/arena.h"

#include <string.h>

enum {
    CLASS_MIN = 4, /* 16 bytes: the alignment, and room for a free block's link */
    CLASS_PAGE = 12,
    CLASS_MAX = 40,
    CLASSES = CLASS_MAX + 1
};

#define ARENA_MAGIC UINT64_C(0x31414e4552414e47) /* "GNARENA1" */

struct arena_header {
    uint64_t magic;
    uint64_t size; /* the arena's bytes so far: whole pages, all committed */
    uint64_t used;
    arena_offset roots[ARENA_ROOTS];
    arena_offset free[CLASSES]; /* each free block starts with the offset of the next */
};

_Static_assert(sizeof(struct arena_header) <= ARENA_PAGE, "the header is the first page");
_Static_assert(1 << CLASS_PAGE == ARENA_PAGE, "CLASS_PAGE is a page");

static struct arena_header *header_of(const struct arena *arena)
{
    return (struct arena_header *) arena->base;
}

/* A link of a free list is believed only if it stays inside the arena: an image is a file. */
static bool is_block(const struct arena_header *header, arena_offset offset, unsigned class)
{
    uint64_t alignment = UINT64_C(1) << (class < CLASS_PAGE ? CLASS_MIN : CLASS_PAGE);
    uint64_t size = UINT64_C(1) << class;

    return offset >= ARENA_PAGE && offset % alignment == 0 && size <= header->size
           && offset <= header->size - size;
}

static unsigned class_of(size_t size)
{
    if (size <= 1u << CLASS_MIN)
        return CLASS_MIN;
    return 64 - (unsigned) __builtin_clzll((unsigned long long) size - 1);
}

static void push(struct arena *arena, unsigned class, arena_offset offset)
{
    struct arena_header *header = header_of(arena);

    *(arena_offset *) arena_at(arena, offset) = header->free[class];
    header->free[class] = offset;
}

static arena_offset pop(struct arena *arena, unsigned class)
{
    struct arena_header *header = header_of(arena);
    arena_offset offset = header->free[class];
    arena_offset next;

    if (!offset)
        return 0;
    next = *(arena_offset *) arena_at(arena, offset);
    header->free[class] = is_block(header, next, class) ? next : 0;
    return offset;
}

static arena_offset grow(struct arena *arena, unsigned class)
{
    struct arena_header *header = header_of(arena);
    uint64_t size = UINT64_C(1) << class;
    arena_offset offset = header->size;

    if (size > arena->limit || offset > arena->limit - size
        || !arena->commit(arena->owner, (size_t) (offset + size)))
        return 0;
    header->size = offset + size;
    return offset;
}

/* Halves a block of class from until one of class to is left; the other halves become free. */
static void split(struct arena *arena, arena_offset offset, unsigned from, unsigned to)
{
    while (from > to) {
        from--;
        push(arena, from, offset + (UINT64_C(1) << from));
    }
}

bool arena_init(struct arena *arena)
{
    struct arena_header *header = header_of(arena);

    if (arena->limit < ARENA_PAGE || !arena->commit(arena->owner, ARENA_PAGE))
        return false;
    memset(header, 0, ARENA_PAGE);
    header->magic = ARENA_MAGIC;
    header->size = ARENA_PAGE;
    header->used = ARENA_PAGE;
    return true;
}

bool arena_attach(struct arena *arena)
{
    const struct arena_header *header = header_of(arena);

    if (arena->limit < ARENA_PAGE || !arena->commit(arena->owner, ARENA_PAGE))
        return false;
    if (header->magic != ARENA_MAGIC || header->size < ARENA_PAGE || header->size > arena->limit
        || header->size % ARENA_PAGE != 0 || header->used > header->size)
        return false;
    for (unsigned i = 0; i < ARENA_ROOTS; i++)
        if (header->roots[i] && !is_block(header, header->roots[i], CLASS_MIN))
            return false;
    for (unsigned class = 0; class < CLASSES; class++)
        if (header->free[class]
            && (class < CLASS_MIN || !is_block(header, header->free[class], class)))
            return false;
    return arena->commit(arena->owner, (size_t) header->size);
}

arena_offset arena_allocate(struct arena *arena, size_t size)
{
    struct arena_header *header = header_of(arena);
    unsigned wanted = class_of(size);
    unsigned class = wanted;
    arena_offset offset;

    if (wanted > CLASS_MAX)
        return 0;
    while (class < CLASS_MAX && !header->free[class])
        class++;
    offset = pop(arena, class);
    if (offset) {
        split(arena, offset, class, wanted);
        memset(arena_at(arena, offset), 0, (size_t) 1 << wanted);
    } else {
        class = wanted > CLASS_PAGE ? wanted : CLASS_PAGE;
        offset = grow(arena, class); /* zero already: never used */
        if (!offset)
            return 0;
        split(arena, offset, class, wanted);
    }
    header->used += UINT64_C(1) << wanted;
    return offset;
}

void arena_free(struct arena *arena, arena_offset offset, size_t size)
{
    unsigned class = class_of(size);

    if (!offset)
        return;
    push(arena, class, offset);
    header_of(arena)->used -= UINT64_C(1) << class;
}

size_t arena_used(const struct arena *arena)
{
    return (size_t) header_of(arena)->used;
}

size_t arena_size(const struct arena *arena)
{
    return (size_t) header_of(arena)->size;
}

arena_offset arena_root(const struct arena *arena, enum arena_root which)
{
    return header_of(arena)->roots[which];
}

void arena_set_root(struct arena *arena, enum arena_root which, arena_offset offset)
{
    header_of(arena)->roots[which] = offset;
}
