/* Descriptors that are not the standard streams'.
 *
 * Where a process has closed its standard output or error, open() returns their numbers. What is printed then would be
 * written into a table, and a daemon that redirects them would close a lock.
 */
#ifndef PGN_PLATFORM_DESCRIPTOR_H
#define PGN_PLATFORM_DESCRIPTOR_H

#include "platform/system.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Gives a descriptor another number if it has a standard stream's. -1, with errno: there is none, as when fd is -1, or
   it is closed. */
static inline int descriptor_above_standard(int fd)
{
    int moved, cause;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    cause = errno;
    close(fd);
    errno = cause;
    return moved;
}

#endif
