/* An exception of C++ as an error of PostgreSQL's. */
#include "cxx.h"

#include "postgres-abi.h"

#define SQLSTATE_INTERNAL_ERROR PG_SQLSTATE('X', 'X', '0', '0', '0')
#define SQLSTATE_OUT_OF_MEMORY PG_SQLSTATE('5', '3', '2', '0', '0')

GUEST_LOCAL char *cxx_keep(const char *what)
{
    return pstrdup(what);
}

GUEST_LOCAL void cxx_report(const char *what, bool is_memory)
{
    /* A library that was interrupted throws, and why it was is to be said. */
    if (InterruptPending)
        ProcessInterrupts();
    errstart(PG_ERROR, NULL);
    errcode(is_memory ? SQLSTATE_OUT_OF_MEMORY : SQLSTATE_INTERNAL_ERROR);
    errmsg("%s", what);
    errfinish("report.c", __LINE__, "cxx_report");
    __builtin_unreachable();
}
