/* The hostile build: in a scenario over all of the VFS the n-th allocation fails, for every n.
 *
 * Whatever fails says so with an error; nothing crashes, nothing is lost, and the same scenario
 * passes when run again in the same name space.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "platform/coroutine.h"
#include "platform/files.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"
#include "space.h"
#include "vfs/pack.h"

enum { CWD = VFS_AT_CWD };

/* ---- The n-th allocation ---- */

/* Counted down by each allocation; the one that makes it 0 fails, with "onwards" all after it. */
static struct {
    long countdown;
    bool onwards;
    long failed;
} hostile;

static bool refuses(void)
{
    if (hostile.countdown > 0 && --hostile.countdown == 0) {
        hostile.failed++;
        if (hostile.onwards)
            hostile.countdown = 1;
        return true;
    }
    return false;
}

/* Linked with --wrap for each: calls from other files come here. */
arena_offset __real_arena_allocate(struct arena *arena, size_t size);
arena_offset __wrap_arena_allocate(struct arena *arena, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

arena_offset __wrap_arena_allocate(struct arena *arena, size_t size)
{
    return refuses() ? 0 : __real_arena_allocate(arena, size);
}

void *__wrap_malloc(size_t size)
{
    return refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refuses() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return refuses() ? NULL : __real_strdup(text);
}

/* ---- The scenario ---- */

/* An error that running out of memory may cause. */
static bool is_shortage(int64_t result)
{
    return result == -GE_NOSPC || result == -GE_NOMEM || result == -GE_NFILE;
}

static void tolerate(int line, const char *what, int64_t result)
{
    /* What an earlier failure has left undone is missing later. */
    if (result < 0 && !is_shortage(result) && result != -GE_NOENT && result != -GE_BADF
        && result != -GE_EXIST && result != -GE_NOTDIR)
        check_failed(__FILE__, line, "%s: got %lld", what, (long long) result);
}

#define TRY(call) tolerate(__LINE__, #call, (call))

static void exercise(struct vfs *vfs)
{
    static unsigned char bytes[40000];
    struct vfs_dirent entry;
    struct vfs_stat stat;
    int fd, directory, fds[2] = {-1, -1};

    TRY(vfs_mkdirat(vfs, CWD, "w", 0700));
    TRY(vfs_mkdirat(vfs, CWD, "w/d", 0700));
    fd = vfs_openat(vfs, CWD, "w/f", VFS_O_RDWR | VFS_O_CREAT, 0600);
    TRY(fd);
    TRY(vfs_write(vfs, fd, bytes, sizeof bytes));
    TRY(vfs_pwrite(vfs, fd, bytes, 100, UINT64_C(1) << 25)); /* a level more in the block map */
    TRY(vfs_ftruncate(vfs, fd, 5000));
    TRY(vfs_allocate(vfs, fd, 0, 50000));
    TRY(vfs_clone(vfs, "w/f", "w/clone"));
    TRY(vfs_pwrite(vfs, fd, bytes, sizeof bytes, 100)); /* takes the two apart */
    TRY(vfs_clone(vfs, "w/clone", "w/again"));
    TRY(vfs_linkat(vfs, CWD, "w/f", CWD, "w/hard", 0));
    TRY(vfs_symlinkat(vfs, "f", CWD, "w/soft"));
    TRY(vfs_renameat(vfs, CWD, "w/f", CWD, "w/a longer name for it"));
    TRY(vfs_renameat(vfs, CWD, "w/hard", CWD, "w/d/hard"));
    TRY(vfs_statat(vfs, CWD, "w/d/hard", 0, &stat));
    TRY(vfs_chdir(vfs, "w/d"));
    TRY(vfs_chdir(vfs, "../.."));
    TRY(vfs_pipe(vfs, fds, 0));
    TRY(vfs_write(vfs, fds[1], bytes, 1000));
    directory = vfs_openat(vfs, CWD, "w", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
    TRY(directory);
    for (uint64_t cookie = 0; vfs_readdir(vfs, directory, cookie, &entry) == 1;
         cookie = entry.cookie) {
    }
    vfs_close_fd(vfs, fds[0]);
    vfs_close_fd(vfs, fds[1]);
    vfs_close_fd(vfs, directory);
    vfs_close_fd(vfs, fd);
}

/* With nothing failing: what exercise may have left is removed. */
static void clean(struct vfs *vfs)
{
    static const char *const files[] = {"w/f",      "w/hard",  "w/soft", "w/a longer name for it",
                                        "w/d/hard", "w/clone", "w/again"};

    CHECK_INT(vfs_chdir(vfs, "/"), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        TRY(vfs_unlinkat(vfs, CWD, files[i], 0));
    TRY(vfs_unlinkat(vfs, CWD, "w/d", VFS_AT_REMOVEDIR));
    TRY(vfs_unlinkat(vfs, CWD, "w", VFS_AT_REMOVEDIR));
    CHECK_INT(vfs_accessat(vfs, CWD, "w", 0, 0), -GE_NOENT);
    CHECK_INT(vfs_dup(vfs, 0, 0), 3); /* and no descriptor was left open */
    CHECK_INT(vfs_close_fd(vfs, 3), 0);
}

/* Fails the n-th allocation of exercise, for every n it has. */
static void fail_each(struct space *space, bool onwards)
{
    size_t used;
    long n;

    used = arena_used(&space->arena);
    for (n = 1;; n++) {
        hostile.countdown = n;
        hostile.onwards = onwards;
        hostile.failed = 0;
        exercise(space->vfs);
        hostile.countdown = 0;
        clean(space->vfs);
        CHECK_INT(arena_used(&space->arena), used);
        if (hostile.failed == 0)
            break;
    }
    CHECK_TRUE(n > 15);
}

static void in_memory(void)
{
    struct space space;

    space_open(&space, SPACE_LIMIT);
    fail_each(&space, false);
    fail_each(&space, true);
    space_close(&space);
}

static void in_a_host_directory(void)
{
    char path[4096];
    struct space space;
    struct error error;

    temporary_open(path);
    space_open(&space, SPACE_LIMIT);
    CHECK_INT(vfs_mount_host(space.vfs, "/", files_open_directory(path), false, &error), STATUS_OK);
    fail_each(&space, false);
    fail_each(&space, true);
    space_close(&space);
    temporary_close(path);
}

static void opening(void)
{
    struct reservation reservation;
    long n;

    CHECK_TRUE(reservation_open(&reservation, SPACE_LIMIT));
    for (n = 1;; n++) {
        struct arena arena = {reservation.base, SPACE_LIMIT, space_commit, space_release,
                              &reservation};
        struct vfs *vfs;
        struct error error;
        enum status status;

        CHECK_TRUE(reservation_zero(&reservation));
        CHECK_TRUE(arena_init(&arena) && virtual_clock_open(&arena) && random_source_open(&arena));
        hostile.countdown = n;
        hostile.failed = 0;
        status = vfs_open(&arena, NULL, NULL, &vfs, &error);
        hostile.countdown = 0;
        if (hostile.failed == 0) {
            CHECK_INT(status, STATUS_OK);
            vfs_close(vfs);
            break;
        }
        CHECK_INT(status, STATUS_NO_MEMORY);
    }
    CHECK_TRUE(n > 20);
    reservation_close(&reservation);
}

/* Two files and a link, as tools/pack.py would write them. */
static void write_pack(const char *path)
{
    static unsigned char bytes[4096 + 2 * 4096];
    static const struct {
        uint32_t parent, name, length, mode, size, first;
    } nodes[] = {
        {0, 0, 0, VFS_S_IFDIR | 0755, 0, 0},
        {0, 0, 1, VFS_S_IFDIR | 0755, 0, 0},
        {0, 1, 1, VFS_S_IFLNK | 0777, 1, 0},
        {1, 2, 1, VFS_S_IFREG | 0644, 4096, 1},
    };
    FILE *file = fopen(path, "wb");
    uint32_t header[] = {4, 2, 2, 3}; /* nodes, index entries, blocks, bytes of names */
    uint64_t offsets[] = {64, 512, 600, 4096, sizeof bytes};
    uint32_t block_index[] = {1, 2};

    memcpy(bytes, "PGNPACK1", 8);
    memcpy(bytes + 8, header, sizeof header);
    memcpy(bytes + 24, offsets, sizeof offsets);
    for (size_t i = 0; i < 4; i++) {
        unsigned char *node = bytes + 64 + 40 * i;

        memcpy(node, &nodes[i].parent, 4);
        memcpy(node + 4, &nodes[i].name, 4);
        memcpy(node + 8, &nodes[i].length, 2);
        memcpy(node + 12, &nodes[i].mode, 4);
        memcpy(node + 16, &nodes[i].size, 4);
        memcpy(node + 32, &nodes[i].first, 4);
    }
    memcpy(bytes + 512, block_index, sizeof block_index);
    memcpy(bytes + 600, "abc", 3);
    bytes[4096] = 't';
    bytes[8192] = 'c';
    CHECK_INT(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    fclose(file);
}

static enum status open_and_mount(const char *path, struct space *space)
{
    struct error error;
    struct pack *pack;
    enum status status = pack_open(path, &pack, &error);

    if (status != STATUS_OK)
        return status;
    status = vfs_mount_pack(space->vfs, "/some/where", pack, &error);
    vfs_close(space->vfs); /* before the pack */
    space->vfs = NULL;
    pack_close(pack);
    return status;
}

static void packs(void)
{
    char directory[4096], path[4200];
    long n;

    temporary_open(directory);
    snprintf(path, sizeof path, "%s/p", directory);
    write_pack(path);
    for (n = 1;; n++) {
        struct space space;
        enum status status;

        space_open(&space, SPACE_LIMIT);
        hostile.countdown = n;
        hostile.failed = 0;
        status = open_and_mount(path, &space);
        hostile.countdown = 0;
        space_close(&space);
        if (hostile.failed == 0) {
            CHECK_INT(status, STATUS_OK);
            break;
        }
        CHECK_TRUE(status == STATUS_NO_MEMORY || status == STATUS_PACK);
    }
    CHECK_TRUE(n > 8);
    temporary_close(directory);
}

static void coroutines(void)
{
    hostile.countdown = 1;
    CHECK_TRUE(!coroutine_open(65536, NULL, NULL));
    hostile.countdown = 0;
}

static const struct test tests[] = {
    {"in_memory", in_memory},   {"in_a_host_directory", in_a_host_directory},
    {"opening", opening},       {"packs", packs},
    {"coroutines", coroutines},
};

TEST_MAIN(tests)
