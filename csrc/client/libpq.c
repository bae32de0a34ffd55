/* What pg_dump's libpq asks for that neither pg_dump nor the host has.
 *
 * It connects to a server by a Unix socket, as it believes: PGlite's connect does nothing, its recv and send
 * are the callback transport, which is linked in beside this, and its poll says that there is always something
 * to read. The host's recv makes that true: it waits, or returns 0 where nothing is there yet. */
#include "guest-libc.h"

enum { AT_FDCWD = -100, O_RDWR = 2 };

GUEST_IMPORT(__syscall_openat)
int syscall_openat(int directory, const char *path, int flags, const void *variadic);

/* A socket until it is closed: something to close. */
GUEST_EXPORT(__syscall_socket)
int syscall_socket(int family, int type, int protocol, int unused_1, int unused_2, int unused_3)
{
    (void) family, (void) type, (void) protocol;
    (void) unused_1, (void) unused_2, (void) unused_3;
    return syscall_openat(AT_FDCWD, "/dev/null", O_RDWR, NULL);
}

/* libpq's own has another name, and PGlite's JavaScript calls itself in its place. By enum pg_enc of pg_wchar.h. */
static const char names[][16] = {
    "SQL_ASCII", "EUC_JP",        "EUC_CN",     "EUC_KR",     "EUC_TW",     "EUC_JIS_2004",
    "UTF8",      "MULE_INTERNAL", "LATIN1",     "LATIN2",     "LATIN3",     "LATIN4",
    "LATIN5",    "LATIN6",        "LATIN7",     "LATIN8",     "LATIN9",     "LATIN10",
    "WIN1256",   "WIN1258",       "WIN866",     "WIN874",     "KOI8R",      "WIN1251",
    "WIN1252",   "ISO_8859_5",    "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250",
    "WIN1253",   "WIN1254",       "WIN1255",    "WIN1257",    "KOI8U",      "SJIS",
    "BIG5",      "GBK",           "UHC",        "GB18030",    "JOHAB",      "SHIFT_JIS_2004",
};

GUEST_EXPORT(pg_encoding_to_char)
const char *pg_encoding_to_char(int encoding)
{
    const int count = sizeof names / sizeof *names;

    return encoding >= 0 && encoding < count ? names[encoding] : "";
}
