#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *current_test;

void check_failed(const char *file, int line, const char *format, ...)
{
    va_list args;

    printf("not ok %s: %s:%d: ", current_test, file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    exit(EXIT_FAILURE);
}

void check_int(const char *file, int line, const char *what, int64_t got, int64_t expected)
{
    if (got != expected)
        check_failed(file, line, "%s: got %" PRId64 ", expected %" PRId64, what, got, expected);
}

void check_text(const char *file, int line, const char *what, const char *got, const char *expected)
{
    if (strcmp(got, expected) != 0)
        check_failed(file, line, "%s: got \"%s\", expected \"%s\"", what, got, expected);
}

void check_bytes(const char *file, int line, const char *what, const void *got,
                 const void *expected, size_t size)
{
    const unsigned char *a = got, *b = expected;

    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            check_failed(file, line, "%s: byte %zu of %zu: got 0x%02x, expected 0x%02x", what, i,
                         size, a[i], b[i]);
}

uint64_t check_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

int check_main(int argc, char **argv, const struct test *tests, size_t count)
{
    size_t run = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0)
            continue;
        current_test = tests[i].name;
        tests[i].run();
        printf("ok %s\n", tests[i].name);
        run++;
    }
    if (run == 0)
        printf("not ok %s: there is no such test\n", argc > 1 ? argv[1] : "(none)");
    return run ? EXIT_SUCCESS : EXIT_FAILURE;
}
