#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "platform/clock.h"
#include "platform/coroutine.h"
#include "platform/errno.h"
#include "platform/directory_lock.h"
#include "platform/map.h"
#include "platform/process.h"
#include "platform/reservation.h"
#include "space.h"

/* ---- Reservation ---- */

/* Does touching the address kill a process? */
static bool faults(volatile unsigned char *address)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL); /* not the sanitizer's report */
        signal(SIGBUS, SIG_DFL);
        *address = 1;
        _exit(0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
}

static void reservation_grows_in_place(void)
{
    struct reservation reservation;
    unsigned char *base;

    CHECK_TRUE(reservation_open(&reservation, (size_t) 1 << 31));
    base = reservation.base;
    CHECK_TRUE(base);
    CHECK_INT(reservation.committed, 0);
    for (size_t size = 1; size <= (size_t) 64 << 20; size = size * 3 + 1) {
        CHECK_TRUE(reservation_commit(&reservation, size));
        CHECK_TRUE(reservation.base == base && reservation.committed >= size);
        CHECK_INT(base[size - 1], 0);
        base[size - 1] = 7;
    }
    CHECK_TRUE(reservation_commit(&reservation, 1)); /* never shrinks */
    CHECK_TRUE(!reservation_commit(&reservation, reservation.limit + 1));
    CHECK_TRUE(reservation_commit(&reservation, reservation.limit));
    CHECK_INT(reservation.committed, reservation.limit);
    CHECK_TRUE(reservation_zero(&reservation));
    CHECK_INT(base[0], 0);
    reservation_close(&reservation);
    CHECK_TRUE(!reservation.base);
    reservation_close(&reservation);
}

static void reservation_zeroes_ranges(void)
{
    enum { SIZE = 1 << 20 };
    static const size_t ranges[][2] = {{0, SIZE},       {1, 5},         {100, 200000},
                                       {65536, 131072}, {65535, 65538}, {SIZE - 1, 1},
                                       {7, 0}};
    struct reservation reservation;

    CHECK_TRUE(reservation_open(&reservation, SIZE));
    CHECK_TRUE(reservation_commit(&reservation, SIZE));
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        size_t start = ranges[i][0], end = start + ranges[i][1];

        memset(reservation.base, 7, SIZE);
        CHECK_TRUE(reservation_zero_range(&reservation, start, ranges[i][1]));
        for (size_t at = 0; at < SIZE; at++)
            CHECK_INT(reservation.base[at], at < start || at >= end ? 7 : 0);
    }
    reservation_close(&reservation);
}

static void reservation_is_guarded(void)
{
    struct reservation reservation;

    CHECK_TRUE(reservation_open(&reservation, 1 << 24));
    CHECK_TRUE(faults(reservation.base));
    CHECK_TRUE(reservation_commit(&reservation, 1));
    CHECK_TRUE(!faults(reservation.base));
    CHECK_TRUE(faults(reservation.base + reservation.committed));
    CHECK_TRUE(faults(reservation.base - 1));
    CHECK_TRUE(reservation_commit(&reservation, reservation.limit));
    CHECK_TRUE(!faults(reservation.base + reservation.limit - 1));
    CHECK_TRUE(faults(reservation.base + reservation.limit));
    reservation_close(&reservation);
}

static void reservation_too_large(void)
{
    struct reservation reservation;

    CHECK_TRUE(!reservation_open(&reservation, SIZE_MAX));
    CHECK_TRUE(!reservation_open(&reservation, SIZE_MAX / 2));
    reservation_close(&reservation);
}

/* ---- Coroutine ---- */

struct counter {
    struct coroutine *coroutine;
    int value;
    char *deepest;
};

static void count_to_three(void *argument)
{
    struct counter *counter = argument;

    for (int i = 1; i <= 3; i++) {
        counter->value = i;
        coroutine_suspend(counter->coroutine);
    }
    counter->value = 99;
}

static void coroutine_runs_in_steps(void)
{
    struct counter counter = {0};

    counter.coroutine = coroutine_open(1 << 16, count_to_three, &counter);
    CHECK_TRUE(counter.coroutine);
    CHECK_INT(counter.value, 0); /* not before the first resume */
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(coroutine_resume(counter.coroutine), 1);
        CHECK_INT(counter.value, i);
    }
    CHECK_INT(coroutine_resume(counter.coroutine), 0);
    CHECK_INT(counter.value, 99);
    CHECK_INT(coroutine_resume(counter.coroutine), 0);
    coroutine_close(counter.coroutine);
    coroutine_close(NULL);
}

