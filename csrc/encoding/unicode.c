/* Conversions between UTF-8 and every other encoding: a radix tree, a short table of pairs of characters
 * that combine, and an optional algorithm, tried in that order. */
#include "encoding-abi.h"

#include "postgres-abi.h"

#define SQLSTATE_INVALID_PARAMETER_VALUE PG_SQLSTATE('2', '2', '0', '2', '3')

/* Lines of the "invalid encoding number" reports in PostgreSQL 18.6. */
#define SOURCE_FILE "conv.c"
enum { UTF_TO_LOCAL_LINE = 520, LOCAL_TO_UTF_LINE = 731 };

/* The character's bytes as one big-endian word: E8 A2 B4 is 0x00E8A2B4. */
static uint32_t word_of(const unsigned char *bytes, int count)
{
    uint32_t word = 0;

    for (int i = 0; i < count; i++)
        word = word << 8 | bytes[i];
    return word;
}

/* The reverse; no encoding has a zero byte inside a character, so zero bytes are not there. */
static unsigned char *put_word(unsigned char *target, uint32_t word)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        if ((word >> shift & 0xff) != 0)
            *target++ = (unsigned char) (word >> shift & 0xff);
    return target;
}

/* The tree's answer for a character of `count` bytes, or 0. */
static uint32_t look_up(const PGRadixTree *tree, const unsigned char *bytes, int count)
{
    const uint8_t *bounds;
    uint32_t at;

    switch (count) {
    case 1:
        at = tree->root1;
        bounds = tree->bounds1;
        break;
    case 2:
        at = tree->root2;
        bounds = tree->bounds2;
        break;
    case 3:
        at = tree->root3;
        bounds = tree->bounds3;
        break;
    case 4:
        at = tree->root4;
        bounds = tree->bounds4;
        break;
    default:
        return 0;
    }
    for (int i = 0; i < count; i++, bounds += 2) {
        if (bytes[i] < bounds[0] || bytes[i] > bounds[1])
            return 0;
        at += bytes[i] - bounds[0];
        at = tree->chars32 != NULL ? tree->chars32[at] : tree->chars16[at];
    }
    return at;
}

/* Both tables are sorted; they have at most a few dozen entries. */

static uint32_t combine(const PGUtfToLocalCombined *table, int count, uint32_t utf1, uint32_t utf2)
{
    int low = 0;
    int high = count;

    while (low < high) {
        int middle = low + (high - low) / 2;
        const PGUtfToLocalCombined *entry = &table[middle];
        if (entry->utf1 == utf1 && entry->utf2 == utf2)
            return entry->code;
        if (entry->utf1 < utf1 || (entry->utf1 == utf1 && entry->utf2 < utf2))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static const PGLocalToUtfCombined *separate(const PGLocalToUtfCombined *table, int count,
                                            uint32_t code)
{
    int low = 0;
    int high = count;

    while (low < high) {
        int middle = low + (high - low) / 2;
        if (table[middle].code == code)
            return &table[middle];
        if (table[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void check_encoding(int encoding, int line, const char *function)
{
    if (encoding_is_valid(encoding))
        return;
    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_INVALID_PARAMETER_VALUE);
    errmsg("invalid encoding number: %d", encoding);
    errfinish(SOURCE_FILE, line, function);
}

/* The length of the legal UTF-8 character at the start of `utf`, or 0. NUL is one: it is legal UTF-8, the
 * caller refuses it where a character of text has to be. */
static int utf8_character(const unsigned char *utf, int length)
{
    int count = encoding_announced_length(PG_UTF8, utf, length);

    return count <= length && pg_utf8_islegal(utf, count) ? count : 0;
}

int UtfToLocal(const unsigned char *utf, int length, unsigned char *local, const PGRadixTree *tree,
               const PGUtfToLocalCombined *combined, int combined_count, PGConvertCharacter convert,
               int encoding, bool no_error)
{
    int taken = 0;

    check_encoding(encoding, UTF_TO_LOCAL_LINE, "UtfToLocal");
    while (taken < length) {
        const unsigned char *next = utf + taken;
        int left = length - taken;
        int count = *next == 0 ? 0 : utf8_character(next, left);
        uint32_t code = 0;

        if (count == 0) {
            if (no_error)
                break;
            report_invalid_encoding(PG_UTF8, (const char *) next, left);
        }
        if (count == 1) {
            *local++ = *next;
            taken++;
            continue;
        }
        if (combined != NULL && left > count) {
            /* Whether it combines cannot be said before the character after it is whole: stop there,
             * so that a caller with more to come starts again with both. */
            const unsigned char *after = next + count;
            int left_after = left - count;
            int second = utf8_character(after, left_after);
            if (second == 0) {
                bool cut = encoding_announced_length(PG_UTF8, after, left_after) > left_after;
                if (no_error)
                    break;
                /* Of one that is cut off PostgreSQL names the first character, by as many bytes. */
                report_invalid_encoding(PG_UTF8, (const char *) (cut ? next : after), left_after);
            }
            code = combine(combined, combined_count, word_of(next, count), word_of(after, second));
            if (code != 0)
                count += second;
        }
        if (code == 0 && tree != NULL)
            code = look_up(tree, next, count);
        if (code == 0 && convert != NULL)
            code = convert(word_of(next, count));
        if (code == 0) {
            if (no_error)
                break;
            report_untranslatable_char(PG_UTF8, encoding, (const char *) next, left);
        }
        local = put_word(local, code);
        taken += count;
    }
    *local = '\0';
    return taken;
}

int LocalToUtf(const unsigned char *local, int length, unsigned char *utf, const PGRadixTree *tree,
               const PGLocalToUtfCombined *combined, int combined_count, PGConvertCharacter convert,
               int encoding, bool no_error)
{
    int taken = 0;

    check_encoding(encoding, LOCAL_TO_UTF_LINE, "LocalToUtf");
    while (taken < length) {
        const unsigned char *next = local + taken;
        int left = length - taken;
        const PGLocalToUtfCombined *pair = NULL;
        uint32_t code = 0;
        int count = 1;

        if (*next == 0)
            count = -1;
        else if (*next >= PG_ASCII_COUNT)
            count = pg_encoding_verifymbchar(encoding, (const char *) next, left);
        if (count < 0) {
            if (no_error)
                break;
            report_invalid_encoding(encoding, (const char *) next, left);
        }
        if (*next < PG_ASCII_COUNT) {
            *utf++ = *next;
            taken++;
            continue;
        }
        if (tree != NULL)
            code = look_up(tree, next, count);
        if (code == 0 && combined != NULL)
            pair = separate(combined, combined_count, word_of(next, count));
        if (code == 0 && pair == NULL && convert != NULL)
            code = convert(word_of(next, count));
        if (code == 0 && pair == NULL) {
            if (no_error)
                break;
            report_untranslatable_char(encoding, PG_UTF8, (const char *) next, left);
        }
        if (pair != NULL) {
            utf = put_word(utf, pair->utf1);
            utf = put_word(utf, pair->utf2);
        } else {
            utf = put_word(utf, code);
        }
        taken += count;
    }
    *utf = '\0';
    return taken;
}
