/* Frames of zstd's, by zstd's own decoder.
 *
 * Included, not copied: vendor/ fetches and verifies its sources. They are one translation unit, as zstd's own single-file
 * decoder is, without what this program has no use for: assembly, variants for some processors and some kinds of content,
 * old formats, sentences for errors.
 */
#pragma GCC diagnostic ignored "-Wunused-function"

#define DEBUGLEVEL 0
#define DYNAMIC_BMI2 0
#define HUF_FORCE_DECOMPRESS_X1 1
#define XXH_NAMESPACE ZSTD_
#define XXH_PRIVATE_API
#define ZSTD_DISABLE_ASM 1
#define ZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT 1
#define ZSTD_LEGACY_SUPPORT 0
#define ZSTD_STRIP_ERROR_STRINGS
#define ZSTD_TRACE 0
#define ZSTDLIB_VISIBLE
#define ZSTDERRORLIB_VISIBLE

#include <common/entropy_common.c>
#include <common/error_private.c>
#include <common/fse_decompress.c>
#include <common/zstd_common.c>
#include <decompress/huf_decompress.c>
#include <decompress/zstd_ddict.c>
#include <decompress/zstd_decompress.c>
#include <decompress/zstd_decompress_block.c>

#include "base/compressed.h"

struct decoder *decoder_open(void)
{
    return (struct decoder *) ZSTD_createDCtx();
}

void decoder_close(struct decoder *decoder)
{
    ZSTD_freeDCtx((ZSTD_DCtx *) decoder);
}

bool compressed_find(const void *bytes, size_t size, struct compressed_frame *frame)
{
    unsigned long long content = ZSTD_getFrameContentSize(bytes, size);
    size_t own = ZSTD_findFrameCompressedSize(bytes, size);

    if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN
        || content > SIZE_MAX || ZSTD_isError(own))
        return false;
    *frame = (struct compressed_frame){bytes, own, (size_t) content};
    return true;
}

bool compressed_unpack(struct decoder *decoder, const struct compressed_frame *frame, void *to)
{
    return ZSTD_decompressDCtx((ZSTD_DCtx *) decoder, to, frame->content_size, frame->bytes,
                               frame->size)
           == frame->content_size;
}
