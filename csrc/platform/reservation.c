/* Reservations over mmap. */
#include "platform/system.h"

#include "platform/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0 /* systems without it do not account for untouched private pages */
#endif

enum { GRANULE = PLATFORM_PAGE_MAX, COMMIT_STEP = 1024 * 1024 };

enum { MAP_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

bool reservation_open(struct reservation *reservation, size_t limit)
{
    unsigned char *range;

    *reservation = (struct reservation){0};
    if (limit > SIZE_MAX - 3 * (size_t) GRANULE)
        return false;
    limit = (limit + GRANULE - 1) / GRANULE * GRANULE;
    range = mmap(NULL, limit + 2 * (size_t) GRANULE, PROT_NONE, MAP_FLAGS, -1, 0);
    if (range == MAP_FAILED)
        return false;
    reservation->base = range + GRANULE;
    reservation->limit = limit;
    return true;
}

bool reservation_can_commit(size_t size)
{
    void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_FLAGS, -1, 0);

    if (probe == MAP_FAILED)
        return false;
    munmap(probe, size);
    return true;
}

bool reservation_commit(struct reservation *reservation, size_t size)
{
    size_t committed = reservation->committed;
    size_t step;

    if (size <= committed)
        return true;
    if (size > reservation->limit)
        return false;
    /* Growing page by page must not cost a system call each time. */
    step = size - committed > COMMIT_STEP ? size - committed : COMMIT_STEP;
    if (step > reservation->limit - committed)
        step = reservation->limit - committed;
    step = (step + GRANULE - 1) / GRANULE * GRANULE; /* the limit is a multiple, so still within */
    if (mprotect(reservation->base + committed, step, PROT_READ | PROT_WRITE) != 0)
        return false;
    reservation->committed = committed + step;
    return true;
}

bool reservation_commit_exactly(struct reservation *reservation, size_t size)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    size_t end = (size + page - 1) / page * page;
    unsigned char *start = reservation->base + reservation->committed;

    if (end > reservation->limit)
        return false;
    if (end > reservation->committed) {
        if (mprotect(start, end - reservation->committed, PROT_READ | PROT_WRITE) != 0)
            return false;
    } else if (end < reservation->committed) {
        start = reservation->base + end;
        if (mmap(start, reservation->committed - end, PROT_NONE, MAP_FLAGS | MAP_FIXED, -1, 0)
            == MAP_FAILED)
            return false;
        reservation->remapped = true;
    }
    reservation->committed = end;
    return true;
}

/* A new mapping rather than madvise: also right where a file had been mapped over the range. */
static bool map_zeros(unsigned char *start, size_t size)
{
    return size == 0
           || mmap(start, size, PROT_READ | PROT_WRITE, MAP_FLAGS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

bool reservation_zero(struct reservation *reservation)
{
    reservation->remapped = false;
    return map_zeros(reservation->base, reservation->committed);
}

bool reservation_zero_range(struct reservation *reservation, size_t offset, size_t size)
{
    size_t end = offset + size;
    size_t first = (offset + GRANULE - 1) / GRANULE * GRANULE;
    size_t last = end / GRANULE * GRANULE;

    if (first >= last) {
        memset(reservation->base + offset, 0, size);
        return true;
    }
    memset(reservation->base + offset, 0, first - offset);
    memset(reservation->base + last, 0, end - last);
    reservation->remapped = true;
    return map_zeros(reservation->base + first, last - first);
}

void reservation_release(struct reservation *reservation, size_t offset, size_t size)
{
    madvise(reservation->base + offset, size, MADV_DONTNEED);
}

bool reservation_map(struct reservation *reservation, size_t offset, size_t size, int fd,
                     uint64_t position)
{
    unsigned char *start = reservation->base + offset;

    return mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd,
                (off_t) position)
           != MAP_FAILED;
}

bool reservation_share(struct reservation *reservation, size_t offset, size_t size, int fd,
                       uint64_t position)
{
    reservation->remapped = true;
    return mmap(reservation->base + offset, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                fd, (off_t) position)
           != MAP_FAILED;
}

bool reservation_discard(struct reservation *reservation)
{
#ifdef PLATFORM_LINUX /* elsewhere MADV_DONTNEED is a hint */
    return !reservation->remapped
           && madvise(reservation->base, reservation->committed, MADV_DONTNEED) == 0;
#else
    (void) reservation;
    return false;
#endif
}

#ifdef PLATFORM_LINUX
/* Documentation/admin-guide/mm/pagemap.rst of the Linux kernel. */
enum { PAGEMAP_ENTRY = 8, PAGEMAP_AT_ONCE = 512 };
#define PAGEMAP_FILE (UINT64_C(1) << 61) /* of a file, or of shared memory: not written to */
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)

static bool read_at(int fd, unsigned char *bytes, size_t size, uint64_t position)
{
    while (size > 0) {
        ssize_t count = pread(fd, bytes, size, (off_t) position);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t) count;
        position += (uint64_t) count;
    }
    return true;
}

static bool read_pagemap(int fd, const unsigned char *start, size_t count, bool *touched)
{
    uint64_t entries[PAGEMAP_AT_ONCE];
    uint64_t position = (uintptr_t) start / PLATFORM_PAGE * PAGEMAP_ENTRY;

    if (sysconf(_SC_PAGESIZE) != PLATFORM_PAGE)
        return false;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < PAGEMAP_AT_ONCE ? count - done : PAGEMAP_AT_ONCE;

        if (!read_at(fd, (unsigned char *) entries, part * PAGEMAP_ENTRY,
                     position + done * PAGEMAP_ENTRY))
            return false;
        for (size_t i = 0; i < part; i++)
            touched[done + i] = (entries[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED))
                                && !(entries[i] & PAGEMAP_FILE);
        done += part;
    }
    return true;
}
#endif

void reservation_touched(const struct reservation *reservation, size_t offset, size_t count,
                         bool *touched)
{
    bool known = false;

#ifdef PLATFORM_LINUX
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        known = read_pagemap(fd, reservation->base + offset, count, touched);
        close(fd);
    }
#else
    (void) reservation;
    (void) offset;
#endif
    if (!known)
        memset(touched, true, count);
}

void reservation_close(struct reservation *reservation)
{
    if (reservation->base)
        munmap(reservation->base - GRANULE, reservation->limit + 2 * (size_t) GRANULE);
    *reservation = (struct reservation){0};
}
