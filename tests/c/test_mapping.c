/* What images are mapped with: files without a name, copy-on-write over a reservation, and back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "platform/errno.h"
#include "platform/files.h"
#include "platform/map.h"
#include "platform/memory_file.h"
#include "platform/reservation.h"
#include "platform/written_pages.h"
#include "space.h"

enum { PAGE = PLATFORM_PAGE, FILE_PAGES = 64, RANGE_PAGES = 2048, SIZE = RANGE_PAGES * PAGE };

/* What page i of the file is full of; never 0. */
static unsigned char content_of(size_t i)
{
    return (unsigned char) (i % 250 + 1);
}

static int file_open(void)
{
    unsigned char page[PAGE];
    int fd = memory_file_open();

    CHECK_TRUE(fd >= 0);
    for (size_t i = 0; i < FILE_PAGES; i++) {
        memset(page, content_of(i), PAGE);
        CHECK_INT(write(fd, page, PAGE), PAGE);
    }
    return fd;
}

static void check_page(const struct reservation *reservation, size_t i, unsigned char expected)
{
    for (size_t at = i * PAGE; at < (i + 1) * PAGE; at++)
        CHECK_INT(reservation->base[at], expected);
}

/* Pages 100 to 109 and 1000 to 1019 are the file's, from its pages 5 and 30 on; all else is zero. */
static const struct {
    size_t first, count, from;
} parts[] = {{100, 10, 5}, {1000, 20, 30}};
enum { PARTS = sizeof parts / sizeof *parts };

static void map_parts(struct reservation *reservation, int fd)
{
    for (size_t i = 0; i < PARTS; i++)
        CHECK_TRUE(reservation_map(reservation, parts[i].first * PAGE, parts[i].count * PAGE, fd,
                                   parts[i].from * PAGE));
}

static void open_mapped(struct reservation *reservation, int fd)
{
    CHECK_TRUE(reservation_open(reservation, SIZE));
    CHECK_TRUE(reservation_commit(reservation, SIZE));
    map_parts(reservation, fd);
}

static void check_mapped(const struct reservation *reservation)
{
    unsigned char expected[RANGE_PAGES] = {0};

    for (size_t i = 0; i < PARTS; i++)
        for (size_t page = 0; page < parts[i].count; page++)
            expected[parts[i].first + page] = content_of(parts[i].from + page);
    for (size_t page = 0; page < RANGE_PAGES; page++)
        check_page(reservation, page, expected[page]);
}

static void write_everywhere(struct reservation *reservation)
{
    for (size_t page = 0; page < RANGE_PAGES; page += 7)
        reservation->base[page * PAGE + page] = 255;
}

/* ---- Mapping ---- */

static void mapped_parts_are_the_file_s(void)
{
    struct reservation reservation;
    int fd = file_open();

    open_mapped(&reservation, fd);
    close(fd); /* the mapping stays */
    check_mapped(&reservation);
    reservation_close(&reservation);
}

static void writes_stay_where_they_are_made(void)
{
    struct reservation one, other;
    unsigned char page[PAGE], expected[PAGE];
    int fd = file_open();

    open_mapped(&one, fd);
    open_mapped(&other, fd);
    write_everywhere(&one);
    memset(one.base, 255, SIZE);
    check_mapped(&other);
    for (size_t i = 0; i < FILE_PAGES; i++) {
        memset(expected, content_of(i), PAGE);
        CHECK_INT(pread(fd, page, PAGE, (off_t) (i * PAGE)), PAGE);
        CHECK_BYTES(page, expected, PAGE);
    }
    reservation_close(&one);
    check_mapped(&other);
    reservation_close(&other);
    close(fd);
}

static void a_file_that_cannot_be_mapped(void)
{
    struct reservation reservation;
    int fds[2];

    CHECK_TRUE(reservation_open(&reservation, SIZE));
    CHECK_TRUE(reservation_commit(&reservation, SIZE));
    CHECK_INT(pipe(fds), 0);
    CHECK_TRUE(!reservation_map(&reservation, 0, PAGE, fds[0], 0));
    CHECK_TRUE(!reservation_map(&reservation, 0, PAGE, -1, 0));
    reservation.base[0] = 1; /* still there */
    close(fds[0]);
    close(fds[1]);
    reservation_close(&reservation);
}

