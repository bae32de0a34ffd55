/* The one translation of the operating system's errno. */
#ifndef PGN_PLATFORM_ERRNO_H
#define PGN_PLATFORM_ERRNO_H

#include "base/errno.h"

/* GE_IO for a number the guest has no name for. */
enum guest_errno platform_errno(int system_errno);

#endif
