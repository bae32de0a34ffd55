/* What a character is, in each of PostgreSQL's encodings. */
#include "encoding-abi.h"

#include <limits.h>

enum {
    EUC_SINGLE_SHIFT_2 = 0x8e, /* lead bytes that select another code set for one character */
    EUC_SINGLE_SHIFT_3 = 0x8f,
};

/* Encodings whose characters have the same structure. */
typedef enum Scheme {
    SCHEME_SINGLE_BYTE,
    SCHEME_UTF8,
    SCHEME_MULE,
    SCHEME_EUC_JP,
    SCHEME_EUC_CN,
    SCHEME_EUC_KR,
    SCHEME_EUC_TW,
    SCHEME_JOHAB,
    SCHEME_SJIS,
    SCHEME_DOUBLE_BYTE,
    SCHEME_GB18030,
} Scheme;

/* By encoding number. Names are stored in place: a pointer would need a relocation each. */
static const struct {
    char name[15];
    uint8_t scheme;
} encodings[PG_ENCODING_COUNT] = {
    {"SQL_ASCII", SCHEME_SINGLE_BYTE},
    {"EUC_JP", SCHEME_EUC_JP},
    {"EUC_CN", SCHEME_EUC_CN},
    {"EUC_KR", SCHEME_EUC_KR},
    {"EUC_TW", SCHEME_EUC_TW},
    {"EUC_JIS_2004", SCHEME_EUC_JP},
    {"UTF8", SCHEME_UTF8},
    {"MULE_INTERNAL", SCHEME_MULE},
    {"LATIN1", SCHEME_SINGLE_BYTE},
    {"LATIN2", SCHEME_SINGLE_BYTE},
    {"LATIN3", SCHEME_SINGLE_BYTE},
    {"LATIN4", SCHEME_SINGLE_BYTE},
    {"LATIN5", SCHEME_SINGLE_BYTE},
    {"LATIN6", SCHEME_SINGLE_BYTE},
    {"LATIN7", SCHEME_SINGLE_BYTE},
    {"LATIN8", SCHEME_SINGLE_BYTE},
    {"LATIN9", SCHEME_SINGLE_BYTE},
    {"LATIN10", SCHEME_SINGLE_BYTE},
    {"WIN1256", SCHEME_SINGLE_BYTE},
    {"WIN1258", SCHEME_SINGLE_BYTE},
    {"WIN866", SCHEME_SINGLE_BYTE},
    {"WIN874", SCHEME_SINGLE_BYTE},
    {"KOI8R", SCHEME_SINGLE_BYTE},
    {"WIN1251", SCHEME_SINGLE_BYTE},
    {"WIN1252", SCHEME_SINGLE_BYTE},
    {"ISO_8859_5", SCHEME_SINGLE_BYTE},
    {"ISO_8859_6", SCHEME_SINGLE_BYTE},
    {"ISO_8859_7", SCHEME_SINGLE_BYTE},
    {"ISO_8859_8", SCHEME_SINGLE_BYTE},
    {"WIN1250", SCHEME_SINGLE_BYTE},
    {"WIN1253", SCHEME_SINGLE_BYTE},
    {"WIN1254", SCHEME_SINGLE_BYTE},
    {"WIN1255", SCHEME_SINGLE_BYTE},
    {"WIN1257", SCHEME_SINGLE_BYTE},
    {"KOI8U", SCHEME_SINGLE_BYTE},
    {"SJIS", SCHEME_SJIS},
    {"BIG5", SCHEME_DOUBLE_BYTE},
    {"GBK", SCHEME_DOUBLE_BYTE},
    {"UHC", SCHEME_DOUBLE_BYTE},
    {"GB18030", SCHEME_GB18030},
    {"JOHAB", SCHEME_JOHAB},
    {"SHIFT_JIS_2004", SCHEME_SJIS},
};

bool encoding_is_valid(int encoding)
{
    return encoding >= 0 && encoding < PG_ENCODING_COUNT;
}

