/* The operating system's errno to ours, by name. */
#include "platform/system.h"

#include "platform/errno.h"

#include <errno.h>

/* clang-format off */
#define ERRNO_TABLE(X)                                                                            \
    X(2BIG) X(ACCES) X(ADDRINUSE) X(ADDRNOTAVAIL) X(AFNOSUPPORT) X(AGAIN) X(BADF) X(BUSY)         \
    X(CANCELED) X(CHILD) X(CONNREFUSED) X(DEADLK) X(DOM) X(DQUOT) X(EXIST) X(FAULT) X(FBIG)       \
    X(INTR) X(INVAL) X(IO) X(ISCONN) X(ISDIR) X(LOOP) X(MFILE) X(MLINK) X(NAMETOOLONG)            \
    X(NETUNREACH) X(NFILE) X(NODEV) X(NOENT) X(NOLCK) X(NOMEM) X(NOSPC) X(NOSYS) X(NOTCONN)       \
    X(NOTDIR) X(NOTEMPTY) X(NOTSOCK) X(NOTSUP) X(NOTTY) X(NXIO) X(OVERFLOW) X(PERM) X(PIPE)       \
    X(RANGE) X(ROFS) X(SPIPE) X(SRCH) X(STALE) X(TIMEDOUT) X(TXTBSY) X(XDEV)
/* clang-format on */

enum guest_errno platform_errno(int system_errno)
{
    switch (system_errno) {
    case 0:
        return GE_OK;
#define ERRNO_CASE(name)                                                                           \
    case E##name:                                                                                  \
        return GE_##name;
        ERRNO_TABLE(ERRNO_CASE)
#undef ERRNO_CASE
#if EOPNOTSUPP != ENOTSUP
    case EOPNOTSUPP:
        return GE_NOTSUP;
#endif
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
        return GE_AGAIN;
#endif
    default:
        return GE_IO;
    }
}
