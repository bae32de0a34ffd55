/* Pages written to, by /proc/self/pagemap (Linux: Documentation/admin-guide/mm/pagemap.rst). */
#include "platform/system.h"

#include "platform/written_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "platform/reservation.h"

#ifdef PLATFORM_LINUX
#include <sys/ioctl.h>

/* As linux/fs.h has it from 6.7 on, which the system that this is compiled on may precede. */
struct page_region {
    uint64_t start, end, categories;
};

struct pm_scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)

enum {
    PAGE_IS_FILE = 1 << 2, /* of a file, or of shared memory: not written to */
    PAGE_IS_PRESENT = 1 << 3,
    PAGE_IS_SWAPPED = 1 << 4,
    PAGE_IS_PFNZERO = 1 << 5, /* read, and never written to */
    NOT_WRITTEN = PAGE_IS_FILE | PAGE_IS_PFNZERO
};

/* The same in the entries that are read. */
enum { ENTRY = 8, ENTRIES_AT_ONCE = 512 };
#define ENTRY_FILE (UINT64_C(1) << 61)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)

enum { RUNS_AT_ONCE = 64 };

int written_pages_open(void)
{
    int fd;

    do
        fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -1 : fd;
}

void written_pages_close(int record)
{
    if (record >= 0)
        close(record);
}

int written_pages_list(int record, unsigned char **at, unsigned char *end, struct page_run *runs,
                       int room)
{
    struct page_region regions[RUNS_AT_ONCE];
    struct pm_scan_arg scan = {
        .size = sizeof scan,
        .start = (uintptr_t) *at,
        .end = (uintptr_t) end,
        .vec = (uintptr_t) regions,
        .vec_len = (uint64_t) (room < RUNS_AT_ONCE ? room : RUNS_AT_ONCE),
        .category_inverted = NOT_WRITTEN,
        .category_mask = NOT_WRITTEN,
        .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
    };
    int count;

    do
        count = ioctl(record, PAGEMAP_SCAN, &scan);
    while (count < 0 && errno == EINTR);
    /* A call that looks at nothing would be made for ever. */
    if (count < 0 || scan.walk_end <= (uintptr_t) *at || scan.walk_end > (uintptr_t) end)
        return -1;
    for (int i = 0; i < count; i++)
        runs[i] = (struct page_run){*at + (regions[i].start - (uintptr_t) *at),
                                    (size_t) (regions[i].end - regions[i].start)};
    *at += scan.walk_end - (uintptr_t) *at;
    return count;
}

static bool mark_runs(int record, unsigned char *start, size_t count, bool *written)
{
    struct page_run runs[RUNS_AT_ONCE];
    unsigned char *at = start, *end = start + count * PLATFORM_PAGE;

    memset(written, false, count);
    while (at < end) {
        int found = written_pages_list(record, &at, end, runs, RUNS_AT_ONCE);

        if (found < 0)
            return false;
        for (int i = 0; i < found; i++)
            memset(written + (runs[i].start - start) / PLATFORM_PAGE, true,
                   runs[i].size / PLATFORM_PAGE);
    }
    return true;
}

static bool read_entries(int record, uint64_t *entries, size_t count, uint64_t position)
{
    unsigned char *bytes = (unsigned char *) entries;

    for (size_t done = 0; done < count * ENTRY;) {
        ssize_t got = pread(record, bytes + done, count * ENTRY - done, (off_t) (position + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t) got;
    }
    return true;
}

static bool mark_entries(int record, const unsigned char *start, size_t count, bool *written)
{
    uint64_t entries[ENTRIES_AT_ONCE];
    uint64_t position = (uintptr_t) start / PLATFORM_PAGE * ENTRY;

    for (size_t done = 0; done < count;) {
        size_t part = count - done < ENTRIES_AT_ONCE ? count - done : ENTRIES_AT_ONCE;

        if (!read_entries(record, entries, part, position + done * ENTRY))
            return false;
        for (size_t i = 0; i < part; i++)
            written[done + i] = (entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED))
                                && !(entries[i] & ENTRY_FILE);
        done += part;
    }
    return true;
}

bool written_pages_mark(int record, unsigned char *start, size_t count, bool *written)
{
    return sysconf(_SC_PAGESIZE) == PLATFORM_PAGE
           && (mark_runs(record, start, count, written)
               || mark_entries(record, start, count, written));
}

#else

int written_pages_open(void)
{
    return -1;
}

void written_pages_close(int record)
{
    (void) record;
}

int written_pages_list(int record, unsigned char **at, unsigned char *end, struct page_run *runs,
                       int room)
{
    (void) record;
    (void) at;
    (void) end;
    (void) runs;
    (void) room;
    return -1;
}

bool written_pages_mark(int record, unsigned char *start, size_t count, bool *written)
{
    (void) record;
    (void) start;
    (void) count;
    (void) written;
    return false;
}

#endif
