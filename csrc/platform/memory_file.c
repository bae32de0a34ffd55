/* Files in memory. */
#include "platform/system.h"

#include "platform/memory_file.h"

#include <errno.h>
#include <sys/mman.h>

#include "platform/errno.h"

#ifdef __linux__

int memory_file_open(void)
{
    int fd = memfd_create("pglite-native snapshot", MFD_CLOEXEC);

    return fd < 0 ? -(int) platform_errno(errno) : fd;
}

#else

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "platform/clock.h"

/* POSIX's shared memory has names, so one that nobody guesses is made and removed. */
int memory_file_open(void)
{
    unsigned suffix;
    char name[32];
    int fd;

    if (!platform_random(&suffix, sizeof suffix))
        return -GE_IO;
    snprintf(name, sizeof name, "/pglite-native-%08x", suffix);
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -(int) platform_errno(errno);
    shm_unlink(name);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

#endif
