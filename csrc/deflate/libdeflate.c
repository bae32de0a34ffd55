/* libdeflate's interface for zlib's format, by zlib itself, which is linked with who asks for this.
 *
 * PGlite's build of PostGIS calls libdeflate (GDAL, for TIFF and PNG) and does not contain it. */
#include "guest-libc.h"

/* z_stream, where a pointer and a long have 4 bytes. */
typedef struct Stream {
    const uint8_t *input;
    uint32_t input_left, total_input;
    uint8_t *output;
    uint32_t output_left, total_output;
    const char *message;
    void *state, *allocate, *release, *opaque;
    int data_type;
    uint32_t checksum, reserved;
} Stream;
_Static_assert(sizeof(void *) != 4 || sizeof(Stream) == 56, "z_stream");

enum { FINISH = 4, STREAM_END = 1, OK = 0, BUFFER_ERROR = -5 };
#define VERSION "1" /* zlib compares the first character */
int deflateInit_(Stream *stream, int level, const char *version, int size);
int deflate(Stream *stream, int flush);
int deflateEnd(Stream *stream);
int inflateInit_(Stream *stream, const char *version, int size);
int inflate(Stream *stream, int flush);
int inflateEnd(Stream *stream);

enum { LEVEL_MAX = 9 };
typedef struct libdeflate_compressor {
    int level;
} Compressor;
typedef struct libdeflate_decompressor {
    int unused;
} Decompressor;

/* enum libdeflate_result */
enum { SUCCESS, BAD_DATA, SHORT_OUTPUT, INSUFFICIENT_SPACE };

GUEST_EXPORT(libdeflate_alloc_compressor) Compressor *libdeflate_alloc_compressor(int level)
{
    Compressor *compressor = malloc(sizeof *compressor);
    if (compressor)
        compressor->level = level < LEVEL_MAX ? level : LEVEL_MAX;
    return compressor;
}

GUEST_EXPORT(libdeflate_free_compressor) void libdeflate_free_compressor(Compressor *compressor)
{
    free(compressor);
}

/* zlib's compressBound, for any memory level: a stored block for every 16383 bytes at most. */
GUEST_EXPORT(libdeflate_zlib_compress_bound)
size_t libdeflate_zlib_compress_bound(Compressor *compressor, size_t size)
{
    (void) compressor;
    return size + (size >> 12) + (size >> 14) + (size >> 25) + 13;
}

/* The size of what has been written; 0: there is no room for it. */
GUEST_EXPORT(libdeflate_zlib_compress)
size_t libdeflate_zlib_compress(Compressor *compressor, const void *in, size_t size, void *out,
                                size_t room)
{
    Stream stream = {.input = in, .input_left = size, .output = out, .output_left = room};
    if (deflateInit_(&stream, compressor->level, VERSION, sizeof stream) != OK)
        return 0;
    int status = deflate(&stream, FINISH);
    deflateEnd(&stream);
    return status == STREAM_END ? stream.total_output : 0;
}

GUEST_EXPORT(libdeflate_alloc_decompressor) Decompressor *libdeflate_alloc_decompressor(void)
{
    return malloc(sizeof(Decompressor));
}

GUEST_EXPORT(libdeflate_free_decompressor)
void libdeflate_free_decompressor(Decompressor *decompressor)
{
    free(decompressor);
}

GUEST_EXPORT(libdeflate_zlib_decompress)
int libdeflate_zlib_decompress(Decompressor *decompressor, const void *in, size_t size, void *out,
                               size_t room, size_t *written)
{
    (void) decompressor;
    Stream stream = {.input = in, .input_left = size, .output = out, .output_left = room};
    if (inflateInit_(&stream, VERSION, sizeof stream) != OK)
        return BAD_DATA;
    int status = inflate(&stream, FINISH);
    inflateEnd(&stream);
    if ((status == BUFFER_ERROR || status == OK) && stream.output_left == 0)
        return INSUFFICIENT_SPACE;
    if (status != STREAM_END)
        return BAD_DATA;
    if (written)
        *written = stream.total_output;
    else if (stream.output_left > 0)
        return SHORT_OUTPUT;
    return SUCCESS;
}
