/* A test program: named tests, checks that print both values, one test a run (or all in turn). */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* argv[1]: the test to run; without it all are. Prints "ok NAME" for each that returns. */
int check_main(int argc, char **argv, const struct test *tests, size_t count);

#define TEST_MAIN(tests)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return check_main(argc, argv, tests, sizeof tests / sizeof *tests);                        \
    }

/* A failed check prints "not ok NAME: FILE:LINE: WHAT: got X, expected Y" and ends the program. */
#define CHECK_INT(got, expected)                                                                   \
    check_int(__FILE__, __LINE__, #got, (int64_t) (got), (int64_t) (expected))
#define CHECK_TRUE(got) CHECK_INT(!!(got), 1)
#define CHECK_TEXT(got, expected) check_text(__FILE__, __LINE__, #got, got, expected)
#define CHECK_BYTES(got, expected, size) check_bytes(__FILE__, __LINE__, #got, got, expected, size)

void check_int(const char *file, int line, const char *what, int64_t got, int64_t expected);
void check_text(const char *file, int line, const char *what, const char *got,
                const char *expected);
void check_bytes(const char *file, int line, const char *what, const void *got,
                 const void *expected, size_t size);
_Noreturn void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reproducible noise (xorshift64*), so that a failure names its seed. */
uint64_t check_random(uint64_t *state);

#endif
