/* Putting back: what an engine has written to is as in its image again. */
#include "engine/instance/put_back.h"

#include <string.h>

#include "platform/files.h"
#include "platform/written_pages.h"

enum {
    PAGE = PLATFORM_PAGE,
    /* Copying a page costs a tenth of a fault, so it pays where a tenth of them is used again. What is kept is an
       engine's own memory, which this bounds, too. */
    BYTES_MAX = 16 << 20,
    SHARED_BYTES_MAX = 64 << 20, /* to make such a file anew takes several times as long */
    RUNS_MAX = 1024
};

/* Brings pages of a part to what it was mapped from: a section's bytes, and zeros elsewhere. */
static void put_back_run(const pgn_image *image, enum image_region region,
                         const struct image_part *part, const struct page_run *run)
{
    unsigned char *base = part->reservation->base + part->start;
    unsigned char *at = run->start, *end = run->start + run->size;

    for (uint32_t i = 0; i < image->header.section_count && at < end; i++) {
        const struct image_section *section = &image->header.sections[i];
        unsigned char *first = base + section->offset;
        unsigned char *limit = first + section->size;

        if (section->region != region || limit <= at || first >= end)
            continue;
        if (first > at) {
            memset(at, 0, (size_t) (first - at));
            at = first;
        }
        if (limit > end)
            limit = end;
        memcpy(at, image_section_bytes(image, section) + (at - first), (size_t) (limit - at));
        at = limit;
    }
    memset(at, 0, (size_t) (end - at));
}

/* The pages of the parts that were written to; many of them are none. */
struct written {
    struct page_run runs[IMAGE_REGIONS][RUNS_MAX];
    int counts[IMAGE_REGIONS];
    size_t size;
};

static bool find_written(const struct image_part *part, int record, struct page_run *runs,
                         int *total, size_t *size)
{
    unsigned char *at = part->reservation->base, *end = at + part->reservation->committed;

    *total = 0;
    while (at < end && *total < RUNS_MAX) {
        int count = written_pages_list(record, &at, end, runs + *total, RUNS_MAX - *total);

        if (count < 0)
            return false;
        for (int i = 0; i < count; i++)
            *size += runs[*total + i].size;
        *total += count;
    }
    return at == end && *size <= BYTES_MAX;
}

/* What is shared is a file: nothing says which of its pages were written to, so all that it has are. */
static bool find_shared(const pgn_image *image, const struct image_part *part,
                        struct page_run *runs, int *total, size_t *size)
{
    unsigned char *start = part->reservation->base + part->start;

    for (uint32_t i = 0; i < image->header.shared_count; i++) {
        uint64_t at = image->header.shared[i][0], limit = at + image->header.shared[i][1], end;
        int found = 1;

        while (at < limit && (found = files_next_data(part->shared_fd, at, &at, &end)) > 0
               && at < limit) {
            if (*total == RUNS_MAX)
                return false;
            at -= at % PAGE;
            end = end < limit ? end : limit;
            runs[*total] = (struct page_run){.start = start + at, .size = (size_t) (end - at)};
            *size += runs[(*total)++].size;
            at = end;
        }
        if (found < 0)
            return false;
    }
    return *size <= SHARED_BYTES_MAX;
}

bool put_back(const pgn_image *image, const struct image_part parts[IMAGE_REGIONS])
{
    struct written written = {.size = 0};
    int record = written_pages_open();
    bool done = record >= 0;

    for (enum image_region region = 0; done && region < IMAGE_REGIONS; region++)
        done = !parts[region].reservation->remapped
               && find_written(&parts[region], record, written.runs[region],
                               &written.counts[region], &written.size);
    written_pages_close(record);
    if (done && parts[IMAGE_MEMORY].reservation->shared)
        done = parts[IMAGE_MEMORY].shared_fd >= 0
               && find_shared(image, &parts[IMAGE_MEMORY], written.runs[IMAGE_MEMORY],
                              &written.counts[IMAGE_MEMORY], &written.size);
    for (enum image_region region = 0; done && region < IMAGE_REGIONS; region++)
        for (int i = 0; i < written.counts[region]; i++)
            put_back_run(image, region, &parts[region], &written.runs[region][i]);
    return done;
}
