/* Images, as files: what is wrong with one is found before anything is mapped, and what is accepted is mapped where it says.
 *
 * An input is edits to a sound image: an offset, a length, bytes; then where it is cut off. Checksums are then made to fit, unless the
 * input says otherwise. An image's pages are what an engine runs on (docs/IMAGE.md), and are not looked at.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/instance/image.h"
#include "engine/instance/runtime.h"
#include "fuzz.h"
#include "guest/tier.h"

enum {
    REGION_SIZE = 32 * GUEST_PAGE,
    FILE_MAX = 16 * IMAGE_UNIT,
    EDIT_MAX = 64,
    KEEPS_CHECKSUM = 0x80,
    FAR_PAGE = 300 /* from the first page, so that both are sections */
};

static struct pgn_runtime runtime;
static struct guest_module module;
static struct reservation regions[IMAGE_REGIONS];
static struct image_part parts[IMAGE_REGIONS];
static unsigned char sound[FILE_MAX], file[FILE_MAX];
static size_t sound_size;
static int fd, again;

static void fill(struct reservation *region)
{
    FUZZ_CHECK(reservation_open(region, REGION_SIZE));
    FUZZ_CHECK(reservation_commit(region, REGION_SIZE));
    region->base[0] = 'a';
    region->base[(size_t) FAR_PAGE * PLATFORM_PAGE] = 'b';
}

/* Once: an image of both regions, with another behind it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t build_id[] = {1, 2, 3, 4};
    struct image_header header = {.region_sizes = {REGION_SIZE, REGION_SIZE},
                                  .global_count = 1,
                                  .user = "postgres",
                                  .shared_count = 1,
                                  .shared = {{IMAGE_UNIT, IMAGE_UNIT}}};
    pgn_image *image, *second, *opened;
    struct error error;

    (void) argc, (void) argv;
    module.binary.build_id = build_id;
    module.binary.build_id_size = sizeof build_id;
    runtime.module = &module;
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++) {
        fill(&regions[region]);
        parts[region] = (struct image_part){.reservation = &regions[region], .shared_fd = -1};
    }
    FUZZ_CHECK(!image_create(&runtime, parts, &header, NULL, false, &image, &error));
    regions[IMAGE_MEMORY].base[PLATFORM_PAGE] = 'c'; /* a change */
    FUZZ_CHECK(!image_create(&runtime, parts, &header, NULL, true, &second, &error));
    image->template_process = second;
    fd = memfd_create("image", 0);
    again = memfd_create("saved", 0);
    FUZZ_CHECK(fd >= 0 && again >= 0 && !image_save(image, fd, &error));
    sound_size = (size_t) lseek(fd, 0, SEEK_END);
    FUZZ_CHECK(sound_size <= FILE_MAX && pread(fd, sound, FILE_MAX, 0) == (ssize_t) sound_size);
    image_release(image);
    /* Else nothing behind the header's checks would be reached. */
    FUZZ_CHECK(!image_open(&runtime, fd, false, &opened, &error));
    image_release(opened);
    return 0;
}

static void fix_checksums(size_t start, size_t size)
{
    struct image_header header;

    if (start % PLATFORM_PAGE || start > size || size - start < IMAGE_HEADER_ROOM)
        return;
    memcpy(&header, file + start, sizeof header);
    if (header.size >= IMAGE_HEADER_ROOM && header.size <= size - start)
        header.content_checksum = XXH3_64bits(file + start + IMAGE_HEADER_ROOM,
                                              (size_t) header.size - IMAGE_HEADER_ROOM);
    header.checksum = XXH3_64bits(&header, offsetof(struct image_header, checksum));
    memcpy(file + start, &header, sizeof header);
}

/* Bytes of the file. */
static size_t edit(struct input *input)
{
    uint8_t how = input_byte(input);
    size_t size = how & 1 ? (size_t) input_number(input, 3) % FILE_MAX : sound_size;
    size_t template_process;

    memcpy(file, sound, sound_size);
    memset(file + sound_size, 0, FILE_MAX - sound_size);
    while (input->at < input->end) {
        size_t offset = (size_t) input_number(input, 2);
        size_t length = input_byte(input) % EDIT_MAX;

        if (how & 2) /* in the image behind */
            offset += sound_size / 2;
        for (; length > 0 && offset < size; length--)
            file[offset++] = input_byte(input);
    }
    if (how & KEEPS_CHECKSUM)
        return size;
    memcpy(&template_process, file + offsetof(struct image_header, template_process),
           sizeof template_process);
    fix_checksums(template_process, size);
    fix_checksums(0, size);
    return size;
}

/* Wherever it is accepted, it lies within what it says of itself. */
static void map(pgn_image *image)
{
    struct error error;

    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        if (image->header.region_sizes[region] > REGION_SIZE)
            return; /* as large as a guest may be, and so larger than these */
    for (enum image_region region = 0; region < IMAGE_REGIONS; region++)
        FUZZ_CHECK(reservation_zero(&regions[region]));
    FUZZ_CHECK(!image_map(image, parts, &error));
    for (uint32_t i = 0; i < image->header.section_count; i++) {
        const struct image_section *section = &image->header.sections[i];

        for (uint64_t at = 0; at < section->size; at += PLATFORM_PAGE)
            (void) *(volatile unsigned char *) (regions[section->region].base + section->offset
                                                + at);
    }
}

/* What is saved is what was opened. */
static void save(pgn_image *image)
{
    pgn_image *copy;
    struct error error;

    FUZZ_CHECK(ftruncate(again, 0) == 0 && !image_save(image, again, &error));
    FUZZ_CHECK(!image_open(&runtime, again, false, &copy, &error));
    FUZZ_CHECK(copy->header.size == image->header.size);
    image_release(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    size_t length = edit(&input);
    pgn_image *image;
    struct error error;

    FUZZ_CHECK(pwrite(fd, file, length, 0) == (ssize_t) length);
    FUZZ_CHECK(ftruncate(fd, (off_t) length) == 0);
    if (image_open(&runtime, fd, false, &image, &error))
        return 0;
    map(image);
    if (image->template_process)
        map(image->template_process);
    save(image);
    image_release(image);
    return 0;
}
