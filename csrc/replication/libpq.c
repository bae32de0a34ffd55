/* What libpq, which is in libpqwalreceiver, calls of PostgreSQL's portability layer and of libc up to where it
 * makes a connection. The host has no network: there it ends, with libpq's own error. What libpq calls of a
 * connection that stands is not here (tools/link.py, ALLOWED). */
#include "replication-abi.h"

int open(const char *path, int flags, ...);
int strerror_r(int error, char *text, size_t size);
uint64_t pg_prng_uint64(PGPrngState *state);

/* Set by a server's answer to IDENTIFY_SYSTEM. */
__attribute__((visibility("default"))) PGLsn WalRcvIdentifySystemLsn;

/* A socket until it is connected: something to close. */
GUEST_EXPORT(libpq_socket)
int libpq_socket(int family, int type, int protocol)
{
    (void) family;
    (void) type;
    (void) protocol;
    return open("/dev/null", 0);
}

GUEST_EXPORT(libpq_connect)
int libpq_connect(int descriptor, const PGSocketAddress *address, uint32_t size)
{
    (void) descriptor;
    (void) size;
    errno = address->family == PG_AF_UNIX ? ENOENT : ENETUNREACH;
    return -1;
}

/* libpq asks whether the functions that it found are a client's: they are. */
GUEST_EXPORT(pg_link_canary_is_frontend)
bool pg_link_canary_is_frontend(void)
{
    return true;
}

GUEST_EXPORT(pg_strerror_r)
char *pg_strerror_r(int error, char *text, size_t size)
{
    strerror_r(error, text, size);
    return text;
}

/* The text of a network address. The module's own function has lost its last parameter to the compiler: its callers
 * all have room for the longest text. */
enum { ADDRESS_TEXT_SIZE = sizeof "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128" };
char *inet_net_ntop(int family, const void *address, int bits, char *text);

GUEST_EXPORT(pg_inet_net_ntop)
char *pg_inet_net_ntop(int family, const void *address, int bits, char *text, size_t size)
{
    char longest[ADDRESS_TEXT_SIZE];

    if (!inet_net_ntop(family, address, bits, longest) || strlen(longest) >= size)
        return NULL;
    return memcpy(text, longest, strlen(longest) + 1);
}

/* The operating system's user, who is the database's where none is named. */
typedef struct User {
    const char *name, *password;
    uint32_t user, group;
    const char *description, *home, *shell;
} User;

GUEST_EXPORT(getpwuid_r)
int getpwuid_r(uint32_t number, User *user, char *text, size_t size, User **result)
{
    static const char name[] = "postgres", home[] = "/home/postgres";

    *result = NULL;
    if (size < sizeof name + sizeof home)
        return ERANGE;
    memcpy(text, name, sizeof name);
    memcpy(text + sizeof name, home, sizeof home);
    *user = (User){text, "", number, number, "", text + sizeof name, ""};
    *result = user;
    return 0;
}

/* Removes line ends; returns the length that is left. */
GUEST_EXPORT(pg_strip_crlf)
int pg_strip_crlf(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        text[--length] = '\0';
    return (int) length;
}

/* Random order of hosts (load_balance_hosts): xoroshiro128** must not begin with zeros. */
GUEST_EXPORT(pg_prng_seed_check)
bool pg_prng_seed_check(PGPrngState *state)
{
    if (state->s0 == 0 && state->s1 == 0)
        state->s0 = 1;
    return true;
}

/* Uniform in [low, high]: numbers above it, of as many bits, are drawn again. */
GUEST_EXPORT(pg_prng_uint64_range)
uint64_t pg_prng_uint64_range(PGPrngState *state, uint64_t low, uint64_t high)
{
    uint64_t range = high - low, mask = range, drawn;

    if (low >= high)
        return low;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    do
        drawn = pg_prng_uint64(state) & mask;
    while (drawn > range);
    return low + drawn;
}

GUEST_EXPORT(strnlen)
size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length])
        length++;
    return length;
}

GUEST_EXPORT(strlcat)
size_t strlcat(char *text, const char *more, size_t size)
{
    size_t length = strnlen(text, size), added = strlen(more);

    if (length + added < size)
        memcpy(text + length, more, added + 1);
    else if (length < size) {
        memcpy(text + length, more, size - length - 1);
        text[size - 1] = '\0';
    }
    return length + added;
}

/* Forgets passwords: written through a volatile pointer, since a compiler leaves out what is not read again. */
GUEST_EXPORT(explicit_bzero)
void explicit_bzero(void *bytes, size_t size)
{
    volatile uint8_t *byte = bytes;

    while (size--)
        *byte++ = 0;
}
