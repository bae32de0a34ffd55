/* Numeric Internet addresses as text. */
#ifndef PGN_HOST_INET_H
#define PGN_HOST_INET_H

#include <stdbool.h>
#include <stddef.h>

enum { INET4_SIZE = 4, INET6_SIZE = 16, INET_TEXT_MAX = 46 /* with the NUL */ };

/* "127.0.0.1": four decimal numbers without leading zeros. */
bool inet4_parse(const char *text, unsigned char address[INET4_SIZE]);

/* RFC 4291, section 2.2: "::1", "::ffff:127.0.0.1"; no zone. */
bool inet6_parse(const char *text, unsigned char address[INET6_SIZE]);

void inet4_format(const unsigned char address[INET4_SIZE], char text[INET_TEXT_MAX]);

/* RFC 5952: lower case, the longest run of two or more zero groups as "::". */
void inet6_format(const unsigned char address[INET6_SIZE], char text[INET_TEXT_MAX]);

#endif
