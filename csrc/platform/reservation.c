/* Reservations over mmap. */
#include "platform/system.h"

#include "platform/reservation.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0 /* systems without it do not account for untouched private pages */
#endif

/* 64 KiB is a multiple of every page size in use (4, 16 and 64 KiB). */
enum { GRANULE = 65536, COMMIT_STEP = 1024 * 1024 };

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

/* A new mapping rather than madvise: also right where a file had been mapped over the range. */
static bool map_zeros(unsigned char *start, size_t size)
{
    return size == 0
           || mmap(start, size, PROT_READ | PROT_WRITE, MAP_FLAGS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

bool reservation_zero(struct reservation *reservation)
{
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
    return map_zeros(reservation->base + first, last - first);
}

void reservation_close(struct reservation *reservation)
{
    if (reservation->base)
        munmap(reservation->base - GRANULE, reservation->limit + 2 * (size_t) GRANULE);
    *reservation = (struct reservation){0};
}
