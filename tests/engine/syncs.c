/* Preloaded into a process: counts what it syncs, and knows what it has written but not synced. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024, LINK_SIZE = 32, PATH_SIZE = 4096 };

int syncs_count;
static bool is_dirty[DESCRIPTORS];

static void mark(int fd, bool dirty)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        is_dirty[fd] = dirty;
}

/* Open descriptors of files whose path has part in it, written to since their last sync. */
int syncs_dirty(const char *part)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        char link[LINK_SIZE], path[PATH_SIZE] = "";

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (is_dirty[fd] && readlink(link, path, sizeof path - 1) > 0 && strstr(path, part))
            count++;
    }
    return count;
}

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    mark(fd, true);
    return NEXT(pwrite)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    mark(fd, true);
    return NEXT(pwrite64)(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    mark(fd, true);
    return NEXT(write)(fd, bytes, size);
}

int fsync(int fd)
{
    syncs_count++;
    mark(fd, false);
    return NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    syncs_count++;
    mark(fd, false);
    return NEXT(fdatasync)(fd);
}

int syncfs(int fd)
{
    syncs_count++;
    return NEXT(syncfs)(fd);
}

int close(int fd)
{
    mark(fd, false);
    return NEXT(close)(fd);
}
