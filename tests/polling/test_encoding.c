/* The encoding functions against tables small enough to see through. */
#include "check.h"
#include "encoding-abi.h"
#include "fake_postgres.h"

enum {
    LATIN1 = 8,
    WIN1251 = 23,
    SJIS = 35,
    SHIFT_JIS_2004 = 41,
    TARGET_MAX = 64,
};

static unsigned char target[TARGET_MAX];

static const unsigned char *bytes_of(const char *text)
{
    return (const unsigned char *) text;
}

static void test_utf8_legality(void)
{
    static const struct {
        const char *bytes;
        int length;
        bool legal;
    } cases[] = {
        {"a", 1, true},
        {"\x7f", 1, true},
        {"\x80", 1, false},
        {"\xc1\xbf", 2, false}, /* overlong */
        {"\xc2\x80", 2, true},
        {"\xdf\xbf", 2, true},
        {"\xdf\x7f", 2, false},
        {"\xe0\x9f\xbf", 3, false}, /* overlong */
        {"\xe0\xa0\x80", 3, true},
        {"\xed\x9f\xbf", 3, true},
        {"\xed\xa0\x80", 3, false}, /* surrogate */
        {"\xef\xbf\xbf", 3, true},
        {"\xef\xbf\xc0", 3, false},
        {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 4, false},
        {"\xff", 1, false},
        {"a", 0, false},
        {"\xf8\x88\x80\x80\x80", 5, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(cases[i].legal, pg_utf8_islegal(bytes_of(cases[i].bytes), cases[i].length));
}

static void test_verify(void)
{
    static const struct {
        int encoding;
        const char *bytes;
        int length;
        int expected;
    } cases[] = {
        {LATIN1, "\xff", 1, 1},
        {-1, "\xff", 1, 1}, /* an unknown encoding is taken as single-byte */
        {42, "\xff", 1, 1},
        {PG_UTF8, "\0", 1, -1},
        {PG_UTF8, "\xe2\x82\xac", 3, 3},
        {PG_UTF8, "\xe2\x82\xac", 2, -1},
        {PG_MULE_INTERNAL, "\x81\xe9", 2, 2},
        {PG_MULE_INTERNAL,
         "\x81"
         "e",
         2, -1},
        {1, "\xb4\xc1", 2, 2},     /* EUC_JP */
        {1, "\x8e\xb1", 2, 2},     /* half-width kana */
        {1, "\x8f\xb0\xa1", 3, 3}, /* JIS X 0212 */
        {1, "\xb4", 1, -1},
        {4, "\x8e\xa2\xa1\xa1", 4, 4},  /* EUC_TW, plane 2 */
        {4, "\x8e\xa8\xa1\xa1", 4, -1}, /* no plane 8 */
        {4, "\x8f\xa1\xa1", 3, -1},
        {SJIS, "\xb1", 1, 1},
        {SJIS, "\x8a\xbf", 2, 2},
        {SJIS, "\x8a\x3f", 2, -1},
        {36, "\x8d\x20", 2, -1}, /* BIG5: invalid on purpose */
        {36, "\xa4\x40", 2, 2},
        {36, "\xa4\0", 2, -1},
        {39, "\x81\x30\x81\x30", 4, 4}, /* GB18030 */
        {39, "\x81\x30\x81", 3, -1},
        {39, "\x81", 1, -1},
        {39, "\x81\x40", 2, 2},
        {39, "\x81\x7f", 2, -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(cases[i].expected,
                  pg_encoding_verifymbchar(cases[i].encoding, cases[i].bytes, cases[i].length));
}

static void test_reports(void)
{
    FAKE_TRY(report_invalid_encoding(PG_UTF8, "\xe2\x82\xac!", 4));
    CHECK_TEXT("22021 invalid byte sequence for encoding \"UTF8\": 0xe2 0x82 0xac"
               " @mbutils.c:1849 report_invalid_encoding_int",
               fake_error_text());
    FAKE_TRY(report_invalid_encoding(PG_UTF8, "\xe2\x82", 2));
    CHECK_TEXT("22021 invalid byte sequence for encoding \"UTF8\": 0xe2 0x82"
               " @mbutils.c:1849 report_invalid_encoding_int",
               fake_error_text());
    FAKE_TRY(report_untranslatable_char(PG_UTF8, SHIFT_JIS_2004, "\xe2\x82\xac", 3));
    CHECK_TEXT("22P05 character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\""
               " has no equivalent in encoding \"SHIFT_JIS_2004\""
               " @mbutils.c:1896 report_untranslatable_char",
               fake_error_text());
}

/* 0x80 stays, 0x81 becomes 0xc1, nothing else has an equivalent. */
static const unsigned char byte_table[PG_ASCII_COUNT] = {0x80, 0xc1};

static void test_single_byte(void)
{
    CHECK_INT(4, local2local(bytes_of("a\x80z\x81"), target, 4, LATIN1, WIN1251, byte_table, true));
    CHECK_TEXT("a\x80z\xc1", (char *) target);
    CHECK_INT(1, local2local(bytes_of("a\x82z"), target, 3, LATIN1, WIN1251, byte_table, true));
    CHECK_TEXT("a", (char *) target);
    CHECK_INT(2, local2local(bytes_of("ab\0c"), target, 4, LATIN1, WIN1251, byte_table, true));
    CHECK_INT(0, local2local(bytes_of(""), target, 0, LATIN1, WIN1251, byte_table, false));
    CHECK_TEXT("", (char *) target);
    FAKE_TRY(local2local(bytes_of("a\x82z"), target, 3, LATIN1, WIN1251, byte_table, false));
    CHECK_BYTES("22P05 character with byte sequence 0x82 in encoding \"LATIN1\"", fake_error_text(),
                50);
    FAKE_TRY(local2local(bytes_of("a\0"), target, 2, LATIN1, WIN1251, byte_table, false));
    CHECK_BYTES("22021 invalid byte sequence for encoding \"LATIN1\": 0x00", fake_error_text(), 54);
}

static void test_mule(void)
{
    enum { CHARSET = 0x81 };

    CHECK_INT(2, latin2mic(bytes_of("a\xe9"), target, 2, CHARSET, LATIN1, false));
    CHECK_TEXT("a\x81\xe9", (char *) target);
    CHECK_INT(3, mic2latin(bytes_of("a\x81\xe9"), target, 3, CHARSET, LATIN1, false));
    CHECK_TEXT("a\xe9", (char *) target);
    CHECK_INT(1, mic2latin(bytes_of("a\x82\xe9"), target, 3, CHARSET, LATIN1, true));
    CHECK_INT(1, mic2latin(bytes_of("a\x81"), target, 2, CHARSET, LATIN1, true));
    CHECK_INT(0, mic2latin(bytes_of("\x81"
                                    "e"),
                           target, 2, CHARSET, LATIN1, true));
    FAKE_TRY(mic2latin(bytes_of("a\x81"), target, 2, CHARSET, LATIN1, false));
    CHECK_BYTES("22021 invalid byte sequence for encoding \"MULE_INTERNAL\": 0x81",
                fake_error_text(), 61);
    FAKE_TRY(mic2latin(bytes_of("\x82\xe9"), target, 2, CHARSET, LATIN1, false));
    CHECK_BYTES("22P05 character with byte sequence 0x82 0xe9 in encoding \"MULE_INTERNAL\"",
                fake_error_text(), 72);

    CHECK_INT(2, latin2mic_with_table(bytes_of("a\x81"), target, 2, CHARSET, LATIN1, byte_table,
                                      false));
    CHECK_TEXT("a\x81\xc1", (char *) target);
    CHECK_INT(1, latin2mic_with_table(bytes_of("a\x82"), target, 2, CHARSET, LATIN1, byte_table,
                                      true));
    CHECK_INT(2, mic2latin_with_table(bytes_of("\x81\x81"), target, 2, CHARSET, LATIN1, byte_table,
                                      false));
    CHECK_TEXT("\xc1", (char *) target);
    CHECK_INT(0, mic2latin_with_table(bytes_of("\x81\x82"), target, 2, CHARSET, LATIN1, byte_table,
                                      true));
}

/* A row of zeros of the widest level, then the rows that are used:
 *   E1 -> 80..81 -> 80: A1,  81: 0 (absent);  two-byte C3 -> A9: E9 */
static const uint16_t utf_chars[] = {
    0,    0,      /* 0: the dummy row */
    4,            /* 2: three bytes, first: E1 */
    8,            /* 3: two bytes, first: C3 */
    6,    0,      /* 4: three bytes, second: 80, 81 */
    0xa1, 0x8a01, /* 6: three bytes, third: 80, 81 */
    0xe9,         /* 8: two bytes, second: A9 */
};
static const PGRadixTree utf_tree = {
    .chars16 = utf_chars,
    .root2 = 3,
    .bounds2 = {0xc3, 0xc3, 0xa9, 0xa9},
    .root3 = 2,
    .bounds3 = {0xe1, 0xe1, 0x80, 0x81, 0x80, 0x81},
    .bounds4 = {1, 0, 1, 0, 1, 0, 1, 0}, /* empty ranges */
};
static const PGUtfToLocalCombined utf_combined[] = {
    {0xc3a9, 0xcc80, 0x8677},
    {0xc3a9, 0xcc81, 0x8678},
    {0xe18080, 0xcc81, 0x8679},
};

static int to_local(const char *utf, int length, bool no_error)
{
    return UtfToLocal(bytes_of(utf), length, target, &utf_tree, utf_combined, 3, NULL,
                      SHIFT_JIS_2004, no_error);
}

static uint32_t convert_euro(uint32_t code)
{
    return code == 0xe282ac ? 0x80 : 0;
}

static void test_utf_to_local(void)
{
    CHECK_INT(3, to_local("a\xc3\xa9", 3, false));
    CHECK_TEXT("a\xe9", (char *) target);
    CHECK_INT(6, to_local("\xe1\x80\x80\xe1\x80\x81", 6, false));
    CHECK_TEXT("\xa1\x8a\x01", (char *) target);
    CHECK_INT(0, to_local("\xe1\x81\x80", 3, true)); /* an absent row */
    CHECK_INT(0, to_local("\xe1\x80\x82", 3, true)); /* outside a row */
    CHECK_INT(0, to_local("\xf0\x90\x80\x80", 4, true));

    CHECK_INT(4, to_local("\xc3\xa9\xcc\x81", 4, false));
    CHECK_TEXT("\x86\x78", (char *) target);
    CHECK_INT(6, to_local("\xc3\xa9"
                          "a\xc3\xa9\n",
                          6, false)); /* pairs that do not combine */
    CHECK_TEXT("\xe9"
               "a\xe9\n",
               (char *) target);
    CHECK_INT(0, to_local("\xc3\xa9\xcc", 3, true)); /* might combine, once it is whole */
    CHECK_INT(2, to_local("\xc3\xa9\0", 3, true));
    FAKE_TRY(to_local("\xc3\xa9\xcc", 3, false));
    CHECK_BYTES("22021 invalid byte sequence for encoding \"UTF8\": 0xc3 @", fake_error_text(), 55);
    FAKE_TRY(to_local("\xc3\xa9\x80", 3, false));
    CHECK_BYTES("22021 invalid byte sequence for encoding \"UTF8\": 0x80 @", fake_error_text(), 55);

    CHECK_INT(1, to_local("a\xc3", 2, true));
    CHECK_INT(1, to_local("a\0b", 3, true));
    FAKE_TRY(to_local("\xe2\x82\xac", 3, false));
    CHECK_BYTES("22P05 character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\" has",
                fake_error_text(), 71);
    CHECK_INT(3, UtfToLocal(bytes_of("\xe2\x82\xac"), 3, target, &utf_tree, NULL, 0, convert_euro,
                            SHIFT_JIS_2004, false));
    CHECK_TEXT("\x80", (char *) target);
    FAKE_TRY(UtfToLocal(bytes_of("a"), 1, target, NULL, NULL, 0, NULL, 42, false));
    CHECK_TEXT("22023 invalid encoding number: 42 @conv.c:520 UtfToLocal", fake_error_text());
}

/* One byte B1 -> U+FF71; two bytes 82 -> 60: U+FF21; 32 bits wide, as the result needs. */
static const uint32_t local_chars[] = {
    0,        /* 0: the dummy row */
    0xefbdb1, /* 1: one byte, B1 */
    3,        /* 2: two bytes, first: 82 */
    0xefbca1, /* 3: two bytes, second: 60 */
};
static const PGRadixTree local_tree = {
    .chars32 = local_chars,
    .root1 = 1,
    .bounds1 = {0xb1, 0xb1},
    .root2 = 2,
    .bounds2 = {0x82, 0x82, 0x60, 0x60},
};
static const PGLocalToUtfCombined local_combined[] = {
    {0x82f5, 0xe3818b, 0xe3829a},
    {0x82f6, 0xe3818d, 0xe3829a},
    {0x82f7, 0xe3818f, 0xe3829a},
};

static int to_utf(const char *local, int length, bool no_error)
{
    return LocalToUtf(bytes_of(local), length, target, &local_tree, local_combined, 3, NULL,
                      SHIFT_JIS_2004, no_error);
}

static void test_local_to_utf(void)
{
    CHECK_INT(4, to_utf("a\xb1\x82\x60", 4, false));
    CHECK_TEXT("a\xef\xbd\xb1\xef\xbc\xa1", (char *) target);
    for (int i = 0; i < 3; i++) {
        char pair[] = {(char) 0x82, (char) (0xf5 + i), 0};
        CHECK_INT(2, to_utf(pair, 2, false));
        CHECK_INT(6, strlen((char *) target));
        CHECK_BYTES("\xe3\x82\x9a", target + 3, 3);
    }
    CHECK_INT(1, to_utf("a\x82", 2, true));     /* cut */
    CHECK_INT(1, to_utf("a\x82\x3f", 3, true)); /* no character */
    CHECK_INT(1, to_utf("a\x82\x61", 3, true)); /* no equivalent */
    CHECK_INT(1, to_utf("a\0", 2, true));
    FAKE_TRY(to_utf("a\x82", 2, false));
    CHECK_BYTES("22021 invalid byte sequence for encoding \"SHIFT_JIS_2004\": 0x82",
                fake_error_text(), 62);
    FAKE_TRY(to_utf("a\x82\x61", 3, false));
    CHECK_BYTES("22P05 character with byte sequence 0x82 0x61 in encoding \"SHIFT_JIS_2004\"",
                fake_error_text(), 73);
    FAKE_TRY(LocalToUtf(bytes_of("a"), 1, target, NULL, NULL, 0, NULL, -1, false));
    CHECK_TEXT("22023 invalid encoding number: -1 @conv.c:731 LocalToUtf", fake_error_text());
}

int main(void)
{
    test_utf8_legality();
    test_verify();
    test_reports();
    test_single_byte();
    test_mule();
    test_utf_to_local();
    test_local_to_utf();
    puts("ok");
    return 0;
}
