/* Mapping files. */
#include "platform/system.h"

#include "platform/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum status platform_map_file(const char *path, const uint8_t **bytes, size_t *size,
                              struct error *error)
{
    enum status status = STATUS_OK;
    struct stat stat;
    void *mapped;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                         "cannot open %s: %s", path, strerror(errno));
    if (fstat(fd, &stat) != 0) {
        status = error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0) {
        status = error_set(error, STATUS_IO, "%s is empty or not a regular file", path);
        goto fail;
    }
    mapped = mmap(NULL, (size_t) stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        status = error_set(error, STATUS_NO_MEMORY, "cannot map %s: %s", path, strerror(errno));
        goto fail;
    }
    *bytes = mapped;
    *size = (size_t) stat.st_size;

fail:
    close(fd);
    return status;
}

void platform_unmap(const uint8_t *bytes, size_t size)
{
    if (bytes)
        munmap((void *) (uintptr_t) bytes, size);
}