/* ---- Discarding ---- */

static void discarding_forgets_every_write(void)
{
#ifdef __linux__
    struct reservation reservation;
    int fd = file_open();

    open_mapped(&reservation, fd);
    for (int turn = 0; turn < 3; turn++) {
        write_everywhere(&reservation);
        CHECK_TRUE(reservation_discard(&reservation));
        check_mapped(&reservation);
    }
    close(fd);
    reservation_close(&reservation);
#endif
}

/* What has grown since is zero, not gone. */
static void discarding_keeps_what_is_committed(void)
{
#ifdef __linux__
    struct reservation reservation;

    CHECK_TRUE(reservation_open(&reservation, SIZE));
    CHECK_TRUE(reservation_commit(&reservation, PAGE));
    CHECK_TRUE(reservation_commit(&reservation, SIZE));
    memset(reservation.base, 255, SIZE);
    CHECK_TRUE(reservation_discard(&reservation));
    CHECK_INT(reservation.committed, SIZE);
    for (size_t page = 0; page < RANGE_PAGES; page++)
        check_page(&reservation, page, 0);
    reservation_close(&reservation);
#endif
}

/* A zeroed range no longer lies over its file, so there is nothing to go back to. */
static void zeroed_ranges_must_be_mapped_again(void)
{
    struct reservation reservation;
    int fd = file_open();

    open_mapped(&reservation, fd);
    CHECK_TRUE(reservation_zero_range(&reservation, 64 * PAGE, 1000 * PAGE));
    check_page(&reservation, 100, 0);
    CHECK_TRUE(!reservation_discard(&reservation));
    check_page(&reservation, 1003, 0);
    CHECK_TRUE(reservation_zero(&reservation));
    for (size_t page = 0; page < RANGE_PAGES; page++)
        check_page(&reservation, page, 0);
    map_parts(&reservation, fd);
    check_mapped(&reservation);
#ifdef __linux__
    write_everywhere(&reservation);
    CHECK_TRUE(reservation_discard(&reservation)); /* which it can again */
    check_mapped(&reservation);
#endif
    close(fd);
    reservation_close(&reservation);
}

/* Ranges that are written to rather than mapped anew leave the file where it is. */
static void small_zeroed_ranges_can_be_discarded(void)
{
#ifdef __linux__
    struct reservation reservation;
    int fd = file_open();

    open_mapped(&reservation, fd);
    CHECK_TRUE(reservation_zero_range(&reservation, 100 * PAGE, PAGE));
    check_page(&reservation, 100, 0);
    CHECK_TRUE(reservation_discard(&reservation));
    check_mapped(&reservation);
    close(fd);
    reservation_close(&reservation);
#endif
}

/* ---- What was touched ---- */

static bool knows_pages(void)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);

    if (fd >= 0)
        close(fd);
    return fd >= 0 && sysconf(_SC_PAGESIZE) == PAGE;
}

static size_t count_touched(const struct reservation *reservation, bool *touched)
{
    size_t count = 0;

    reservation_touched(reservation, 0, RANGE_PAGES, touched);
    for (size_t page = 0; page < RANGE_PAGES; page++)
        count += touched[page];
    return count;
}

static void written_pages_are_told(void)
{
    struct reservation reservation;
    bool touched[RANGE_PAGES];
    uint64_t seed = 7;
    int fd = file_open();

    open_mapped(&reservation, fd);
    for (int turn = 0; turn < 3; turn++) {
        bool written[RANGE_PAGES] = {false};

        check_mapped(&reservation); /* reading is not writing */
        for (int i = 0; i < 100; i++) {
            size_t page = check_random(&seed) % RANGE_PAGES;

            reservation.base[page * PAGE + check_random(&seed) % PAGE] ^= 1;
            written[page] = true;
        }
        reservation_touched(&reservation, 0, RANGE_PAGES, touched);
        for (size_t page = 0; page < RANGE_PAGES; page++)
            CHECK_TRUE(touched[page] || !written[page]);
        for (size_t i = 0; i < PARTS && knows_pages();
             i++) /* as what is read there is the file's */
            for (size_t page = parts[i].first; page < parts[i].first + parts[i].count; page++)
                CHECK_INT(touched[page], written[page]);
        CHECK_TRUE(reservation_zero(&reservation));
        map_parts(&reservation, fd);
    }
    close(fd);
    reservation_close(&reservation);
}

