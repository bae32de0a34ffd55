/* Reservations over mmap. */
#include "platform/system.h"

#include "platform/reservation.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/written_pages.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0 /* systems without it do not account for untouched private pages */
#endif

enum { GRANULE = PLATFORM_PAGE_MAX, COMMIT_STEP = 1024 * 1024 };

enum { MAP_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

size_t reservation_at_most(size_t size, unsigned part)
{
    struct rlimit space;

    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY
        || space.rlim_cur / part >= size)
        return size;
    return (size_t) space.rlim_cur / part;
}

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
        reservation->remapped |= end < reservation->mapped;
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
    reservation->remapped = reservation->shared = false;
    reservation->mapped = 0;
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
    if (offset + size > reservation->mapped)
        reservation->mapped = offset + size;
    return mmap(reservation->base + offset, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd, (off_t) position)
           != MAP_FAILED;
}

bool reservation_share(struct reservation *reservation, size_t offset, size_t size, int fd,
                       uint64_t position)
{
    reservation->shared = true;
    return mmap(reservation->base + offset, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                fd, (off_t) position)
           != MAP_FAILED;
}

bool reservation_discard(struct reservation *reservation)
{
#ifdef PLATFORM_LINUX /* elsewhere MADV_DONTNEED is a hint */
    return !reservation->remapped && !reservation->shared
           && madvise(reservation->base, reservation->committed, MADV_DONTNEED) == 0;
#else
    (void) reservation;
    return false;
#endif
}

void reservation_touched(const struct reservation *reservation, size_t offset, size_t count,
                         bool *touched)
{
    int record = written_pages_open();

    if (record < 0 || !written_pages_mark(record, reservation->base + offset, count, touched))
        memset(touched, true, count);
    written_pages_close(record);
}

void reservation_close(struct reservation *reservation)
{
    if (reservation->base)
        munmap(reservation->base - GRANULE, reservation->limit + 2 * (size_t) GRANULE);
    *reservation = (struct reservation){0};
}
