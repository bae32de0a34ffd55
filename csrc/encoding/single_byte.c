/* Conversions between single-byte encodings, and between them and MULE_INTERNAL.
 *
 * ASCII is the same in all of them, NUL is never text, and the other 128 bytes go through a table. In
 * MULE_INTERNAL a byte of an official single-byte set is preceded by that set's leading byte. */
#include "encoding-abi.h"

enum { MULE_PAIR_LENGTH = 2 };

/* A table's answer for a byte that is not ASCII; without a table (NULL) the byte stays itself. */
static unsigned char translate(const unsigned char *table, unsigned char byte)
{
    return table == NULL ? byte : table[byte - PG_ASCII_COUNT];
}

int local2local(const unsigned char *source, unsigned char *target, int length, int source_encoding,
                int target_encoding, const unsigned char *table, bool no_error)
{
    int taken = 0;

    for (; taken < length; taken++) {
        unsigned char byte = source[taken];
        if (byte == 0) {
            if (no_error)
                break;
            report_invalid_encoding(source_encoding, (const char *) source + taken, length - taken);
        }
        if (byte >= PG_ASCII_COUNT)
            byte = translate(table, byte);
        if (byte == 0) {
            if (no_error)
                break;
            report_untranslatable_char(source_encoding, target_encoding,
                                       (const char *) source + taken, length - taken);
        }
        *target++ = byte;
    }
    *target = '\0';
    return taken;
}

int latin2mic_with_table(const unsigned char *source, unsigned char *target, int length,
                         int charset, int encoding, const unsigned char *table, bool no_error)
{
    int taken = 0;

    for (; taken < length; taken++) {
        unsigned char byte = source[taken];
        if (byte == 0) {
            if (no_error)
                break;
            report_invalid_encoding(encoding, (const char *) source + taken, length - taken);
        }
        if (byte >= PG_ASCII_COUNT) {
            byte = translate(table, byte);
            if (byte == 0) {
                if (no_error)
                    break;
                report_untranslatable_char(encoding, PG_MULE_INTERNAL,
                                           (const char *) source + taken, length - taken);
            }
            *target++ = (unsigned char) charset;
        }
        *target++ = byte;
    }
    *target = '\0';
    return taken;
}

int mic2latin_with_table(const unsigned char *source, unsigned char *target, int length,
                         int charset, int encoding, const unsigned char *table, bool no_error)
{
    int taken = 0;

    while (taken < length) {
        const unsigned char *next = source + taken;
        int left = length - taken;
        int count = encoding_announced_length(PG_MULE_INTERNAL, next, left);
        unsigned char byte = 0;

        if (next[0] == 0 || (next[0] >= PG_ASCII_COUNT && count > left)) {
            if (no_error)
                break;
            report_invalid_encoding(PG_MULE_INTERNAL, (const char *) next, left);
        }
        if (next[0] < PG_ASCII_COUNT)
            byte = next[0];
        else if (count == MULE_PAIR_LENGTH && next[0] == charset && next[1] >= PG_ASCII_COUNT)
            byte = translate(table, next[1]);
        if (byte == 0) {
            if (no_error)
                break;
            report_untranslatable_char(PG_MULE_INTERNAL, encoding, (const char *) next, left);
        }
        *target++ = byte;
        taken += count;
    }
    *target = '\0';
    return taken;
}

int latin2mic(const unsigned char *source, unsigned char *target, int length, int charset,
              int encoding, bool no_error)
{
    return latin2mic_with_table(source, target, length, charset, encoding, NULL, no_error);
}

int mic2latin(const unsigned char *source, unsigned char *target, int length, int charset,
              int encoding, bool no_error)
{
    return mic2latin_with_table(source, target, length, charset, encoding, NULL, no_error);
}