/* Linux 6.7 and later. */
static bool lists_pages(const struct reservation *reservation)
{
    unsigned char *at = reservation->base;
    struct page_run run;
    int record = written_pages_open();
    bool lists = written_pages_list(record, &at, at + SIZE, &run, 1) >= 0;

    written_pages_close(record);
    return lists;
}

/* Runs of all kinds: within parts, across their ends, of zeros; more of them than one call has room for. */
static void written_pages_are_listed_in_runs(void)
{
    enum { ROOM = 5 };
    struct reservation reservation;
    struct page_run runs[ROOM];
    bool written[RANGE_PAGES] = {false};
    uint64_t seed = 11;
    int fd = file_open(), record = written_pages_open(), found = 0;
    unsigned char *at, *end;

    open_mapped(&reservation, fd);
    for (int i = 0; i < 60 && lists_pages(&reservation); i++) {
        size_t first = i ? check_random(&seed) % (RANGE_PAGES - 20) : 95;

        for (size_t page = first; page < first + check_random(&seed) % 20; page++) {
            reservation.base[page * PAGE] ^= 1;
            written[page] = true;
        }
    }
    at = reservation.base;
    end = at + SIZE;
    while (at < end && (found = written_pages_list(record, &at, end, runs, ROOM)) >= 0)
        for (int i = 0; i < found; i++)
            for (size_t done = 0; done < runs[i].size; done += PAGE) {
                size_t page = (size_t) (runs[i].start + done - reservation.base) / PAGE;

                CHECK_TRUE(written[page]);
                written[page] = false;
            }
    for (size_t page = 0; page < RANGE_PAGES; page++)
        CHECK_TRUE(!written[page]);
    written_pages_close(record);
    close(fd);
    reservation_close(&reservation);
}

static void what_is_no_record_lists_nothing(void)
{
    struct reservation reservation;
    struct page_run run;
    unsigned char *at;
    int fd = file_open();

    open_mapped(&reservation, fd);
    at = reservation.base;
    CHECK_INT(written_pages_list(-1, &at, at + SIZE, &run, 1), -1);
    CHECK_INT(written_pages_list(fd, &at, at + SIZE, &run, 1), -1);
    CHECK_TRUE(at == reservation.base);
    close(fd);
    reservation_close(&reservation);
}

/* What has grown behind the last part was never of the file: giving it up changes nothing that is mapped. */
static void growing_and_shrinking_remaps_nothing(void)
{
    struct reservation reservation;
    int fd = file_open();

    CHECK_TRUE(reservation_open(&reservation, SIZE));
    CHECK_TRUE(reservation_commit_exactly(&reservation, 1200 * PAGE));
    map_parts(&reservation, fd);
    CHECK_TRUE(reservation_commit_exactly(&reservation, 1600 * PAGE));
    memset(reservation.base + 1200 * PAGE, 255, 400 * PAGE);
    CHECK_TRUE(reservation_commit_exactly(&reservation, 1200 * PAGE));
    CHECK_TRUE(!reservation.remapped);
    CHECK_TRUE(reservation_commit_exactly(&reservation, 1600 * PAGE));
    check_page(&reservation, 1599, 0);
    CHECK_TRUE(reservation_commit_exactly(&reservation, 1010 * PAGE)); /* in the middle of a part */
    CHECK_TRUE(reservation.remapped);
    close(fd);
    reservation_close(&reservation);
}

