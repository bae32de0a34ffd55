/* Files in memory. */
#include "platform/system.h"

#include "platform/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/errno.h"

#ifdef PLATFORM_LINUX
#include <linux/memfd.h>
#include <sys/syscall.h>

/* By its number, as glibc has it since 2.27 only. */
static int open_memory(void)
{
    return (int) syscall(SYS_memfd_create, "pglite-native snapshot", MFD_CLOEXEC);
}

#else

static int open_memory(void)
{
    errno = ENOSYS;
    return -1;
}

#endif

/* A file whose name is gone at once. POSIX's shared memory would not do: macOS does not read or write that by its
   descriptor. */
static int open_unlinked(const char *folder)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/pglite-native-XXXXXX", folder);
    int fd;

    if (length < 0 || (size_t) length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int memory_file_open(void)
{
    const char *temporary = getenv("TMPDIR");
    int fd = open_memory();

    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* it may be forbidden */
        fd = open_unlinked("/dev/shm");                /* where Linux has files in memory */
    if (fd < 0 && errno != EMFILE && errno != ENFILE)
        fd = open_unlinked(temporary && *temporary ? temporary : "/tmp");
    fd = descriptor_above_standard(fd);
    return fd < 0 ? -(int) platform_errno(errno) : fd;
}
