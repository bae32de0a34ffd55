/* The parts of PostgreSQL that the conversions call, for running them natively. */
#ifndef PGLITE_TEST_FAKE_POSTGRES_H
#define PGLITE_TEST_FAKE_POSTGRES_H

#include <setjmp.h>

/* Runs `statement`; what it reports as an error ends it and is left in fake_error_text(): "22021 message
 * (hint) @file:line function", or "" if there was none. */
#define FAKE_TRY(statement)                                                                        \
    do {                                                                                           \
        fake_clear_error();                                                                        \
        if (setjmp(*fake_handler()) == 0) {                                                        \
            statement;                                                                             \
        }                                                                                          \
    } while (0)

void fake_clear_error(void);
jmp_buf *fake_handler(void);
const char *fake_error_text(void);

#endif