static void suspend_below(struct counter *counter, int depth)
{
    volatile unsigned char frame[512];

    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (unsigned char) depth;
    if (depth > 0)
        suspend_below(counter, depth - 1);
    else
        coroutine_suspend(counter->coroutine);
    for (size_t i = 0; i < sizeof frame; i++)
        CHECK_INT(frame[i], depth);
}

static void suspend_deep_down(void *argument)
{
    suspend_below(argument, 50);
}

/* From its beginning, whatever frames are on its stack. */
static void coroutine_restarted_half_way(void)
{
    struct counter counter = {0};

    counter.coroutine = coroutine_open(1 << 18, suspend_deep_down, &counter);
    CHECK_INT(coroutine_resume(counter.coroutine), 1);
    for (int turn = 0; turn < 2; turn++) { /* suspended, then finished */
        coroutine_restart(counter.coroutine, count_to_three, &counter);
        for (int i = 1; i <= 3; i++) {
            CHECK_INT(coroutine_resume(counter.coroutine), 1);
            CHECK_INT(counter.value, i);
        }
        CHECK_INT(coroutine_resume(counter.coroutine), 0);
    }
    coroutine_restart(counter.coroutine, suspend_deep_down, &counter);
    CHECK_INT(coroutine_resume(counter.coroutine), 1);
    CHECK_INT(coroutine_resume(counter.coroutine), 0);
    coroutine_close(counter.coroutine);
}

static void coroutine_closed_half_way(void)
{
    struct counter counter = {0};

    counter.coroutine = coroutine_open(1 << 16, count_to_three, &counter);
    CHECK_INT(coroutine_resume(counter.coroutine), 1);
    coroutine_close(counter.coroutine);
}

static void *resume_in_thread(void *argument)
{
    coroutine_resume(argument);
    return NULL;
}

static void coroutine_moves_between_threads(void)
{
    struct counter counter = {0};

    counter.coroutine = coroutine_open(1 << 18, count_to_three, &counter);
    for (int i = 1; i <= 3; i++) {
        pthread_t thread;

        CHECK_INT(pthread_create(&thread, NULL, resume_in_thread, counter.coroutine), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK_INT(counter.value, i);
    }
    CHECK_INT(coroutine_resume(counter.coroutine), 0);
    coroutine_close(counter.coroutine);
}

static int recurse(struct counter *counter, int depth)
{
    volatile char frame[256];

    frame[0] = (char) depth;
    counter->deepest = (char *) frame;
    return depth == 0 ? frame[0] : recurse(counter, depth - 1) + frame[0];
}

static void recurse_deeply(void *argument)
{
    struct counter *counter = argument;

    recurse(counter, 10000);
    coroutine_suspend(counter->coroutine);
}

static void coroutine_has_its_own_stack(void)
{
    enum { SIZE = 64 << 20 };
    struct counter counter = {0};
    char *limit;

    counter.coroutine = coroutine_open(SIZE, recurse_deeply, &counter);
    limit = coroutine_stack_limit(counter.coroutine);
    CHECK_INT(coroutine_resume(counter.coroutine), 1);
    CHECK_TRUE(counter.deepest > limit && counter.deepest < limit + SIZE - 10000 * 256);
    CHECK_TRUE(!faults((unsigned char *) limit));
    CHECK_TRUE(faults((unsigned char *) limit - 1));
    coroutine_close(counter.coroutine);
}

/* What deep calls have touched goes back, what the suspended ones hold stays. */
static void coroutine_trims_its_stack(void)
{
    enum { SIZE = 64 << 20, PAGE = 65536 };
    struct counter counter = {0};
    unsigned char resident[SIZE / 4096];
    size_t before = 0, after = 0;
    char *limit;

    counter.coroutine = coroutine_open(SIZE, recurse_deeply, &counter);
    limit = coroutine_stack_limit(counter.coroutine);
    coroutine_trim(counter.coroutine); /* not started: nothing to give */
    CHECK_INT(coroutine_resume(counter.coroutine), 1);
    CHECK_INT(mincore(limit, SIZE, (void *) resident), 0);
    for (size_t i = 0; i < sizeof resident; i++)
        before += resident[i] & 1;
    coroutine_trim(counter.coroutine);
    CHECK_INT(mincore(limit, SIZE, (void *) resident), 0);
    for (size_t i = 0; i < sizeof resident; i++)
        after += resident[i] & 1;
    CHECK_TRUE(before * 4096 > 10000 * 256);
    CHECK_TRUE(after * 4096 <= 4 * PAGE);
    CHECK_INT(coroutine_resume(counter.coroutine), 0);
    coroutine_close(counter.coroutine);
}

static void coroutine_too_large(void)
{
    CHECK_TRUE(!coroutine_open(SIZE_MAX, count_to_three, NULL));
    CHECK_TRUE(!coroutine_open(SIZE_MAX / 2, count_to_three, NULL));
}

/* ---- Clock, entropy, errno ---- */

static void clocks(void)
{
    int64_t before = platform_monotonic_ns(), wall = platform_realtime_ns();

    CHECK_TRUE(wall > INT64_C(1700000000) * 1000000000); /* after 2023 */
    usleep(2000);
    CHECK_TRUE(platform_monotonic_ns() - before >= 2000000);
    CHECK_TRUE(platform_monotonic_ns() - before < INT64_C(60) * 1000000000);
}

static void entropy(void)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    int distinct = 0;

    CHECK_TRUE(platform_random(a, sizeof a) && platform_random(b, sizeof b));
    CHECK_TRUE(memcmp(a, b, sizeof a) != 0);
    for (size_t i = 1; i < sizeof a; i++)
        distinct += a[i] != a[i - 1];
    CHECK_TRUE(distinct > 900);
    CHECK_TRUE(platform_random(a, 0));
}