static void pages_nobody_used_are_not_told(void)
{
    struct reservation reservation;
    bool touched[RANGE_PAGES];
    int fd = file_open();

    open_mapped(&reservation, fd);
    if (knows_pages()) {
        CHECK_INT(count_touched(&reservation, touched), 0);
        reservation.base[1 * PAGE] = 1;
        reservation.base[105 * PAGE] = 1;
        reservation.base[SIZE - 1] = 1;
        CHECK_INT(count_touched(&reservation, touched), 3);
        CHECK_TRUE(touched[1] && touched[105] && touched[RANGE_PAGES - 1]);
        reservation_touched(&reservation, 105 * PAGE, 2, touched); /* from there on */
        CHECK_TRUE(touched[0] && !touched[1]);
        CHECK_TRUE(reservation_discard(&reservation));
        CHECK_INT(count_touched(&reservation, touched), 0);
    }
    close(fd);
    reservation_close(&reservation);
}

static void without_a_descriptor_all_are_told(void)
{
    struct reservation reservation;
    struct rlimit none = {0, 0}, before;
    bool touched[RANGE_PAGES];

    CHECK_TRUE(reservation_open(&reservation, SIZE));
    CHECK_TRUE(reservation_commit(&reservation, SIZE));
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_INT(count_touched(&reservation, touched), RANGE_PAGES);
    CHECK_INT(memory_file_open(), -GE_MFILE);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    reservation_close(&reservation);
}

/* ---- Files without a name ---- */

static void memory_files_are_apart_and_empty(void)
{
    int one = memory_file_open(), other = memory_file_open();
    struct stat stat;
    char byte;

    CHECK_TRUE(one >= 0 && other >= 0 && one != other);
    CHECK_INT(fstat(one, &stat), 0);
    CHECK_TRUE(S_ISREG(stat.st_mode));
    CHECK_INT(stat.st_size, 0);
    CHECK_INT(write(one, "x", 1), 1);
    CHECK_INT(pread(one, &byte, 1, 0), 1);
    CHECK_INT(byte, 'x');
    CHECK_INT(pread(other, &byte, 1, 0), 0);
    CHECK_TRUE(fcntl(one, F_GETFD) & FD_CLOEXEC);
    close(one);
    close(other);
}

static void maps_of_descriptors(void)
{
    char directory[4096];
    int fds[2], fd = file_open(), empty = memory_file_open(), folder;
    unsigned char expected[PAGE];
    struct map map;

    CHECK_INT(map_descriptor(fd, &map), 0);
    CHECK_INT(map.size, FILE_PAGES * PAGE);
    CHECK_TRUE(fcntl(fd, F_GETFD) >= 0); /* it stays the caller's */
    close(fd);
    for (size_t i = 0; i < FILE_PAGES; i++) {
        memset(expected, content_of(i), PAGE);
        CHECK_BYTES(map.base + i * PAGE, expected, PAGE);
    }
    map_close(&map);
    CHECK_TRUE(!map.base);

    CHECK_INT(map_descriptor(empty, &map), -GE_INVAL);
    CHECK_TRUE(!map.base);
    CHECK_INT(map_descriptor(-1, &map), -GE_BADF);
    CHECK_INT(pipe(fds), 0);
    CHECK_INT(map_descriptor(fds[0], &map), -GE_INVAL);
    temporary_open(directory);
    folder = open(directory, O_RDONLY | O_DIRECTORY);
    CHECK_INT(map_descriptor(folder, &map), -GE_INVAL);
    close(folder);
    temporary_close(directory);
    close(fds[0]);
    close(fds[1]);
    close(empty);
}

/* ---- Shared with others ---- */

static void shared_pages_are_one(void)
{
    enum { AT = 100, COUNT = 8, FROM = 5 }; /* pages; the second has them elsewhere */
    struct reservation one, other;
    unsigned char byte;
    int fd = file_open();

    CHECK_TRUE(reservation_open(&one, SIZE) && reservation_commit(&one, SIZE));
    CHECK_TRUE(reservation_open(&other, SIZE) && reservation_commit(&other, SIZE));
    CHECK_TRUE(reservation_share(&one, AT * PAGE, COUNT * PAGE, fd, FROM * PAGE));
    CHECK_TRUE(reservation_share(&other, 2 * AT * PAGE, COUNT * PAGE, fd, FROM * PAGE));
    check_page(&one, AT, content_of(FROM));
    check_page(&other, 2 * AT + COUNT - 1, content_of(FROM + COUNT - 1));
    CHECK_INT(one.base[AT * PAGE - 1], 0);
    CHECK_INT(one.base[(AT + COUNT) * PAGE], 0);

    one.base[AT * PAGE] = 255;
    CHECK_INT(other.base[2 * AT * PAGE], 255);
    other.base[(2 * AT + COUNT) * PAGE - 1] = 254;
    CHECK_INT(one.base[(AT + COUNT) * PAGE - 1], 254);
    CHECK_INT(pread(fd, &byte, 1, FROM * PAGE), 1);
    CHECK_INT(byte, 255); /* it is the file's */
    close(fd);
    one.base[AT * PAGE] = 253; /* the file lives as long as one maps it */
    reservation_close(&one);
    CHECK_INT(other.base[2 * AT * PAGE], 253);
    reservation_close(&other);
}

