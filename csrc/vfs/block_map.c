/* Block maps: which block of the arena holds which part of a file; or any number, by another. */
#include <string.h>

#include "vfs/internal.h"

enum { CAPACITY_MIN = 4 }; /* most files are a few blocks */

static uint32_t *table_at(const struct vfs *vfs, arena_offset table)
{
    return arena_at(vfs->arena, table);
}

static arena_offset offset_of(uint32_t block)
{
    return (arena_offset) block * VFS_BLOCK;
}

/* Blocks under one entry of a table of this height. */
static uint64_t entry_span(uint32_t height)
{
    uint64_t span = 1;

    while (--height > 0)
        span *= BLOCK_FANOUT;
    return span;
}

uint32_t block_map_get(const struct vfs *vfs, const struct block_map *map, uint64_t index)
{
    arena_offset table = map->top;
    uint64_t span;

    if (!table)
        return 0;
    span = entry_span(map->height);
    if (index / span >= map->capacity)
        return 0;
    for (;; span /= BLOCK_FANOUT) {
        uint32_t block = table_at(vfs, table)[index / span];

        if (span == 1 || !block)
            return block;
        index %= span;
        table = offset_of(block);
    }
}

/* Doubles the top table; a full one becomes the first entry of a new top. */
static bool grow(struct vfs *vfs, struct block_map *map)
{
    bool full = map->capacity == BLOCK_FANOUT;
    uint32_t capacity = full || !map->top ? CAPACITY_MIN : map->capacity * 2;
    arena_offset top = arena_allocate(vfs->arena, capacity * sizeof(uint32_t));

    if (!top)
        return false;
    if (full) {
        table_at(vfs, top)[0] = (uint32_t) (map->top / VFS_BLOCK);
        map->height++;
    } else if (map->top) {
        memcpy(table_at(vfs, top), table_at(vfs, map->top), map->capacity * sizeof(uint32_t));
        arena_free(vfs->arena, map->top, map->capacity * sizeof(uint32_t));
    } else {
        map->height = 1;
    }
    map->top = top;
    map->capacity = capacity;
    return true;
}

uint32_t *block_map_slot(struct vfs *vfs, struct block_map *map, uint64_t index)
{
    uint32_t *slot;
    uint64_t span;

    while (!map->top || index / entry_span(map->height) >= map->capacity)
        if (!grow(vfs, map))
            return NULL;
    span = entry_span(map->height);
    slot = &table_at(vfs, map->top)[index / span];
    while (span > 1) {
        if (!*slot)
            *slot = (uint32_t) (arena_allocate(vfs->arena, VFS_BLOCK) / VFS_BLOCK);
        if (!*slot)
            return NULL;
        index %= span;
        span /= BLOCK_FANOUT;
        slot = &table_at(vfs, offset_of(*slot))[index / span];
    }
    return slot;
}

/* Gives up the numbers from keep on, counted within this table, and the tables that held only them.
   How many drop has said to be free now. */
static uint64_t truncate_table(struct vfs *vfs, uint32_t *table, uint32_t capacity, uint64_t span,
                               uint64_t keep, block_drop *drop)
{
    uint64_t freed = 0;

    for (uint64_t i = keep / span; i < capacity; i++) {
        uint64_t kept = i == keep / span ? keep % span : 0; /* of what this entry leads to */

        if (!table[i])
            continue;
        if (span == 1) {
            freed += drop(vfs, table[i]);
        } else {
            freed += truncate_table(vfs, table_at(vfs, offset_of(table[i])), BLOCK_FANOUT,
                                    span / BLOCK_FANOUT, kept, drop);
            if (kept)
                continue;
            arena_free(vfs->arena, offset_of(table[i]), VFS_BLOCK);
        }
        table[i] = 0;
    }
    return freed;
}

uint64_t block_map_truncate(struct vfs *vfs, struct block_map *map, uint64_t count,
                            block_drop *drop)
{
    uint64_t freed;

    if (!map->top)
        return 0;
    freed = truncate_table(vfs, table_at(vfs, map->top), map->capacity, entry_span(map->height),
                           count, drop);
    if (count == 0) {
        arena_free(vfs->arena, map->top, map->capacity * sizeof(uint32_t));
        *map = (struct block_map){.exempt = map->exempt};
    }
    return freed;
}

/* Table by table, so that holes take no time. to always is what can be truncated. */
static bool copy_table(struct vfs *vfs, const uint32_t *from, uint32_t *to, uint32_t capacity,
                       uint64_t span, block_keep *keep)
{
    for (uint32_t i = 0; i < capacity; i++) {
        if (!from[i])
            continue;
        if (span == 1) {
            if (!keep(vfs, from[i]))
                return false;
            to[i] = from[i];
            continue;
        }
        to[i] = (uint32_t) (arena_allocate(vfs->arena, VFS_BLOCK) / VFS_BLOCK);
        if (!to[i]
            || !copy_table(vfs, table_at(vfs, offset_of(from[i])), table_at(vfs, offset_of(to[i])),
                           BLOCK_FANOUT, span / BLOCK_FANOUT, keep))
            return false;
    }
    return true;
}

bool block_map_copy(struct vfs *vfs, const struct block_map *from, struct block_map *to,
                    block_keep *keep)
{
    if (!from->top)
        return true;
    to->top = arena_allocate(vfs->arena, from->capacity * sizeof(uint32_t));
    if (!to->top)
        return false;
    to->capacity = from->capacity;
    to->height = from->height;
    return copy_table(vfs, table_at(vfs, from->top), table_at(vfs, to->top), from->capacity,
                      entry_span(from->height), keep);
}
