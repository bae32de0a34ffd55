/* Settings files that cannot be read. */
#include "wrapped.h"

#define SQLSTATE_CONFIG_FILE_ERROR PG_SQLSTATE('F', '0', '0', '0', '0')

/* The original longjmps to ParseConfigFp, whose scanner is a variable that clang keeps in a register: what it has after the
 * longjmp is not what it had before, and freeing it traps. */
_Noreturn void __wrap_GUC_flex_fatal(const char *message)
{
    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_CONFIG_FILE_ERROR);
    errmsg("could not read a configuration file: %s", message);
    errfinish("guc-file.l", 0, "GUC_flex_fatal");
    __builtin_unreachable();
}
