/* The original: a backend that nobody has used, as all others begin. */
#include <stdlib.h>
#include <string.h>

#include "engine/backends.h"
#include "engine/image.h"
#include "platform/files.h"
#include "platform/memory_file.h"

enum { /* PGliteShared */
       SHARED_UNIT = 65536,
       SHARED_RANGES_AT = 8,
       SHARED_RANGE_SIZE = 8
};

enum { GROW_ROOM = 2 << 20 }; /* the original's has room for a usual backend to grow */

bool backends_keep_original(pgn_engine *engine)
{
    if (!session_settle(engine,
                        session_call(engine, engine->runtime->exports.keep_backend, NULL, NULL),
                        "pglite_keep_backend"))
        return false;
    if (!vfs_keep_descriptors(engine->vfs)) {
        engine->state = ENGINE_ENDED;
        error_set(&engine->failure, STATUS_NO_MEMORY,
                  "no memory for in-memory files: close engines");
        return false;
    }
    engine->used = false;
    return true;
}

static int compare_ranges(const void *a, const void *b)
{
    size_t left = ((const struct range *) a)->offset, right = ((const struct range *) b)->offset;

    return (left > right) - (left < right);
}

/* What is private: all but what the guest says it shares. */
enum status backends_find_ranges(pgn_engine *engine, uint32_t address, struct error *error)
{
    const uint8_t *shared = guest_at(engine->guest, address,
                                     SHARED_RANGES_AT + BACKENDS_SHARED_MAX * SHARED_RANGE_SIZE);
    struct backends *backends = engine->backends;
    struct range taken[BACKENDS_SHARED_MAX];
    uint32_t count;
    size_t start, offset;
    struct reservation *memory = guest_reservation(engine->guest, &start);

    if (!shared)
        goto bad;
    count = load_u32(shared + sizeof count);
    if (load_u32(shared) != SHARED_UNIT || count > BACKENDS_SHARED_MAX)
        goto bad;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = shared + SHARED_RANGES_AT + (size_t) i * SHARED_RANGE_SIZE;
        uint32_t begin = load_u32(at), size = load_u32(at + sizeof begin);

        if (begin % SHARED_UNIT || size % SHARED_UNIT || !guest_at(engine->guest, begin, size))
            goto bad;
        taken[i] = (struct range){start + begin, size};
    }
    qsort(taken, count, sizeof *taken, compare_ranges);
    offset = start;
    for (uint32_t i = 0; i < count; i++) {
        if (taken[i].offset < offset)
            goto bad;
        if (taken[i].offset > offset)
            backends->ranges[backends->range_count++] = (struct range){offset,
                                                                       taken[i].offset - offset};
        offset = taken[i].offset + taken[i].size;
    }
    if (!reservation_commit(memory, (size_t) guest_memory_size(engine->guest) + start + GROW_ROOM))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a session");
    backends->grows_from = memory->committed;
    reservation_set_step(memory, BACKENDS_GROW_STEP);
    if (offset < backends->grows_from)
        backends->ranges[backends->range_count++] = (struct range){offset,
                                                                   backends->grows_from - offset};
    return STATUS_OK;

bad:
    engine->state = ENGINE_POISONED;
    error_set(&engine->failure, STATUS_POISONED,
              "the guest's list of shared memory makes no sense");
    *error = engine->failure;
    return error->status;
}

static bool is_zero(const unsigned char *page)
{
    return page[0] == 0 && memcmp(page, page + 1, BACKENDS_PAGE - 1) == 0;
}

/* Writes pages that hold anything to the same offsets of the file: those that lie in private ranges. */
static int write_private(const struct backends *backends, const unsigned char *bytes, size_t offset,
                         size_t size)
{
    for (uint32_t i = 0; i < backends->range_count; i++) {
        const struct range *range = &backends->ranges[i];
        size_t first = offset > range->offset ? offset : range->offset;
        size_t end = offset + size;

        if (end > range->offset + range->size)
            end = range->offset + range->size;
        for (size_t at = first; at < end; at += BACKENDS_PAGE) {
            int64_t result = is_zero(bytes + (at - offset))
                                 ? 0
                                 : files_write(backends->original, bytes + (at - offset),
                                               BACKENDS_PAGE, at);

            if (result < 0)
                return (int) result;
        }
    }
    return 0;
}

static int write_original_of_image(struct backends *backends, const pgn_image *image, size_t start)
{
    const struct image_header *header = &image->header;
    struct map file;
    int result = map_descriptor(image->fd, &file);

    for (uint32_t i = 0; result == 0 && i < header->section_count; i++) {
        const struct image_section *section = &header->sections[i];

        if (section->region == IMAGE_MEMORY)
            result = write_private(backends, file.base + section->position,
                                   start + (size_t) section->offset, (size_t) section->size);
    }
    map_close(&file);
    backends->original_globals.global_count = header->global_count;
    memcpy(backends->original_globals.globals, header->globals, sizeof header->globals);
    return result;
}

enum status backends_write_original(pgn_engine *engine, struct error *error)
{
    struct backends *backends = engine->backends;
    size_t start;
    const struct reservation *memory = guest_reservation(engine->guest, &start);
    int result = backends->original = memory_file_open();

    if (result >= 0)
        result = files_truncate(backends->original, backends->grows_from);
    if (result >= 0 && engine->origin)
        result = write_original_of_image(backends, engine->origin, start);
    else if (result >= 0) {
        guest_get_state(engine->guest, &backends->original_globals);
        result = write_private(backends, memory->base, 0, backends->grows_from);
    }
    return result < 0 ? error_set(error, STATUS_NO_MEMORY, "no memory for a session") : STATUS_OK;
}
