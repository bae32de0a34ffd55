/* Mapping files. */
#include "platform/system.h"

#include "platform/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/errno.h"

int map_descriptor(int fd, struct map *map)
{
    struct stat stat;
    void *base;

    *map = (struct map){0};
    if (fstat(fd, &stat) != 0)
        return -(int) platform_errno(errno);
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0)
        return -GE_INVAL;
    if ((uintmax_t) stat.st_size > SIZE_MAX)
        return -GE_FBIG;
    base = mmap(NULL, (size_t) stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return -(int) platform_errno(errno);
    *map = (struct map){.base = base, .size = (size_t) stat.st_size};
    return 0;
}

int map_open(const char *path, struct map *map)
{
    int fd, result;

    *map = (struct map){0};
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to hang on a FIFO */
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return -(int) platform_errno(errno);
    result = map_descriptor(fd, map);
    close(fd); /* the mapping stays */
    return result;
}

void map_drop_pages(const struct map *map)
{
    (void) madvise((void *) (uintptr_t) map->base, map->size, MADV_DONTNEED);
}

void map_close(struct map *map)
{
    if (map->base)
        munmap((void *) (uintptr_t) map->base, map->size);
    *map = (struct map){0};
}