static void shared_pages_are_not_discarded(void)
{
    struct reservation reservation;
    int fd = file_open();

    open_mapped(&reservation, fd);
    reservation.base[0] = 7;
    CHECK_TRUE(reservation_share(&reservation, 500 * PAGE, PAGE, fd, 0));
    reservation.base[500 * PAGE] = 255;
    CHECK_TRUE(!reservation_discard(&reservation));
    CHECK_INT(reservation.base[0], 7);
    CHECK_INT(reservation.base[500 * PAGE], 255);
    CHECK_TRUE(reservation_zero(&reservation)); /* makes them private again */
    CHECK_INT(reservation.base[500 * PAGE], 0);
    reservation_close(&reservation);
    close(fd);
}

/* An image takes them from the file. */
static void shared_pages_are_not_one_s_own(void)
{
    struct reservation reservation;
    bool touched[RANGE_PAGES];
    int fd = file_open();

    CHECK_TRUE(reservation_open(&reservation, SIZE) && reservation_commit(&reservation, SIZE));
    CHECK_TRUE(reservation_share(&reservation, 500 * PAGE, 2 * PAGE, fd, 0));
    reservation.base[500 * PAGE] = 255;
    reservation.base[502 * PAGE] = 255;
    if (knows_pages()) {
        CHECK_INT(count_touched(&reservation, touched), 1);
        CHECK_TRUE(touched[502]);
    }
    reservation_close(&reservation);
    close(fd);
}

static void sharing_needs_a_file(void)
{
    struct reservation reservation;

    CHECK_TRUE(reservation_open(&reservation, SIZE) && reservation_commit(&reservation, SIZE));
    CHECK_TRUE(!reservation_share(&reservation, 0, PAGE, -1, 0));
    reservation_close(&reservation);
}

/* ---- Where a file has data ---- */

enum { FAR = 1000, APART = 5000 }; /* pages of a file that is zeros otherwise */

static int sparse_file_open(void)
{
    int fd = memory_file_open();

    CHECK_TRUE(fd >= 0);
    CHECK_INT(ftruncate(fd, (off_t) 2 * APART * PAGE), 0);
    CHECK_INT(pwrite(fd, "a", 1, (off_t) FAR * PAGE + 10), 1);
    CHECK_INT(pwrite(fd, "b", 1, (off_t) APART * PAGE), 1);
    return fd;
}

static void data_is_found_among_zeros(void)
{
    int fd = sparse_file_open();
    uint64_t at = 0, start, end = 0;
    bool found_far = false, found_apart = false;
    char byte;

    while (files_next_data(fd, at, &start, &end) == 1) {
        CHECK_TRUE(start >= at && end > start && end <= (uint64_t) 2 * APART * PAGE);
        found_far |= start <= FAR * PAGE + 10 && end > FAR * PAGE + 10;
        found_apart |= start <= APART * PAGE && end > APART * PAGE;
        at = end;
    }
    CHECK_INT(files_next_data(fd, at, &start, &end), 0);
    CHECK_TRUE(found_far && found_apart);
#ifdef __linux__ /* elsewhere the whole file may be one range */
    CHECK_INT(files_next_data(fd, 0, &start, &end), 1);
    CHECK_INT(start, FAR * PAGE);
    CHECK_INT(end, (FAR + 1) * PAGE);
    CHECK_INT(files_next_data(fd, FAR * PAGE + 7, &start, &end), 1); /* in the middle of one */
    CHECK_INT(start, FAR * PAGE + 7);
    CHECK_INT(end, (FAR + 1) * PAGE);
    CHECK_INT(files_next_data(fd, end, &start, &end), 1);
    CHECK_INT(start, APART * PAGE);
    CHECK_INT(files_next_data(fd, end, &start, &end), 0);
#endif
    CHECK_INT(pread(fd, &byte, 1, FAR * PAGE + 10), 1);
    CHECK_INT(byte, 'a');
    close(fd);
}