/* Of a process that is not the one that opened the note. */
static bool child_knows_itself(struct process_note *note)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(process_number(note) == (int32_t) getpid()
                      && process_number(note) == (int32_t) getpid()
                  ? 0
                  : 1);
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void process_numbers(void)
{
    struct process_note *note = process_note_open();

    CHECK_TRUE(child_knows_itself(note)); /* before there is anything in it */
    CHECK_INT(process_number(note), getpid());
    CHECK_INT(process_number(note), getpid());
    CHECK_TRUE(child_knows_itself(note));
    CHECK_INT(process_number(note), getpid());
    CHECK_INT(process_number(NULL), getpid());
    CHECK_TRUE(child_knows_itself(NULL));
    process_note_close(note);
    process_note_close(NULL);
}

static void errno_table(void)
{
    static const struct {
        int system;
        int guest;
    } known[] = {
        {0, 0},       {ENOENT, 44},      {EBADF, 8},   {EEXIST, 20},
        {EINVAL, 28}, {ENOTDIR, 54},     {EISDIR, 31}, {ENOTEMPTY, 55},
        {ENOTTY, 59}, {ENOSPC, 51},      {EIO, 29},    {EACCES, 2},
        {EPERM, 63},  {EMFILE, 33},      {ENOSYS, 52}, {ENAMETOOLONG, 37},
        {ELOOP, 32},  {ESPIPE, 70},      {EROFS, 69},  {EXDEV, 75},
        {EAGAIN, 6},  {EWOULDBLOCK, 6},  {ENOMEM, 48}, {EFBIG, 22},
        {ERANGE, 68}, {EOPNOTSUPP, 138}, {EPIPE, 64},  {EBUSY, 10},
        {12345, 29},  {-1, 29},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK_INT(platform_errno(known[i].system), known[i].guest);
}

/* ---- Map ---- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK_TRUE(file);
    CHECK_TRUE(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void maps(void)
{
    char directory[4096], path[4200];
    struct map map;

    temporary_open(directory);
    snprintf(path, sizeof path, "%s/file", directory);
    CHECK_INT(map_open(path, &map), -GE_NOENT);
    write_file(path, "");
    CHECK_INT(map_open(path, &map), -GE_INVAL);
    CHECK_INT(map_open(directory, &map), -GE_INVAL);
    write_file(path, "some text");
    CHECK_INT(map_open(path, &map), 0);
    CHECK_INT(map.size, 9);
    CHECK_BYTES(map.base, "some text", 9);
    map_close(&map);
    map_close(&map);
    temporary_close(directory);
}

/* ---- Lock ---- */

enum { GUEST_PID = 42 };

static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    CHECK_TRUE(fd >= 0);
    return fd;
}

/* Makes a directory and locks it; closed by unlocked. */
static int locked(char path[4096], struct lock *lock)
{
    struct error error;
    int directory;

    temporary_open(path);
    directory = open_directory(path);
    CHECK_INT(lock_open(directory, path, GUEST_PID, lock, &error), STATUS_OK);
    return directory;
}

/* Gives up the first lock: another can be had. */
static void unlocked(const char *path, int directory, struct lock *lock)
{
    struct lock second;
    struct error error;

    lock_close(lock);
    CHECK_TRUE(!lock_is_held(lock));
    CHECK_INT(lock_open(directory, path, GUEST_PID, &second, &error), STATUS_OK);
    CHECK_TRUE(lock_is_held(&second));
    lock_close(&second);
    close(directory);
    temporary_close(path);
}

