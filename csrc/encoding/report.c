/* The two errors of encoding conversion, worded and located as PostgreSQL 18.6 reports them. */
#include "encoding-abi.h"

#include "postgres-abi.h"

enum {
    REPORTED_BYTES_MAX = 8,
    REPORTED_BYTE_LENGTH = 5, /* "0x12 " */
};

#define SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE PG_SQLSTATE('2', '2', '0', '2', '1')
#define SQLSTATE_UNTRANSLATABLE_CHARACTER PG_SQLSTATE('2', '2', 'P', '0', '5')

#define SOURCE_FILE "mbutils.c"
enum { INVALID_LINE = 1849, UNTRANSLATABLE_LINE = 1896 };

typedef struct HexBytes {
    char text[REPORTED_BYTES_MAX * REPORTED_BYTE_LENGTH];
} HexBytes;

/* The bytes of the character at the start of `bytes`: "0xe6 0xbc 0xa2". */
static HexBytes hex_of_character(int encoding, const char *bytes, int length)
{
    static const char digits[] = "0123456789abcdef";
    int count = encoding_announced_length(encoding, (const unsigned char *) bytes, length);
    HexBytes hex = {.text = ""};
    char *next = hex.text;

    if (count > length)
        count = length;
    if (count > REPORTED_BYTES_MAX)
        count = REPORTED_BYTES_MAX;
    for (int i = 0; i < count; i++) {
        unsigned char byte = (unsigned char) bytes[i];
        if (i > 0)
            *next++ = ' ';
        *next++ = '0';
        *next++ = 'x';
        *next++ = digits[byte >> 4];
        *next++ = digits[byte & 0xf];
    }
    *next = '\0';
    return hex;
}

_Noreturn void report_invalid_encoding(int encoding, const char *bytes, int length)
{
    HexBytes hex = hex_of_character(encoding, bytes, length);

    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE);
    errmsg("invalid byte sequence for encoding \"%s\": %s", encoding_name(encoding), hex.text);
    errfinish(SOURCE_FILE, INVALID_LINE, "report_invalid_encoding_int");
    __builtin_unreachable();
}

_Noreturn void report_untranslatable_char(int source_encoding, int target_encoding,
                                          const char *bytes, int length)
{
    HexBytes hex = hex_of_character(source_encoding, bytes, length);

    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_UNTRANSLATABLE_CHARACTER);
    errmsg(
        "character with byte sequence %s in encoding \"%s\" has no equivalent in encoding \"%s\"",
        hex.text, encoding_name(source_encoding), encoding_name(target_encoding));
    errfinish(SOURCE_FILE, UNTRANSLATABLE_LINE, "report_untranslatable_char");
    __builtin_unreachable();
}