static void data_of_other_files(void)
{
    uint64_t start, end;
    int fd = memory_file_open(), fds[2];

    CHECK_INT(files_next_data(fd, 0, &start, &end), 0); /* empty */
    CHECK_INT(write(fd, "text", 4), 4);
    CHECK_INT(files_next_data(fd, 0, &start, &end), 1);
    CHECK_INT(start, 0);
    CHECK_INT(end, 4);
    CHECK_INT(files_next_data(fd, 3, &start, &end), 1);
    CHECK_INT(start, 3);
    CHECK_INT(files_next_data(fd, 4, &start, &end), 0);
    CHECK_INT(files_next_data(fd, 1 << 20, &start, &end), 0); /* behind its end */
    close(fd);
    CHECK_INT(files_next_data(fd, 0, &start, &end), -GE_BADF);
    CHECK_INT(pipe(fds), 0);
    CHECK_INT(files_next_data(fds[0], 0, &start, &end), 0);
    close(fds[0]);
    close(fds[1]);
}

/* What an image does not find it does not keep: data that were written by way of a map. */
static void data_written_by_a_map_are_found(void)
{
    struct reservation reservation;
    uint64_t start, end;
    int fd = memory_file_open();

    CHECK_INT(ftruncate(fd, SIZE), 0);
    CHECK_TRUE(reservation_open(&reservation, SIZE) && reservation_commit(&reservation, SIZE));
    CHECK_TRUE(reservation_share(&reservation, 0, SIZE, fd, 0));
    reservation.base[77 * PAGE + 5] = 1;
    CHECK_INT(files_next_data(fd, 0, &start, &end), 1);
    CHECK_TRUE(start <= 77 * PAGE + 5 && end > 77 * PAGE + 5);
    reservation_close(&reservation);
    close(fd);
}

static const struct test tests[] = {
    {"mapped_parts_are_the_file_s", mapped_parts_are_the_file_s},
    {"writes_stay_where_they_are_made", writes_stay_where_they_are_made},
    {"a_file_that_cannot_be_mapped", a_file_that_cannot_be_mapped},
    {"discarding_forgets_every_write", discarding_forgets_every_write},
    {"discarding_keeps_what_is_committed", discarding_keeps_what_is_committed},
    {"zeroed_ranges_must_be_mapped_again", zeroed_ranges_must_be_mapped_again},
    {"small_zeroed_ranges_can_be_discarded", small_zeroed_ranges_can_be_discarded},
    {"written_pages_are_told", written_pages_are_told},
    {"written_pages_are_listed_in_runs", written_pages_are_listed_in_runs},
    {"what_is_no_record_lists_nothing", what_is_no_record_lists_nothing},
    {"growing_and_shrinking_remaps_nothing", growing_and_shrinking_remaps_nothing},
    {"pages_nobody_used_are_not_told", pages_nobody_used_are_not_told},
    {"without_a_descriptor_all_are_told", without_a_descriptor_all_are_told},
    {"memory_files_are_apart_and_empty", memory_files_are_apart_and_empty},
    {"maps_of_descriptors", maps_of_descriptors},
    {"shared_pages_are_one", shared_pages_are_one},
    {"shared_pages_are_not_discarded", shared_pages_are_not_discarded},
    {"shared_pages_are_not_one_s_own", shared_pages_are_not_one_s_own},
    {"sharing_needs_a_file", sharing_needs_a_file},
    {"data_is_found_among_zeros", data_is_found_among_zeros},
    {"data_of_other_files", data_of_other_files},
    {"data_written_by_a_map_are_found", data_written_by_a_map_are_found},
};

TEST_MAIN(tests)
