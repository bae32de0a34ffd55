/* The C interface to compressed bytes, for what Python reads of the package. */
#include "base/compressed.h"

#include "engine/api/gate.h"

static enum status damaged(struct error *error)
{
    return error_set(error, STATUS_MODULE,
                     "a compressed file of the package is damaged: install it again");
}

int pgn_unpacked_size(const uint8_t *bytes, size_t size, size_t *unpacked, pgn_error *pgn_error)
{
    struct compressed_frame frame;
    struct error error;

    for (*unpacked = 0; size > 0; bytes += frame.size, size -= frame.size) {
        if (!compressed_find(bytes, size, &frame) || frame.content_size > SIZE_MAX - *unpacked) {
            damaged(&error);
            return api_error(pgn_error, &error);
        }
        *unpacked += frame.content_size;
    }
    return STATUS_OK;
}

int pgn_unpack(const uint8_t *bytes, size_t size, uint8_t *to, pgn_error *pgn_error)
{
    struct decoder *decoder = decoder_open();
    struct compressed_frame frame;
    enum status status = decoder ? STATUS_OK : STATUS_NO_MEMORY;
    struct error error;

    if (status)
        error_set(&error, status, "no memory for unpacking");
    for (; !status && size > 0; bytes += frame.size, size -= frame.size, to += frame.content_size)
        if (!compressed_find(bytes, size, &frame) || !compressed_unpack(decoder, &frame, to)) {
            status = damaged(&error);
            break;
        }
    decoder_close(decoder);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}
