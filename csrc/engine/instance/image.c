/* Images: written from an engine's memory, checked when they come from a file, mapped copy-on-write. */
#include "engine/instance/image.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/instance/difference.h"
#include "engine/instance/limits.h"
#include "engine/instance/runtime.h"
#include "engine/instance/spare.h"
#include "host/host.h"
#include "platform/files.h"
#include "platform/map.h"
#include "platform/memory_file.h"
#include "vfs/vfs.h"

enum {
    FORMAT = 6,
    PAGE = PLATFORM_PAGE, /* what is looked at, and left out where it is zero */
    UNIT_PAGES = IMAGE_UNIT / PAGE,
    /* Fewer zero pages than this are stored rather than left out: every section costs each engine two
       of the kernel's memory maps. */
    GAP_PAGES = 64,
    GAP_PAGES_MAX = 1 << 22, /* no region is so large */
    REGION_SECTIONS_MAX = IMAGE_SECTIONS_MAX / IMAGE_REGIONS,
    COPY_SIZE = 1 << 18
};

enum { MAGIC_SIZE = sizeof((struct image_header *) 0)->magic };

static const char magic[MAGIC_SIZE + 1] = "PGNIMAG1";

_Static_assert(sizeof(struct image_header) <= IMAGE_HEADER_ROOM, "the header is the first unit");

static void begin(pgn_image *image, pgn_runtime *runtime)
{
    atomic_init(&image->references, 1);
    image->runtime = runtime;
    image->number = atomic_fetch_add(&runtime->images, 1);
}

pgn_image *image_retain(pgn_image *image)
{
    atomic_fetch_add(&image->references, 1);
    return image;
}

void image_release(pgn_image *image)
{
    if (!image || atomic_fetch_sub(&image->references, 1) > 1)
        return;
    image_release(image->template_session);
    image_release(image->template_process);
    spare_forget(image->runtime, image);
    map_close(&image->file);
    files_close(image->fd);
    free(image);
}

void image_replace(pgn_image **place, pgn_image *image)
{
    if (image)
        image_retain(image);
    image_release(*place);
    *place = image;
}

/* The shapes of what lies in the arena, which another version of this library may have changed. */
static uint64_t layout(void)
{
    const uint64_t shapes[] = {vfs_layout(), sizeof(struct host_state), ARENA_ROOTS,
                               ENGINE_FILES_MAX};

    return XXH3_64bits(shapes, sizeof shapes);
}

uint64_t image_header_checksum(const struct image_header *header)
{
    return XXH3_64bits(header, offsetof(struct image_header, checksum));
}

/* Of the linked module. False when it has no build_id. */
static bool guest_id(const pgn_runtime *runtime, uint8_t id[IMAGE_GUEST_ID_SIZE])
{
    size_t size;
    const uint8_t *bytes = guest_module_identity(runtime->module, &size);

    memset(id, 0, IMAGE_GUEST_ID_SIZE);
    if (bytes)
        memcpy(id, bytes, size < IMAGE_GUEST_ID_SIZE ? size : IMAGE_GUEST_ID_SIZE);
    return bytes != NULL;
}

bool image_is_of(const pgn_image *image, const pgn_runtime *runtime)
{
    uint8_t id[IMAGE_GUEST_ID_SIZE];

    return guest_id(runtime, id) && memcmp(image->header.guest_id, id, sizeof id) == 0;
}

/* --- writing ------------------------------------------------------------------------------ */

static bool is_zero(const unsigned char *page)
{
    uint64_t words[8];

    for (size_t at = 0; at < PAGE; at += sizeof words) {
        memcpy(words, page + at, sizeof words);
        if (words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7])
            return false;
    }
    return true;
}

/* Where the bytes of each page of a region are; NULL: it holds nothing. */
typedef const unsigned char *page_source;

const unsigned char *image_section_bytes(const pgn_image *image,
                                         const struct image_section *section)
{
    return image->file.base + section->position;
}

const unsigned char *image_page(const pgn_image *image, enum image_region region, uint64_t offset)
{
    const unsigned char *changed = difference_page(image, region, offset);

    for (uint32_t i = 0; !changed && i < image->header.section_count; i++) {
        const struct image_section *section = &image->header.sections[i];

        if (section->region == region && offset >= section->offset
            && offset - section->offset < section->size)
            return image_section_bytes(image, section) + (offset - section->offset);
    }
    return changed;
}

/* The pages that a part was mapped from are read in their file: reading them through the part would give it those pages, and
   each of them costs a restore some time. Not where something else has been mapped over the file since: zeros
   (memory_zero), or what is shared. base: NULL where the part grew from nothing. */
