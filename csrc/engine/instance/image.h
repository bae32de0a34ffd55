/* An image: an idle engine written down. Format and reasons: docs/IMAGE.md. */
#ifndef PGN_ENGINE_IMAGE_H
#define PGN_ENGINE_IMAGE_H

#include <stdatomic.h>

#include "base/status.h"
#include "engine/instance/types.h"
#include "guest/guest.h"
#include "platform/map.h"
#include "platform/reservation.h"

enum { SHARED_RANGES_MAX = 8 }; /* of memory that a guest's sessions share */

enum {
    IMAGE_UNIT =
        PLATFORM_PAGE_MAX, /* what is mapped of a file begins and ends at multiples of it */
    IMAGE_HEADER_ROOM = IMAGE_UNIT,
    IMAGE_SECTIONS_MAX = 24,
    IMAGE_GUEST_ID_SIZE = 32,
    IMAGE_NAME_SIZE = 64
};

/* The two ranges of memory that an instance is. */
enum image_region { IMAGE_MEMORY, IMAGE_ARENA, IMAGE_REGIONS };

struct image_part {
    struct reservation *reservation;
    size_t start;              /* of the region in it */
    const struct arena *arena; /* that the region is; NULL: it is guest memory */
    int shared_fd; /* the file that the ranges of header->shared are, at the same offsets; -1: they are not */
};

/* Units of a region, back to back in the file. Sections are in ascending order of both. */
struct image_section {
    uint64_t region;
    uint64_t offset,
        size;          /* in the region, bytes: whole units, the last of which may end behind it */
    uint64_t position; /* in the file */
};

/* A page that is not as the sections have it: difference.h. */
struct image_change {
    uint64_t region, offset;
};

/* The file's first unit. As it is in memory: images are for hosts that can run a guest in place, and
   those are little-endian. */
struct image_header {
    char magic[8];
    uint32_t format;
    uint32_t section_count;
    uint64_t layout;                       /* of what the arena holds */
    uint8_t guest_id[IMAGE_GUEST_ID_SIZE]; /* the linked module's */
    uint64_t size;                         /* of the file */
    uint64_t content_checksum;             /* of the sections; 0 in an image that was never saved */
    uint64_t region_sizes[IMAGE_REGIONS];
    uint64_t globals[GUEST_GLOBALS_MAX];
    uint32_t global_count;
    uint32_t control;         /* the handshake's, in guest memory; 0: the callback transport */
    uint64_t written;         /* bytes written to files since the last checkpoint */
    uint64_t needs_reseeding; /* nonzero: mapped from an image itself, and never run */
    uint64_t used;            /* nonzero: its session is not as others are to begin */
    uint64_t
        template_process; /* where in a file another image follows, a difference to this; 0: nowhere */
    uint64_t change_count; /* of an image that is such a difference */
    char user[IMAGE_NAME_SIZE], database[IMAGE_NAME_SIZE]; /* the session's */
    uint64_t shared_count;
    uint32_t shared[SHARED_RANGES_MAX][2]; /* address and size of what sessions share */
    struct image_section sections[IMAGE_SECTIONS_MAX];
    uint64_t checksum; /* of all before it */
};

/* Shared by its handle and the engines that were mapped from it, in whatever threads: constant. */
struct pgn_image {
    atomic_uint references;
    pgn_runtime *runtime; /* of which it may have the spare */
    uint64_t number;      /* of the runtime's images: an address comes again, this does not */
    pgn_image
        *template_session; /* where it is used: an image whose session is not; NULL: not known */
    pgn_image *template_process; /* private memory before there was a session; NULL: not known */
    int fd;
    struct map file;
    struct image_header header;
    const struct image_change *changes; /* header.change_count of them */
    const unsigned char *changed;       /* their pages */
};

/* Writes the regions down, beside what the caller has put into header. base: what the parts were mapped
   from, or NULL. is_private: without the memory that header->shared names. */
enum status image_create(pgn_runtime *runtime, const struct image_part parts[IMAGE_REGIONS],
                         const struct image_header *header, const pgn_image *base, bool is_private,
                         pgn_image **image, struct error *error);

/* Lays the sections over the parts, which are zero and committed as far as the region sizes say. */
enum status image_map(const pgn_image *image, const struct image_part parts[IMAGE_REGIONS],
                      struct error *error);

/* The same for what lies in [from, to) of one region, where the part may have other pages in between. */
bool image_map_range(const pgn_image *image, enum image_region region,
                     const struct image_part *part, uint64_t from, uint64_t to);

/* Writes the pages of a part's range that hold anything to the same offsets of a file: 0, or negative errno.
   base: what the part was mapped from, or NULL. */
int image_write_range(const pgn_image *base, enum image_region region,
                      const struct image_part *part, uint64_t offset, uint64_t size, int fd);

/* Where a section's bytes are, in the mapped file. */
const unsigned char *image_section_bytes(const pgn_image *image,
                                         const struct image_section *section);

/* A guest's memory as a part. */
struct image_part image_memory(struct guest *guest);

/* Where a page's bytes are; NULL: it is zero. */
const unsigned char *image_page(const pgn_image *image, enum image_region region, uint64_t offset);

uint64_t image_header_checksum(const struct image_header *header);

/* What failing to map anything of an image is called. */
enum status image_no_map(struct error *error);

/* Was it made with the same guest? By whatever runs that. */
bool image_is_of(const pgn_image *image, const pgn_runtime *runtime);

/* In a file: docs/IMAGE.md. Checked as it is opened, but for the checksum of its content where that is known to be
   sound; saved to an empty one, to the disk. */
enum status image_open(pgn_runtime *runtime, int fd, bool is_known, pgn_image **image,
                       struct error *error);
enum status image_save(const pgn_image *image, int fd, struct error *error);

/* What a file of it takes: with its template_process. 0: no memory. */
uint64_t image_file_size(const pgn_image *image);

pgn_image *image_retain(pgn_image *image);
void image_release(pgn_image *image); /* NULL is fine */

/* Puts one in a place in which another may be. NULL is fine. */
void image_replace(pgn_image **place, pgn_image *image);

#endif