const char *encoding_name(int encoding)
{
    return encodings[encoding].name;
}

static bool within(unsigned char byte, unsigned char low, unsigned char high)
{
    return low <= byte && byte <= high;
}

static bool is_ascii(unsigned char byte)
{
    return byte < PG_ASCII_COUNT;
}

static bool is_euc(unsigned char byte)
{
    return within(byte, 0xa1, 0xfe);
}

static int utf8_length(unsigned char lead)
{
    if (within(lead, 0xc0, 0xdf))
        return 2;
    if (within(lead, 0xe0, 0xef))
        return 3;
    if (within(lead, 0xf0, 0xf7))
        return 4;
    return 1;
}

/* The lead byte says which character set, and so how many bytes. */
static int mule_length(unsigned char lead)
{
    if (within(lead, 0x81, 0x8d)) /* official, single byte */
        return 2;
    if (within(lead, 0x9a, 0x9b)) /* private, single byte */
        return 3;
    if (within(lead, 0x90, 0x99)) /* official, multibyte */
        return 3;
    if (within(lead, 0x9c, 0x9d)) /* private, multibyte */
        return 4;
    return 1;
}

static int euc_length(unsigned char lead, int shift_2_length, int shift_3_length)
{
    if (lead == EUC_SINGLE_SHIFT_2)
        return shift_2_length;
    if (lead == EUC_SINGLE_SHIFT_3)
        return shift_3_length;
    return is_ascii(lead) ? 1 : 2;
}

static bool is_half_width_kana(unsigned char lead)
{
    return within(lead, 0xa1, 0xdf);
}

int encoding_announced_length(int encoding, const unsigned char *bytes, int length)
{
    if (length < 1)
        return INT_MAX;
    switch ((Scheme) encodings[encoding].scheme) {
    case SCHEME_UTF8:
        return utf8_length(bytes[0]);
    case SCHEME_MULE:
        return mule_length(bytes[0]);
    case SCHEME_EUC_JP:
    case SCHEME_EUC_KR:
    case SCHEME_JOHAB:
        return euc_length(bytes[0], 2, 3);
    case SCHEME_EUC_CN:
        return euc_length(bytes[0], 3, 3);
    case SCHEME_EUC_TW:
        return euc_length(bytes[0], 4, 3);
    case SCHEME_SJIS:
        return is_ascii(bytes[0]) || is_half_width_kana(bytes[0]) ? 1 : 2;
    case SCHEME_DOUBLE_BYTE:
        return is_ascii(bytes[0]) ? 1 : 2;
    case SCHEME_GB18030:
        if (is_ascii(bytes[0]))
            return 1;
        if (length < 2)
            return INT_MAX;
        return within(bytes[1], '0', '9') ? 4 : 2;
    case SCHEME_SINGLE_BYTE:
        break;
    }
    return 1;
}

bool pg_utf8_islegal(const unsigned char *bytes, int length)
{
    unsigned char lowest = 0x80; /* of the second byte; some leads allow fewer */
    unsigned char highest = 0xbf;

    if (length < 1 || length != utf8_length(bytes[0]))
        return false;
    if (length == 1)
        return is_ascii(bytes[0]);
    switch (bytes[0]) {
    case 0xe0: /* below: overlong */
        lowest = 0xa0;
        break;
    case 0xed: /* above: surrogates */
        highest = 0x9f;
        break;
    case 0xf0: /* below: overlong */
        lowest = 0x90;
        break;
    case 0xf4: /* above: beyond U+10FFFF */
        highest = 0x8f;
        break;
    }
    for (int i = 2; i < length; i++)
        if (!within(bytes[i], 0x80, 0xbf))
            return false;
    return within(bytes[0], 0xc2, 0xf4) && within(bytes[1], lowest, highest);
}

/* The bytes after the lead of a valid character; `count` is the character's announced length. */