static void add_base(const pgn_image *base, const struct image_part *part, enum image_region region,
                     size_t begin, size_t count, page_source *pages)
{
    const unsigned char *own = part->reservation->base + part->start;
    bool is_remapped = part->reservation->remapped || part->reservation->shared;

    for (uint32_t i = 0; base && i < base->header.section_count; i++) {
        const struct image_section *section = &base->header.sections[i];
        const unsigned char *bytes = image_section_bytes(base, section);
        size_t first = (size_t) (section->offset / PAGE);
        size_t end = first + (size_t) (section->size / PAGE);

        for (size_t page = first < begin ? begin : first;
             section->region == region && page < end && page < begin + count; page++)
            if (!pages[page - begin])
                pages[page - begin] = is_remapped ? own + page * PAGE
                                                  : bytes + (page - first) * PAGE;
    }
}

/* Finds the pages of [offset, offset + count pages) that hold anything: those that have been written to, and of the others
   those of the base. Looking at others would make them exist. False: no memory. */
static bool find_content(const struct image_part *part, enum image_region region, uint64_t offset,
                         size_t count, const pgn_image *base, page_source *pages)
{
    const unsigned char *start = part->reservation->base + part->start + offset;
    size_t begin = (size_t) (offset / PAGE);
    bool *marks = malloc(count ? count : 1);

    if (!marks)
        return false;
    reservation_touched(part->reservation, part->start + (size_t) offset, count, marks);
    for (size_t i = 0; i < count; i++)
        pages[i] = marks[i] ? start + i * PAGE : NULL;
    add_base(base, part, region, begin, count, pages);
    for (size_t i = 0; i < count; i++)
        marks[i] = pages[i] != NULL;
    if (part->arena)
        arena_unmark_free(part->arena, begin, count, marks);
    for (size_t i = 0; i < count; i++)
        if (!marks[i] || is_zero(pages[i]))
            pages[i] = NULL;
    free(marks);
    return true;
}

/* The same of ranges that are a file, of which nothing was mapped. */
static void find_shared_content(const struct image_part *part, const struct image_header *header,
                                page_source *pages)
{
    const unsigned char *start = part->reservation->base + part->start;

    for (uint32_t i = 0; i < header->shared_count; i++) {
        uint64_t at = header->shared[i][0], limit = at + header->shared[i][1], end;

        memset(pages + at / PAGE, 0, header->shared[i][1] / PAGE * sizeof *pages);
        while (at < limit && files_next_data(part->shared_fd, at, &at, &end) > 0 && at < limit)
            for (at -= at % PAGE; at < end && at < limit; at += PAGE)
                pages[at / PAGE] = is_zero(start + at) ? NULL : start + at;
    }
}

static size_t unit_end(size_t page)
{
    return (page + UNIT_PAGES - 1) / UNIT_PAGES * UNIT_PAGES;
}

/* Adds the region's sections; those with less than gap pages between them become one. False when there
   would be too many. */
static bool add_sections(struct image_header *header, enum image_region region,
                         const page_source *pages, size_t count, size_t gap)
{
    struct image_section *section = NULL;
    uint32_t added = 0;

    for (size_t i = 0; i < count; i++) {
        if (!pages[i])
            continue;
        if (!section || i >= (size_t) ((section->offset + section->size) / PAGE) + gap) {
            if (added++ == REGION_SECTIONS_MAX)
                return false;
            section = &header->sections[header->section_count++];
            *section = (struct image_section){.region = region,
                                              .offset = i / UNIT_PAGES * IMAGE_UNIT};
        }
        section->size = unit_end(i + 1) * PAGE - section->offset;
    }
    return true;
}

static void choose_sections(struct image_header *header, enum image_region region,
                            const page_source *pages, size_t count)
{
    uint32_t before = header->section_count;

    for (size_t gap = GAP_PAGES; gap <= GAP_PAGES_MAX; gap *= 2) {
        header->section_count = before;
        if (add_sections(header, region, pages, count, gap))
            return;
    }
}

/* What lies between the pages that hold anything stays a hole in the file. */
static int write_pages(int fd, const page_source *pages, size_t count, uint64_t position)
{
    for (size_t first = 0, end; first < count; first = end) {
        int64_t result;

        end = first + 1;
        if (!pages[first])
            continue;
        while (end < count && end - first < UNIT_PAGES
               && pages[end] == pages[first] + (end - first) * PAGE)
            end++;
        result = files_write(fd, pages[first], (end - first) * PAGE, position + first * PAGE);
        if (result < 0)
            return (int) result;
    }
    return 0;
}

