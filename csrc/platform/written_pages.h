/* Which of its pages a process has written to since they were mapped: the kernel knows it. */
#ifndef PGN_PLATFORM_WRITTEN_PAGES_H
#define PGN_PLATFORM_WRITTEN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pages next to each other. */
struct page_run {
    unsigned char *start;
    size_t size; /* bytes */
};

/* -1: the system does not say. */
int written_pages_open(void);
void written_pages_close(int record);

/* Lists the pages in [*at, end) that were written to, as runs in order: as many as there is room for. Moves *at behind
   what it has looked at, which is `end` when it is done. Returns how many runs; -1: the system cannot do it. The range is
   of private mappings, and its ends are multiples of the system's page. */
int written_pages_list(int record, unsigned char **at, unsigned char *end, struct page_run *runs,
                       int room);

/* The same, a page at a time, from older systems too: written[i] is whether that of start + i PLATFORM_PAGEs was written to.
   False: the system does not say. */
bool written_pages_mark(int record, unsigned char *start, size_t count, bool *written);

#endif
