/* Python's own configuration, as far as its headers ask for it: the same on every platform that there are wheels for, all
   of which have 64 bits and POSIX threads. It takes the place of that of the Python which the headers are of. Whether there is
   a GIL is told by -DPy_GIL_DISABLED. */
#ifndef Py_PYCONFIG_H
#define Py_PYCONFIG_H

#define ALIGNOF_LONG 8
#define ALIGNOF_SIZE_T 8
#define HAVE_GCC_UINT128_T 1
#define HAVE_PTHREAD_H 1
#define SIZEOF_DOUBLE 8
#define SIZEOF_INT 4
#define SIZEOF_LONG 8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_PID_T 4
#define SIZEOF_SHORT 2
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_VOID_P 8
#define SIZEOF_WCHAR_T 4
#define STDC_HEADERS 1
#define HAVE_STDARG_PROTOTYPES 1

#endif