static int write_sections(int fd, const struct image_header *header,
                          page_source *const pages[IMAGE_REGIONS])
{
    for (uint32_t i = 0; i < header->section_count; i++) {
        const struct image_section *section = &header->sections[i];
        int result = write_pages(fd, pages[section->region] + section->offset / PAGE,
                                 (size_t) (section->size / PAGE), section->position);

        if (result < 0)
            return result;
    }
    return files_truncate(fd, header->size);
}

int image_write_range(const pgn_image *base, enum image_region region,
                      const struct image_part *part, uint64_t offset, uint64_t size, int fd)
{
    size_t count = (size_t) (size / PAGE);
    page_source *pages = calloc(count ? count : 1, sizeof *pages);
    int result = -GE_NOMEM;

    if (pages && find_content(part, region, offset, count, base, pages))
        result = write_pages(fd, pages, count, offset);
    free(pages);
    return result;
}

struct image_part image_memory(struct guest *guest)
{
    struct image_part part = {.shared_fd = -1};

    part.reservation = guest_reservation(guest, &part.start);
    return part;
}

enum status image_create(pgn_runtime *runtime, const struct image_part parts[IMAGE_REGIONS],
                         const struct image_header *header, const pgn_image *base, bool is_private,
                         pgn_image **created, struct error *error)
{
    page_source *pages[IMAGE_REGIONS] = {NULL};
    pgn_image *image;
    bool complete = false;
    int fd = memory_file_open();

    if (fd < 0)
        return no_memory_file_for(error, "a snapshot", fd);
    image = calloc(1, sizeof *image);
    if (!image) {
        files_close(fd);
        return no_memory_for(error, "a snapshot");
    }
    begin(image, runtime);
    image->fd = fd;
    image->header = *header;
    memcpy(image->header.magic, magic, MAGIC_SIZE);
    image->header.format = FORMAT;
    image->header.layout = layout();
    guest_id(runtime, image->header.guest_id);
    image->header.size = IMAGE_HEADER_ROOM;
    image->header.section_count = 0;
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++) {
        size_t count = (size_t) (image->header.region_sizes[region] / PAGE);

        pages[region] = calloc(unit_end(count) + 1, sizeof *pages[region]);
        if (!pages[region] || !find_content(&parts[region], region, 0, count, base, pages[region]))
            goto done;
        if (region == IMAGE_MEMORY && parts[region].shared_fd >= 0)
            find_shared_content(&parts[region], &image->header, pages[region]);
        for (uint32_t i = 0; is_private && region == IMAGE_MEMORY && i < header->shared_count; i++)
            memset(pages[region] + header->shared[i][0] / PAGE, 0,
                   header->shared[i][1] / PAGE * sizeof *pages[region]);
        choose_sections(&image->header, region, pages[region], count);
    }
    for (uint32_t i = 0; i < image->header.section_count; i++) {
        image->header.sections[i].position = image->header.size;
        image->header.size += image->header.sections[i].size;
    }
    complete = write_sections(image->fd, &image->header, pages) == 0
               && map_descriptor(image->fd, &image->file) == 0;

done:
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        free(pages[region]);
    if (!complete) {
        image_release(image);
        return no_memory_for(error, "a snapshot");
    }
    *created = image;
    return STATUS_OK;
}

/* Copies the sections, which follow the header without a gap, to the same place in another file, and hashes them on the
   way. */
static int copy_content(const pgn_image *image, int fd, uint64_t *checksum)
{
    XXH3_state_t *state = XXH3_createState();
    unsigned char *buffer = malloc(COPY_SIZE);
    int64_t result = state && buffer ? 0 : -GE_NOMEM;
    uint64_t position = IMAGE_HEADER_ROOM;

    if (result == 0)
        XXH3_64bits_reset(state);
    while (result >= 0 && position < image->header.size) {
        uint64_t left = image->header.size - position;
        size_t size = left < COPY_SIZE ? (size_t) left : COPY_SIZE;

        result = files_read(image->fd, buffer, size, position);
        if (result >= 0 && (size_t) result != size)
            result = -GE_IO;
        if (result < 0)
            break;
        XXH3_64bits_update(state, buffer, size);
        result = files_write(fd, buffer, size, position);
        position += size;
    }
    if (result >= 0)
        *checksum = XXH3_64bits_digest(state);
    free(buffer);
    XXH3_freeState(state);
    return result < 0 ? (int) result : 0;
}

