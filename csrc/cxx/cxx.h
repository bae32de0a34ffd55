/* The C++ run-time library of modules that are linked onto PGlite's, whose own has no exceptions.
 *
 * What throws is compiled to catch nothing, as PGlite compiles it: so an exception that is thrown ends
 * the statement, as PostgreSQL's own errors do. The rest of the library is LLVM's (tools/guest.py). */
#ifndef PGLITE_CXX_H
#define PGLITE_CXX_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the error of an exception, in memory that outlives it: what it says, and whether that is a want of
 * memory. */
char *cxx_keep(const char *what);
__attribute__((noreturn)) void cxx_report(const char *what, bool is_memory);

#ifdef __cplusplus
}
#endif

#endif
