/* The operating system's errno to ours, by name. */
#include "platform/system.h"

#include "platform/errno.h"

#include <errno.h>

enum guest_errno platform_errno(int system_errno)
{
    switch (system_errno) {
    case 0:
        return GE_OK;
#define ERRNO_CASE(name, number, text)                                                             \
    case E##name:                                                                                  \
        return GE_##name;
        ERRNO_NUMBERS(ERRNO_CASE)
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