/* The header last: an image that was not finished has none. */
static int64_t save_first(const pgn_image *image, int fd)
{
    struct image_header header = image->header;
    int64_t result;

    header.template_process = image->template_process ? header.size : 0;
    result = copy_content(image, fd, &header.content_checksum);
    header.checksum = image_header_checksum(&header);
    return result ? result : files_write(fd, &header, sizeof header, 0);
}

static int64_t save_second(const pgn_image *image, int fd)
{
    struct difference difference;
    int result;

    if (!difference_find(image, image->template_process, &difference))
        return -GE_NOMEM;
    result = difference_write(&difference, fd, image->header.size);
    difference_close(&difference);
    return result;
}

enum status image_save(const pgn_image *image, int fd, struct error *error)
{
    int64_t result = image->template_process ? save_second(image, fd) : 0;

    if (result >= 0)
        result = save_first(image, fd);
    if (result >= 0)
        result = files_sync(fd, false);
    if (result >= 0)
        return STATUS_OK;
    return error_set_errno(error, (int) result, "cannot write the image");
}

uint64_t image_file_size(const pgn_image *image)
{
    struct difference difference;
    uint64_t size = image->header.size;

    if (!image->template_process)
        return size;
    if (!difference_find(image, image->template_process, &difference))
        return 0;
    size += difference_size(&difference);
    difference_close(&difference);
    return size;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Does a section lie in the file where it has to? An image's own lie back to back, a difference's anywhere in the first
   image. */
static bool is_placed(const struct image_section *section, uint64_t position,
                      const struct image_header *first)
{
    if (!first)
        return section->position == position;
    return section->position % IMAGE_UNIT == 0 && section->position >= IMAGE_HEADER_ROOM
           && section->position <= first->size && section->size <= first->size - section->position;
}

/* Whole units inside the region and the file, in order. first: of which the image is a difference, or NULL. */
static bool has_sound_sections(const struct image_header *header, const struct image_header *first)
{
    uint64_t position = IMAGE_HEADER_ROOM;
    uint64_t region = 0, end = 0; /* of the section before */
    uint64_t limits[IMAGE_REGIONS];

    for (enum image_region i = 0; i < IMAGE_REGIONS; i++)
        limits[i] = unit_end((size_t) (header->region_sizes[i] / PAGE)) * PAGE;

    if (header->section_count > IMAGE_SECTIONS_MAX)
        return false;
    for (uint32_t i = 0; i < header->section_count; i++) {
        const struct image_section *section = &header->sections[i];

        if (section->region >= IMAGE_REGIONS || section->region < region)
            return false;
        if (section->region > region)
            end = 0;
        region = section->region;
        if (section->offset % IMAGE_UNIT || section->size % IMAGE_UNIT || section->offset < end
            || section->size > limits[region] || section->offset > limits[region] - section->size
            || !is_placed(section, position, first))
            return false;
        end = section->offset + section->size;
        position += section->size;
    }
    return first ? header->size >= IMAGE_HEADER_ROOM : position == header->size;
}

/* Whole pages inside the memory, in order. */
static bool has_sound_sharing(const struct image_header *header)
{
    uint64_t end = 0;

    if (header->shared_count > SHARED_RANGES_MAX)
        return false;
    for (uint32_t i = 0; i < header->shared_count; i++) {
        uint64_t address = header->shared[i][0], size = header->shared[i][1];

        if (address % IMAGE_UNIT || size % IMAGE_UNIT || address < end
            || address + size > header->region_sizes[IMAGE_MEMORY])
            return false;
        end = address + size;
    }
    return true;
}

/* Is what follows the header as it is to be? */
static bool has_sound_changes(const struct image_header *header, const struct image_header *first)
{
    return first ? difference_is_sound(header) : header->change_count == 0;
}

/* Why the image that begins at `start` of a file, its first or its second, cannot be used; NULL: it can. The content is
   known to be sound where somebody has checked it before. */
static const char *fault_of(const pgn_runtime *runtime, const struct map *file, uint64_t start,
                            bool is_known)
{
    static const char not_an_image[] = "it is not an image", damaged[] = "its header is damaged";
    const unsigned char *bytes = file->base + start;
    const struct image_header *header = (const void *) bytes;
    const struct image_header *first = start ? (const void *) file->base : NULL;
    uint64_t size = file->size - start;
    uint8_t id[IMAGE_GUEST_ID_SIZE];

    if (size < MAGIC_SIZE || memcmp(bytes, magic, MAGIC_SIZE) != 0)
        return not_an_image;
    if (size < IMAGE_HEADER_ROOM)
        return "it is truncated";
    if (header->format != FORMAT || header->checksum != image_header_checksum(header))
        return header->format == FORMAT ? damaged
                                        : "it has another format: made by another version";
    if (!guest_id(runtime, id) || memcmp(header->guest_id, id, sizeof id) != 0)
        return "it was made with another guest: another version, or other extensions added";
    if (header->layout != layout())
        return "it was made by another version";
    if (size < header->size)
        return "it is truncated";
    if (!has_sound_sections(header, first) || header->region_sizes[IMAGE_MEMORY] > GUEST_MEMORY_MAX
        || header->region_sizes[IMAGE_ARENA] > ENGINE_FILES_MAX || !has_sound_sharing(header)
        || header->template_process % PAGE || header->user[IMAGE_NAME_SIZE - 1]
        || header->database[IMAGE_NAME_SIZE - 1])
        return damaged;
    if (!is_known
        && XXH3_64bits(bytes + IMAGE_HEADER_ROOM, (size_t) header->size - IMAGE_HEADER_ROOM)
               != header->content_checksum)
        return "it is damaged: its checksum is wrong";
    return has_sound_changes(header, first) ? NULL : damaged;
}

/* The image in a file that has been checked, with a descriptor of its own; NULL: no memory or descriptor. */
static pgn_image *image_in(pgn_runtime *runtime, const struct map *file, int fd, uint64_t start)
{
    pgn_image *image = calloc(1, sizeof *image);

    if (!image)
        return NULL;
    image->header = *(const struct image_header *) (const void *) (file->base + start);
    begin(image, runtime);
    image->fd = files_duplicate(fd);
    if (image->fd < 0 || map_descriptor(image->fd, &image->file) < 0) {
        image_release(image);
        return NULL;
    }
    if (start)
        difference_attach(image, start);
    return image;
}

static enum status open_in(pgn_runtime *runtime, const struct map *file, int fd, bool is_known,
                           pgn_image **opened, struct error *error)
{
    const char *fault = fault_of(runtime, file, 0, is_known);
    uint64_t second =
        fault ? 0 : ((const struct image_header *) (const void *) file->base)->template_process;
    pgn_image *image;

    if (!fault && second)
        fault = second > file->size || file->size - second < IMAGE_HEADER_ROOM
                    ? "it is truncated"
                    : fault_of(runtime, file, second, is_known);
    if (fault)
        return error_set(error, STATUS_IMAGE, "the image cannot be used: %s", fault);
    image = image_in(runtime, file, fd, 0);
    if (image && second)
        image->template_process = image_in(runtime, file, fd, second);
    if (image && (!second || image->template_process)) {
        *opened = image;
        return STATUS_OK;
    }
    image_release(image);
    return error_set(error, STATUS_NO_MEMORY, "no memory, map or descriptor for the image");
}

enum status image_open(pgn_runtime *runtime, int fd, bool is_known, pgn_image **opened,
                       struct error *error)
{
    struct map file = {0};
    int result = map_descriptor(fd, &file);
    enum status status;

    if (result == -GE_INVAL)
        status = error_set(error, STATUS_IMAGE, "the image cannot be used: it is not an image");
    else if (result < 0)
        status = error_set_errno(error, result, "cannot open the image");
    else
        status = open_in(runtime, &file, fd, is_known, opened, error);
    map_close(&file);
    return status;
}

enum status image_no_map(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY,
                     "cannot map the image: the process is out of address space or has too many "
                     "memory maps (Linux: vm.max_map_count); close engines");
}

bool image_map_range(const pgn_image *image, enum image_region region,
                     const struct image_part *part, uint64_t from, uint64_t to)
{
    for (uint32_t i = 0; i < image->header.section_count; i++) {
        const struct image_section *section = &image->header.sections[i];
        uint64_t first = section->offset > from ? section->offset : from;
        uint64_t end = section->offset + section->size < to ? section->offset + section->size : to;

        if (section->region == region && first < end
            && !reservation_map(part->reservation, part->start + (size_t) first,
                                (size_t) (end - first), image->fd,
                                section->position + (first - section->offset)))
            return false;
    }
    difference_apply(image, region, part, from, to);
    return true;
}

enum status image_map(const pgn_image *image, const struct image_part parts[IMAGE_REGIONS],
                      struct error *error)
{
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        if (!image_map_range(image, region, &parts[region], 0, UINT64_MAX))
            return image_no_map(error);
    return STATUS_OK;
}