static void lock_excludes_in_this_process(void)
{
    char path[4096], expected[8192];
    struct lock first, second;
    struct error error;
    int directory = locked(path, &first);

    CHECK_INT(lock_open(directory, path, GUEST_PID, &second, &error), STATUS_LOCKED);
    snprintf(expected, sizeof expected,
             "the data directory %s is in use by another engine in this process", path);
    CHECK_TEXT(error.message, expected);
    unlocked(path, directory, &first);
}

/* Whatever has become of its file. */
static void the_directory_is_locked_itself(void)
{
    char path[4096];
    struct lock first, second;
    struct error error;
    int directory = locked(path, &first);

    CHECK_INT(unlinkat(directory, LOCK_FILE, 0), 0);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &second, &error), STATUS_LOCKED);
    CHECK_TRUE(!lock_is_held(&second));
    unlocked(path, directory, &first);
}

/* Another process holds the lock until it is killed. */
static void lock_excludes_other_processes(void)
{
    char path[4096], expected[8192], byte;
    struct lock lock;
    struct error error;
    int directory, ready[2], status;
    pid_t child;

    temporary_open(path);
    directory = open_directory(path);
    CHECK_INT(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (lock_open(directory, path, GUEST_PID, &lock, &error) != STATUS_OK)
            _exit(1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_LOCKED);
    snprintf(expected, sizeof expected, "the data directory %s is in use by process %d", path,
             child);
    CHECK_TEXT(error.message, expected);
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_OK);
    lock_close(&lock);
    close(ready[0]);
    close(ready[1]);
    close(directory);
    temporary_close(path);
}

static void lock_sees_a_native_server(void)
{
    char path[4096], file[8192], text[64], expected[8192];
    struct lock lock;
    struct error error;
    int directory, status;
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    temporary_open(path);
    directory = open_directory(path);
    snprintf(file, sizeof file, "%s/postmaster.pid", path);
    snprintf(text, sizeof text, "%d\n/some/where\n", child);
    write_file(file, text);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_LOCKED);
    snprintf(expected, sizeof expected,
             "the data directory %s is in use by a PostgreSQL server (process %d)", path, child);
    CHECK_TEXT(error.message, expected);
    snprintf(text, sizeof text, "-%d\n", child); /* stand-alone backend */
    write_file(file, text);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_LOCKED);
    /* Ours, whatever process has that number here. */
    CHECK_INT(lock_open(directory, path, child, &lock, &error), STATUS_OK);
    lock_close(&lock);
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_OK); /* it is stale */
    lock_close(&lock);
    write_file(file, "no number");
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_OK);
    lock_close(&lock);
    close(directory);
    temporary_close(path);
}

static void lock_needs_a_usable_directory(void)
{
    char path[4096], file[8192];
    struct lock lock;
    struct error error;
    int directory;

    temporary_open(path);
    directory = open_directory(path);
    snprintf(file, sizeof file, "%s/" LOCK_FILE, path);
    CHECK_INT(symlink("/etc/passwd", file), 0); /* not followed */
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_IO);
    CHECK_INT(unlink(file), 0);
    CHECK_INT(mkdir(file, 0700), 0);
    CHECK_INT(lock_open(directory, path, GUEST_PID, &lock, &error), STATUS_IO);
    close(directory);
    temporary_close(path);
}

static const struct test tests[] = {
    {"reservation_grows_in_place", reservation_grows_in_place},
    {"reservation_zeroes_ranges", reservation_zeroes_ranges},
    {"reservation_is_guarded", reservation_is_guarded},
    {"reservation_too_large", reservation_too_large},
    {"coroutine_runs_in_steps", coroutine_runs_in_steps},
    {"coroutine_restarted_half_way", coroutine_restarted_half_way},
    {"coroutine_closed_half_way", coroutine_closed_half_way},
    {"coroutine_moves_between_threads", coroutine_moves_between_threads},
    {"coroutine_has_its_own_stack", coroutine_has_its_own_stack},
    {"coroutine_trims_its_stack", coroutine_trims_its_stack},
    {"coroutine_too_large", coroutine_too_large},
    {"clocks", clocks},
    {"entropy", entropy},
    {"process_numbers", process_numbers},
    {"errno_table", errno_table},
    {"maps", maps},
    {"lock_excludes_in_this_process", lock_excludes_in_this_process},
    {"the_directory_is_locked_itself", the_directory_is_locked_itself},
    {"lock_excludes_other_processes", lock_excludes_other_processes},
    {"lock_sees_a_native_server", lock_sees_a_native_server},
    {"lock_needs_a_usable_directory", lock_needs_a_usable_directory},
};

TEST_MAIN(tests)
