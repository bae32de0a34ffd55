/* Conversions of text: no byte outside source and target is touched, and what is written is what the result says. */
#include <string.h>

#include "encoding-abi.h"
#include "fake_postgres.h"
#include "fuzz.h"

enum { ENCODINGS = 42, ROWS = 256, GROWTH_MAX = 4 };

static unsigned char table[PG_ASCII_COUNT];
static uint32_t rows[ROWS * 5]; /* zeros, results, and rows that lead to those before */
static PGRadixTree tree;

static uint32_t convert_some(uint32_t code)
{
    return code % 3 ? 0 : (code & 0x7f7f) | 0x8080;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    for (int i = 0; i < PG_ASCII_COUNT; i++)
        table[i] = (unsigned char) (i % 7 ? 0x80 + (i * 5) % 0x80 : 0);
    for (int i = 0; i < ROWS; i++) /* a row of results; others point to it */
        rows[ROWS + i] = i % 5 ? 0x80u + (uint32_t) i : 0;
    for (int level = 2; level < 5; level++)
        for (int i = 0; i < ROWS; i++)
            rows[level * ROWS + i] = i % 11 ? (uint32_t) (level - 1) * ROWS : 0;
    tree = (PGRadixTree){
        .chars32 = rows,
        .root1 = ROWS,
        .bounds1 = {0, 255},
        .root2 = 2 * ROWS,
        .bounds2 = {0, 255, 0, 255},
        .root3 = 3 * ROWS,
        .bounds3 = {0, 255, 0, 255, 0, 255},
        .root4 = 4 * ROWS,
        .bounds4 = {0, 255, 0, 255, 0, 255, 0, 255},
    };
    return 0;
}

static int convert(unsigned which, int encoding, bool no_error, const unsigned char *source,
                   int length, unsigned char *target)
{
    switch (which) {
    case 0:
        return UtfToLocal(source, length, target, &tree, NULL, 0, convert_some, encoding, no_error);
    case 1:
        return LocalToUtf(source, length, target, &tree, NULL, 0, convert_some, encoding, no_error);
    case 2:
        return local2local(source, target, length, encoding, 8, table, no_error);
    case 3:
        return latin2mic(source, target, length, 0x81, encoding, no_error);
    case 4:
        return mic2latin(source, target, length, 0x81, encoding, no_error);
    case 5:
        return latin2mic_with_table(source, target, length, 0x81, encoding, table, no_error);
    case 6:
        return mic2latin_with_table(source, target, length, 0x81, encoding, table, no_error);
    default:
        return length == 0 ? 0 : pg_encoding_verifymbchar(encoding, (const char *) source, length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    unsigned which = input_byte(&input) % 8;
    int encoding = input_byte(&input) % ENCODINGS;
    bool no_error = input_byte(&input) & 1;
    int length = (int) input_left(&input);
    unsigned char *source = malloc((size_t) length + 1);
    unsigned char *target = malloc((size_t) length * GROWTH_MAX + 1);
    volatile int done = -1;

    FUZZ_CHECK(source && target);
    memcpy(source, input.at, (size_t) length);
    source[length] = '\0'; /* as PostgreSQL has it */
    FAKE_TRY(done = convert(which, encoding, no_error, source, length, target));
    FUZZ_CHECK(done >= -1 && done <= length);
    if (done >= 0 && which < 7)
        FUZZ_CHECK(memchr(target, '\0', (size_t) length * GROWTH_MAX + 1));
    free(source);
    free(target);
    return 0;
}
