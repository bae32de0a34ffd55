/* Python's C interface, as far as it is stable: so one build serves every CPython from 3.10 on. Free-threaded ones have no
 * stable part of their own before 3.15, and are compiled for one by one.
 */
#ifndef PGN_PYTHON_API_H
#define PGN_PYTHON_API_H

#include <pyconfig.h>
#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030A0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* What a module's slots end with. None of these modules has state, and what their functions are given is not changed by others:
   bytes, tuples, and lists that the caller has made for the call. So they need no GIL. */
#ifdef Py_GIL_DISABLED
#define API_SLOTS_END                                                                              \
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},                                                             \
    {                                                                                              \
        0, NULL                                                                                    \
    }
#else
#define API_SLOTS_END {0, NULL}
#endif

#endif
