/* Numeric Internet addresses: what the C library takes, and no others, as the same bytes. */
#include <arpa/inet.h>
#include <string.h>

#include "fuzz.h"
#include "host/inet.h"

enum { TEXT_MAX = 100 };

/* The library takes an address with a zone (RFC 4007) nowhere, and no leading zeros. */
static void compare(const char *text)
{
    unsigned char ours[INET6_SIZE], theirs[INET6_SIZE];
    char formatted[INET_TEXT_MAX], expected[INET6_ADDRSTRLEN];

    FUZZ_CHECK(inet4_parse(text, ours) == (inet_pton(AF_INET, text, theirs) == 1));
    if (inet4_parse(text, ours)) {
        FUZZ_CHECK(memcmp(ours, theirs, INET4_SIZE) == 0);
        inet4_format(ours, formatted);
        FUZZ_CHECK(strcmp(formatted, inet_ntop(AF_INET, theirs, expected, sizeof expected)) == 0);
    }
    FUZZ_CHECK(inet6_parse(text, ours) == (inet_pton(AF_INET6, text, theirs) == 1));
    if (inet6_parse(text, ours))
        FUZZ_CHECK(memcmp(ours, theirs, INET6_SIZE) == 0);
}

static void format(const uint8_t *bytes)
{
    unsigned char again[INET6_SIZE];
    char text[INET_TEXT_MAX];

    inet6_format(bytes, text);
    FUZZ_CHECK(inet6_parse(text, again) && memcmp(bytes, again, INET6_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[TEXT_MAX + 1];

    if (size > TEXT_MAX)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    compare(text);
    if (size >= INET6_SIZE)
        format(bytes);
    return 0;
}
