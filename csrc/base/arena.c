/* Arena: a free list for each power of two, and one of extents.
 *
 * A request takes the head of its class's list; an empty list splits a block of the next class that
 * has one; if none has, the arena grows by whole pages. Freed blocks are never merged again: nearly
 * all that lives here are single pages (blocks of files) and small objects, which find their like.
 *
 * But when many single pages have become free, those in a row become extents, whose memory the system gets back, all
 * but the first page's. They are taken apart again when the list of pages is empty.
 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    CLASS_MIN = 4, /* 16 bytes: the alignment, and room for a free block's link */
    CLASS_PAGE = 12,
    CLASS_MAX = 40,
    CLASSES = CLASS_MAX + 1,
    WORD_BITS = 64,
    EXTENT_PAGES_MIN = 16, /* less is not worth a system call and the faults of its next use */
    TRIM_PAGES = 1024      /* that have become free since the list was last looked through */
};

#define ARENA_MAGIC UINT64_C(0x32414e4552414e47) /* "GNARENA2" */

struct arena_header {
    uint64_t magic;
    uint64_t size; /* the arena's bytes so far: whole pages, all committed */
    uint64_t used;
    arena_offset roots[ARENA_ROOTS];
    arena_offset free[CLASSES]; /* each free block starts with the offset of the next */
    arena_offset extents;
    uint64_t free_pages;         /* in the list of pages */
    uint64_t free_pages_trimmed; /* at most what it had when it was last looked through */
};

/* At the start of its first page. */
struct extent {
    arena_offset next;
    uint64_t pages;
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
    header->free_pages += class == CLASS_PAGE;
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
    header->free_pages -= class == CLASS_PAGE;
    if (header->free_pages_trimmed > header->free_pages)
        header->free_pages_trimmed = header->free_pages;
    return offset;
}

static bool is_extent(const struct arena *arena, arena_offset offset)
{
    const struct arena_header *header = header_of(arena);

    if (!is_block(header, offset, CLASS_PAGE))
        return false;

    const struct extent *extent = arena_at(arena, offset);
    return extent->pages > 0 && extent->pages <= (header->size - offset) / ARENA_PAGE;
}

/* The last page of the first extent. */
static arena_offset pop_from_extent(struct arena *arena)
{
    struct arena_header *header = header_of(arena);
    arena_offset offset = header->extents;
    struct extent *extent;

    if (!offset)
        return 0;
    extent = arena_at(arena, offset);
    extent->pages--;
    if (extent->pages == 0)
        header->extents = extent->next && is_extent(arena, extent->next) ? extent->next : 0;
    return offset + extent->pages * ARENA_PAGE;
}

static void mark(uint64_t *marks, uint64_t page)
{
    marks[page / WORD_BITS] |= UINT64_C(1) << page % WORD_BITS;
}

static bool is_marked(const uint64_t *marks, uint64_t page)
{
    return marks[page / WORD_BITS] >> page % WORD_BITS & 1;
}

/* The pages from first to limit, which are marked, become an extent, or free pages again if they are few. */
static void put_back(struct arena *arena, uint64_t first, uint64_t limit)
{
    struct arena_header *header = header_of(arena);

    if (limit - first >= EXTENT_PAGES_MIN) {
        struct extent *extent = arena_at(arena, first * ARENA_PAGE);

        *extent = (struct extent){.next = header->extents, .pages = limit - first};
        header->extents = first * ARENA_PAGE;
        arena->release(arena->owner, (size_t) ((first + 1) * ARENA_PAGE),
                       (size_t) ((limit - first - 1) * ARENA_PAGE));
        return;
    }
    for (uint64_t page = first; page < limit; page++)
        push(arena, CLASS_PAGE, page * ARENA_PAGE);
}

/* A page that is marked already ends a list, as the list bites its tail: an image is a file. Where there is no memory for
   the marks, all stays as it is until more is free. */
static void trim(struct arena *arena)
{
    struct arena_header *header = header_of(arena);
    uint64_t pages = header->size / ARENA_PAGE;
    uint64_t *marks = calloc(pages / WORD_BITS + 1, sizeof *marks);
    arena_offset offset;

    if (marks) {
        while ((offset = pop_from_extent(arena)) && !is_marked(marks, offset / ARENA_PAGE))
            mark(marks, offset / ARENA_PAGE);
        header->extents = 0;
        while ((offset = pop(arena, CLASS_PAGE)) && !is_marked(marks, offset / ARENA_PAGE))
            mark(marks, offset / ARENA_PAGE);
        header->free[CLASS_PAGE] = header->free_pages = 0;
        for (uint64_t first = 0; first < pages; first++) {
            uint64_t limit = first;

            while (limit < pages && is_marked(marks, limit))
                limit++;
            if (limit > first)
                put_back(arena, first, limit);
            first = limit;
        }
        free(marks);
    }
    header->free_pages_trimmed = header->free_pages;
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
    if (header->extents && !is_extent(arena, header->extents))
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
    if (wanted <= CLASS_PAGE && !header->free[CLASS_PAGE]) {
        offset = pop_from_extent(arena);
        if (offset)
            push(arena, CLASS_PAGE, offset);
    }
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
    struct arena_header *header = header_of(arena);
    unsigned class = class_of(size);

    if (!offset)
        return;
    push(arena, class, offset);
    header->used -= UINT64_C(1) << class;
    if (header->free_pages > header->free_pages_trimmed / 8 * 9 + TRIM_PAGES)
        trim(arena);
}

size_t arena_used(const struct arena *arena)
{
    return (size_t) header_of(arena)->used;
}

size_t arena_size(const struct arena *arena)
{
    return (size_t) header_of(arena)->size;
}

void arena_unmark_free(const struct arena *arena, size_t first, size_t count, bool *pages)
{
    uint64_t extents_max = arena_size(arena) / ARENA_PAGE / EXTENT_PAGES_MIN;
    arena_offset offset = header_of(arena)->extents;

    /* Counted, as the list may bite its tail. Extents become smaller as they are used. */
    for (; offset && is_extent(arena, offset) && extents_max > 0; extents_max--) {
        const struct extent *extent = arena_at(arena, offset);
        size_t start = (size_t) (offset / ARENA_PAGE) + 1;
        size_t end = (size_t) (offset / ARENA_PAGE + extent->pages);

        if (start < first)
            start = first;
        if (end > first + count)
            end = first + count;
        if (start < end)
            memset(pages + (start - first), false, end - start);
        offset = extent->next;
    }
}

arena_offset arena_root(const struct arena *arena, enum arena_root which)
{
    return header_of(arena)->roots[which];
}

void arena_set_root(struct arena *arena, enum arena_root which, arena_offset offset)
{
    header_of(arena)->roots[which] = offset;
}

void *arena_root_at(const struct arena *arena, enum arena_root which, size_t size)
{
    arena_offset offset = arena_root(arena, which);

    return offset && offset <= arena_size(arena) - size ? arena_at(arena, offset) : NULL;
}