static bool all_euc(const unsigned char *bytes, int count)
{
    for (int i = 1; i < count; i++)
        if (!is_euc(bytes[i]))
            return false;
    return true;
}

static bool no_ascii(const unsigned char *bytes, int count)
{
    for (int i = 1; i < count; i++)
        if (is_ascii(bytes[i]))
            return false;
    return true;
}

static bool is_valid_euc_jp(const unsigned char *bytes, int count)
{
    if (bytes[0] == EUC_SINGLE_SHIFT_2)
        return is_half_width_kana(bytes[1]);
    return (bytes[0] == EUC_SINGLE_SHIFT_3 || is_euc(bytes[0])) && all_euc(bytes, count);
}

static bool is_valid_euc_tw(const unsigned char *bytes, int count)
{
    if (bytes[0] == EUC_SINGLE_SHIFT_2) /* the second byte is a plane of CNS 11643 */
        return within(bytes[1], 0xa1, 0xa7) && is_euc(bytes[2]) && is_euc(bytes[3]);
    return bytes[0] != EUC_SINGLE_SHIFT_3 && all_euc(bytes, count);
}

static bool is_valid_sjis(const unsigned char *bytes, int count)
{
    if (count == 1)
        return is_half_width_kana(bytes[0]);
    return (within(bytes[0], 0x81, 0x9f) || within(bytes[0], 0xe0, 0xfc))
           && (within(bytes[1], 0x40, 0x7e) || within(bytes[1], 0x80, 0xfc));
}

/* BIG5, GBK and UHC: structure only, the conversion knows which codes exist. 8D 20 is what PostgreSQL
 * itself writes where a character must be invalid in each of these. */
static bool is_valid_double_byte(const unsigned char *bytes)
{
    return bytes[1] != 0 && !(bytes[0] == 0x8d && bytes[1] == 0x20);
}

static bool is_valid_gb18030(const unsigned char *bytes, int count)
{
    if (!within(bytes[0], 0x81, 0xfe))
        return false;
    if (count == 2)
        return within(bytes[1], 0x40, 0x7e) || within(bytes[1], 0x80, 0xfe);
    return within(bytes[2], 0x81, 0xfe) && within(bytes[3], '0', '9');
}

static bool is_valid_multibyte(Scheme scheme, const unsigned char *bytes, int count)
{
    switch (scheme) {
    case SCHEME_UTF8:
        return pg_utf8_islegal(bytes, count);
    case SCHEME_MULE:
        return no_ascii(bytes, count);
    case SCHEME_EUC_JP:
        return is_valid_euc_jp(bytes, count);
    case SCHEME_EUC_CN:
    case SCHEME_EUC_KR:
        return is_euc(bytes[0]) && all_euc(bytes, count);
    case SCHEME_EUC_TW:
        return is_valid_euc_tw(bytes, count);
    case SCHEME_JOHAB:
        return all_euc(bytes, count);
    case SCHEME_SJIS:
        return is_valid_sjis(bytes, count);
    case SCHEME_DOUBLE_BYTE:
        return is_valid_double_byte(bytes);
    case SCHEME_GB18030:
        return is_valid_gb18030(bytes, count);
    case SCHEME_SINGLE_BYTE:
        break;
    }
    return true;
}

int pg_encoding_verifymbchar(int encoding, const char *text, int length)
{
    const unsigned char *bytes = (const unsigned char *) text;
    Scheme scheme = encoding_is_valid(encoding) ? encodings[encoding].scheme : SCHEME_SINGLE_BYTE;
    int count;

    if (scheme == SCHEME_SINGLE_BYTE)
        return 1;
    count = encoding_announced_length(encoding, bytes, length);
    if (count > length)
        return -1;
    if (count == 1 && is_ascii(bytes[0]))
        return scheme == SCHEME_UTF8 && bytes[0] == 0 ? -1 : 1;
    return is_valid_multibyte(scheme, bytes, count) ? count : -1;
}
