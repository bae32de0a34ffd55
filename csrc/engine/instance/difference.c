/* Differences of images: found page by page, and copied over what was mapped. */
#include "engine/instance/difference.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "platform/files.h"

enum { PAGE = PLATFORM_PAGE };

static const unsigned char zeros[PAGE];

static uint64_t table_size(uint64_t changes)
{
    return (changes * sizeof(struct image_change) + PAGE - 1) / PAGE * PAGE;
}

/* Of the header and all that follows it. */
static uint64_t size_with(uint64_t changes)
{
    return IMAGE_HEADER_ROOM + table_size(changes) + changes * PAGE;
}

/* --- finding ------------------------------------------------------------------------------ */

/* Of a section of the second image what the first has in its file, too. */
static void share_section(const struct image_section *section, const struct image_header *first,
                          struct image_header *header)
{
    for (uint32_t i = 0; i < first->section_count; i++) {
        const struct image_section *other = &first->sections[i];
        uint64_t begin = section->offset > other->offset ? section->offset : other->offset;
        uint64_t end = section->offset + section->size, limit = other->offset + other->size;

        if (end > limit)
            end = limit;
        if (section->region != other->region || begin >= end
            || header->section_count == IMAGE_SECTIONS_MAX)
            continue;
        header->sections[header->section_count++] = (struct image_section){
            .region = section->region,
            .offset = begin,
            .size = end - begin,
            .position = other->position + (begin - other->offset),
        };
    }
}

static bool is_shared(const struct image_header *header, enum image_region region, uint64_t offset)
{
    for (uint32_t i = 0; i < header->section_count; i++)
        if (header->sections[i].region == region && offset >= header->sections[i].offset
            && offset - header->sections[i].offset < header->sections[i].size)
            return true;
    return false;
}

static void find_changes(const pgn_image *first, const pgn_image *second, enum image_region region,
                         struct difference *difference)
{
    struct image_header *header = &difference->header;

    for (uint64_t at = 0; at < header->region_sizes[region]; at += PAGE) {
        const unsigned char *wanted = image_page(second, region, at);
        const unsigned char *mapped = is_shared(header, region, at) ? image_page(first, region, at)
                                                                    : NULL;

        if (wanted == mapped || memcmp(wanted ? wanted : zeros, mapped ? mapped : zeros, PAGE) == 0)
            continue;
        difference->changes[header->change_count] = (struct image_change){region, at};
        difference->pages[header->change_count++] = wanted;
    }
}

bool difference_find(const pgn_image *first, const pgn_image *second, struct difference *difference)
{
    struct image_header *header = &difference->header;
    size_t pages = 1;

    difference->header = second->header;
    header->section_count = 0;
    header->change_count = 0;
    for (uint32_t i = 0; i < second->header.section_count; i++)
        share_section(&second->header.sections[i], &first->header, header);
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        pages += (size_t) (header->region_sizes[region] / PAGE);
    difference->changes = malloc(pages * sizeof *difference->changes);
    difference->pages = malloc(pages * sizeof *difference->pages);
    if (!difference->changes || !difference->pages) {
        difference_close(difference);
        return false;
    }
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        find_changes(first, second, region, difference);
    header->size = size_with(header->change_count);
    return true;
}

void difference_close(struct difference *difference)
{
    free(difference->changes);
    free(difference->pages);
}

uint64_t difference_size(const struct difference *difference)
{
    return difference->header.size;
}

/* --- in a file ---------------------------------------------------------------------------- */

static int64_t write_hashed(int fd, const void *bytes, size_t size, uint64_t position,
                            XXH3_state_t *hash)
{
    XXH3_64bits_update(hash, bytes, size);
    return files_write(fd, bytes, size, position);
}

int difference_write(struct difference *difference, int fd, uint64_t start)
{
    struct image_header *header = &difference->header;
    XXH3_state_t *hash = XXH3_createState();
    uint64_t at = start + IMAGE_HEADER_ROOM;
    size_t used = (size_t) header->change_count * sizeof *difference->changes;
    size_t rest = (size_t) table_size(header->change_count) - used;
    int64_t result = hash ? 0 : -GE_NOMEM;

    if (result == 0) {
        XXH3_64bits_reset(hash);
        result = write_hashed(fd, difference->changes, used, at, hash);
    }
    if (result >= 0)
        result = write_hashed(fd, zeros, rest, at + used, hash);
    at += used + rest;
    for (uint64_t i = 0; result >= 0 && i < header->change_count; i++, at += PAGE) {
        const unsigned char *page = difference->pages[i];

        result = write_hashed(fd, page ? page : zeros, PAGE, at, hash);
    }
    if (result >= 0) {
        header->content_checksum = XXH3_64bits_digest(hash);
        header->checksum = image_header_checksum(header);
        result = files_write(fd, header, sizeof *header, start);
    }
    XXH3_freeState(hash);
    return result < 0 ? (int) result : 0;
}

static bool is_before(const struct image_change *a, const struct image_change *b)
{
    return a->region < b->region || (a->region == b->region && a->offset < b->offset);
}

static const struct image_change *changes_behind(const struct image_header *header)
{
    return (const void *) ((const unsigned char *) header + IMAGE_HEADER_ROOM);
}

bool difference_is_sound(const struct image_header *header)
{
    const struct image_change *changes = changes_behind(header);

    if (header->change_count > header->size / PAGE
        || size_with(header->change_count) != header->size)
        return false;
    for (uint64_t i = 0; i < header->change_count; i++)
        if (changes[i].region >= IMAGE_REGIONS || changes[i].offset % PAGE
            || changes[i].offset >= header->region_sizes[changes[i].region]
            || header->region_sizes[changes[i].region] - changes[i].offset < PAGE
            || (i > 0 && !is_before(&changes[i - 1], &changes[i])))
            return false;
    return true;
}

void difference_attach(pgn_image *image, uint64_t start)
{
    const unsigned char *header = image->file.base + start;

    image->changes = changes_behind((const void *) header);
    image->changed = header + IMAGE_HEADER_ROOM + table_size(image->header.change_count);
}

/* --- in memory ---------------------------------------------------------------------------- */

const unsigned char *difference_page(const pgn_image *image, enum image_region region,
                                     uint64_t offset)
{
    const struct image_change wanted = {region, offset};
    uint64_t low = 0, high = image->header.change_count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (is_before(&image->changes[middle], &wanted))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == image->header.change_count || is_before(&wanted, &image->changes[low]))
        return NULL;
    return image->changed + low * PAGE;
}

void difference_apply(const pgn_image *image, enum image_region region,
                      const struct image_part *part, uint64_t from, uint64_t to)
{
    unsigned char *base = part->reservation->base + part->start;

    for (uint64_t i = 0; i < image->header.change_count; i++) {
        const struct image_change *change = &image->changes[i];

        if (change->region == region && change->offset >= from && change->offset < to)
            memcpy(base + change->offset, image->changed + i * PAGE, PAGE);
    }
}
