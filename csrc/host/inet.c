/* Numeric Internet addresses as text. */
#include "host/inet.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS = INET6_SIZE / 2 };

/* Decimal digits at *text, at most 255, without leading zeros; moves *text behind them. */
static bool parse_octet(const char **text, unsigned char *octet)
{
    const char *at = *text;
    unsigned value = 0;

    for (; *at >= '0' && *at <= '9' && at < *text + 3; at++)
        value = value * 10 + (unsigned) (*at - '0');
    if (at == *text || value > 255 || (at > *text + 1 && **text == '0'))
        return false;
    *octet = (unsigned char) value;
    *text = at;
    return true;
}

bool inet4_parse(const char *text, unsigned char address[INET4_SIZE])
{
    for (int i = 0; i < INET4_SIZE; i++) {
        if (i > 0 && *text++ != '.')
            return false;
        if (!parse_octet(&text, &address[i]))
            return false;
    }
    return *text == '\0';
}

static int hexadecimal_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One to four hexadecimal digits at *text; moves *text behind them. */
static bool parse_group(const char **text, unsigned char group[2])
{
    const char *at = *text;
    unsigned value = 0;

    for (; hexadecimal_digit(*at) >= 0 && at < *text + 4; at++)
        value = value * 16 + (unsigned) hexadecimal_digit(*at);
    if (at == *text)
        return false;
    group[0] = (unsigned char) (value >> 8);
    group[1] = (unsigned char) value;
    *text = at;
    return true;
}

/* Groups are collected from the left; those behind "::" are then moved to the right end. */
bool inet6_parse(const char *text, unsigned char address[INET6_SIZE])
{
    unsigned char bytes[INET6_SIZE] = {0};
    size_t used = 0;
    size_t gap = INET6_SIZE + 1; /* none yet */

    if (text[0] == ':' && text[1] != ':')
        return false;
    while (*text) {
        if (text[0] == ':' && text[1] == ':') {
            if (gap <= INET6_SIZE)
                return false;
            gap = used;
            text += 2;
            continue;
        }
        if (used > 0 && gap != used && *text++ != ':')
            return false;
        if (used <= INET6_SIZE - INET4_SIZE && inet4_parse(text, bytes + used)) {
            used += INET4_SIZE;
            break;
        }
        if (used == INET6_SIZE || !parse_group(&text, bytes + used))
            return false;
        used += 2;
    }
    if (gap > INET6_SIZE ? used != INET6_SIZE : used > INET6_SIZE - 2)
        return false;

    memset(address, 0, INET6_SIZE);
    if (gap > INET6_SIZE)
        gap = used;
    memcpy(address, bytes, gap);
    memcpy(address + INET6_SIZE - (used - gap), bytes + gap, used - gap);
    return true;
}

void inet4_format(const unsigned char address[INET4_SIZE], char text[INET_TEXT_MAX])
{
    snprintf(text, INET_TEXT_MAX, "%d.%d.%d.%d", address[0], address[1], address[2], address[3]);
}

/* First group and length of the longest run of zero groups. */
static int longest_run(const unsigned char address[INET6_SIZE], int *first)
{
    int longest = 0;

    for (int start = 0; start < GROUPS; start++) {
        int end = start;
        while (end < GROUPS && address[end * 2] == 0 && address[end * 2 + 1] == 0)
            end++;
        if (end - start > longest) {
            longest = end - start;
            *first = start;
        }
    }
    return longest;
}

void inet6_format(const unsigned char address[INET6_SIZE], char text[INET_TEXT_MAX])
{
    static const unsigned char v4_mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    int first = GROUPS;
    int length = longest_run(address, &first);
    char *at = text;

    if (memcmp(address, v4_mapped, sizeof v4_mapped) == 0) {
        snprintf(text, INET_TEXT_MAX, "::ffff:%d.%d.%d.%d", address[12], address[13], address[14],
                 address[15]);
        return;
    }
    if (length < 2)
        first = GROUPS;
    for (int group = 0; group < GROUPS; group++) {
        if (group == first) {
            *at++ = ':';
            group += length - 1;
            if (group == GROUPS - 1)
                *at++ = ':';
            continue;
        }
        at += snprintf(at, (size_t) (text + INET_TEXT_MAX - at), "%s%x", group > 0 ? ":" : "",
                       (unsigned) (address[group * 2] << 8 | address[group * 2 + 1]));
    }
    *at = '\0';
}
