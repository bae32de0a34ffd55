/* The interface of PostgreSQL 18's encoding conversion modules: what they pass and what they expect.
 *
 * PGlite ships the modules (utf8_and_win.so and the others) but its main module lacks eleven functions
 * they call; this folder is those eleven. Layouts and prototypes are those that PostgreSQL 18 documents
 * in mb/pg_wchar.h, and agree with the signatures the modules import. */
#ifndef PGLITE_ENCODING_ABI_H
#define PGLITE_ENCODING_ABI_H

#include "guest-libc.h"

/* Encoding numbers are PostgreSQL's; only those with a role in the code have a name here. */
enum {
    PG_UTF8 = 6,
    PG_MULE_INTERNAL = 7,
    PG_ENCODING_COUNT = 42,
};

enum {
    PG_ASCII_COUNT = 0x80, /* first byte value outside ASCII */
    PG_CHARACTER_MAX_BYTES = 4,
};

/* Characters are words here: E8 A2 B4 is 0x00E8A2B4. The tree is four trees in one array, one for each
 * character length: each level is a row of values from the byte's lower bound on, holding the offset of
 * the next row or, at the last level, the result. The array begins with a row of zeros, so an absent
 * branch (0) leads there and ends in the result 0. */
typedef struct PGRadixTree {
    const uint16_t *chars16; /* one of the two arrays is used, the other is NULL */
    const uint32_t *chars32;

    uint32_t root1;
    uint8_t bounds1[2]; /* lower, upper: of each byte in turn */
    uint32_t root2;
    uint8_t bounds2[4];
    uint32_t root3;
    uint8_t bounds3[6];
    uint32_t root4;
    uint8_t bounds4[8];
} PGRadixTree;

/* Two Unicode characters that are one in the local encoding; sorted by the source side. */
typedef struct PGUtfToLocalCombined {
    uint32_t utf1, utf2, code;
} PGUtfToLocalCombined;

typedef struct PGLocalToUtfCombined {
    uint32_t code, utf1, utf2;
} PGLocalToUtfCombined;

/* An algorithmic conversion; 0: not known. */
typedef uint32_t (*PGConvertCharacter)(uint32_t code);

/* Characters: encodings.c. */

/* The length of the valid character at the start of `bytes`, or -1. */
GUEST_EXPORT(pg_encoding_verifymbchar)
int pg_encoding_verifymbchar(int encoding, const char *bytes, int length);
/* Is this one UTF-8 character of exactly `length` bytes, by the Unicode standard? */
GUEST_EXPORT(pg_utf8_islegal) bool pg_utf8_islegal(const unsigned char *bytes, int length);

GUEST_LOCAL bool encoding_is_valid(int encoding);
GUEST_LOCAL const char *encoding_name(int encoding);
/* What the first byte or two announce; INT_MAX if `length` is too short to tell. */
GUEST_LOCAL int encoding_announced_length(int encoding, const unsigned char *bytes, int length);

/* Errors: report.c. */

GUEST_EXPORT(report_invalid_encoding)
_Noreturn void report_invalid_encoding(int encoding, const char *bytes, int length);
GUEST_EXPORT(report_untranslatable_char)
_Noreturn void report_untranslatable_char(int source_encoding, int target_encoding,
                                          const char *bytes, int length);

/* Conversions. Each writes a NUL-terminated result and returns the number of source bytes converted: all,
 * unless `no_error` and a character was invalid or has no equivalent. The target has room: the callers
 * allocate 4 bytes for each source byte. */

/* unicode.c */
GUEST_EXPORT(UtfToLocal)
int UtfToLocal(const unsigned char *utf, int length, unsigned char *local, const PGRadixTree *tree,
               const PGUtfToLocalCombined *combined, int combined_count, PGConvertCharacter convert,
               int encoding, bool no_error);
GUEST_EXPORT(LocalToUtf)
int LocalToUtf(const unsigned char *local, int length, unsigned char *utf, const PGRadixTree *tree,
               const PGLocalToUtfCombined *combined, int combined_count, PGConvertCharacter convert,
               int encoding, bool no_error);

/* single_byte.c: `table` maps each byte from 0x80 on, 0 meaning no equivalent; `charset` is the leading
 * byte that MULE_INTERNAL gives the single-byte encoding. */
GUEST_EXPORT(local2local)
int local2local(const unsigned char *source, unsigned char *target, int length, int source_encoding,
                int target_encoding, const unsigned char *table, bool no_error);
GUEST_EXPORT(latin2mic)
int latin2mic(const unsigned char *source, unsigned char *target, int length, int charset,
              int encoding, bool no_error);
GUEST_EXPORT(mic2latin)
int mic2latin(const unsigned char *source, unsigned char *target, int length, int charset,
              int encoding, bool no_error);
GUEST_EXPORT(latin2mic_with_table)
int latin2mic_with_table(const unsigned char *source, unsigned char *target, int length,
                         int charset, int encoding, const unsigned char *table, bool no_error);
GUEST_EXPORT(mic2latin_with_table)
int mic2latin_with_table(const unsigned char *source, unsigned char *target, int length,
                         int charset, int encoding, const unsigned char *table, bool no_error);

#endif
