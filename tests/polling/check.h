/* Assertions that print both sides; the first failure ends the program. */
#ifndef PGLITE_TEST_CHECK_H
#define PGLITE_TEST_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_INT(expected, actual)                                                                \
    do {                                                                                           \
        long long expected_ = (expected), actual_ = (actual);                                      \
        if (expected_ != actual_) {                                                                \
            fprintf(stderr, "%s:%d: %s: expected %lld, got %lld\n", __FILE__, __LINE__, #actual,   \
                    expected_, actual_);                                                           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(expected, actual)                                                               \
    do {                                                                                           \
        const char *expected_ = (expected), *actual_ = (actual);                                   \
        if (strcmp(expected_, actual_) != 0) {                                                     \
            fprintf(stderr, "%s:%d: %s:\nexpected %s\ngot      %s\n", __FILE__, __LINE__, #actual, \
                    expected_, actual_);                                                           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_BYTES(expected, actual, length) CHECK_INT(0, memcmp((expected), (actual), (length)))

#endif
