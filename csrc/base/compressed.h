/* Compressed: frames of zstd's (RFC 8878), each with its content's size and a checksum of it. */
#ifndef PGN_BASE_COMPRESSED_H
#define PGN_BASE_COMPRESSED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct compressed_frame {
    const unsigned char *bytes;
    size_t size, content_size;
};

/* What takes frames apart: one frame at a time. */
struct decoder;

/* NULL when memory is out. */
struct decoder *decoder_open(void);
void decoder_close(struct decoder *decoder); /* NULL is fine */

/* The frame that the bytes begin with. False: it is none, or cut off, or does not say how large its content is. */
bool compressed_find(const void *bytes, size_t size, struct compressed_frame *frame);

/* Writes its content, all of content_size bytes. False: it is damaged, and what has been written is of no use. */
bool compressed_unpack(struct decoder *decoder, const struct compressed_frame *frame, void *to);

#endif
