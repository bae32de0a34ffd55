/* A second image in a file: parts of the first one's sections, and the pages that are not as those have them. Format:
 * docs/IMAGE.md.
 *
 * A process with a session and one without have most pages in common: those of the module's data.
 */
#ifndef PGN_ENGINE_DIFFERENCE_H
#define PGN_ENGINE_DIFFERENCE_H

#include "engine/instance/image.h"

struct difference {
    struct image_header header;
    struct image_change *changes;
    const unsigned char **pages; /* in the second image, one for each change; NULL: zeros */
};

/* From the first image to the second, both of which are used as long as this is. False: no memory. */
bool difference_find(const pgn_image *first, const pgn_image *second,
                     struct difference *difference);
void difference_close(struct difference *difference);

/* Of the whole file. The header is written last: 0, or negative errno. */
uint64_t difference_size(const struct difference *difference);
int difference_write(struct difference *difference, int fd, uint64_t start);

/* Does a header that has a difference's sections, in a file, stand before changes of its regions, in order? The file has all
   of header->size. */
bool difference_is_sound(const struct image_header *header);

/* Has an image know its changes, which stand behind its header in its file. */
void difference_attach(pgn_image *image, uint64_t start);

/* What a page was changed to; NULL: it was not. */
const unsigned char *difference_page(const pgn_image *image, enum image_region region,
                                     uint64_t offset);

/* Copies the changes in [from, to) of a region over what has been mapped there. */
void difference_apply(const pgn_image *image, enum image_region region,
                      const struct image_part *part, uint64_t from, uint64_t to);

#endif
