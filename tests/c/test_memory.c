/* The tree in memory: what the model test's oracle cannot tell, and its figures by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "space.h"

enum { CWD = VFS_AT_CWD };

static int make(struct vfs *vfs, const char *path, const char *text)
{
    int fd = vfs_openat(vfs, CWD, path, VFS_O_RDWR | VFS_O_CREAT | VFS_O_TRUNC, 0644);

    CHECK_TRUE(fd >= 0);
    CHECK_INT(vfs_write(vfs, fd, text, strlen(text)), strlen(text));
    return fd;
}

static void check_content(struct vfs *vfs, const char *path, const char *expected)
{
    char text[256] = "";
    int fd = vfs_openat(vfs, CWD, path, VFS_O_RDONLY, 0);

    CHECK_TRUE(fd >= 0);
    CHECK_TRUE(vfs_read(vfs, fd, text, sizeof text - 1) >= 0);
    CHECK_TEXT(text, expected);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
}

static void devices(void)
{
    struct space space;
    unsigned char bytes[64], zeros[64] = {0};
    struct vfs_stat stat;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_write(vfs, 1, "out", 3), 3);
    CHECK_INT(vfs_write(vfs, 2, "err", 3), 3);
    CHECK_TEXT(space.log, "1:out2:err");
    CHECK_INT(vfs_read(vfs, 0, bytes, sizeof bytes), 0);
    CHECK_INT(vfs_read(vfs, 1, bytes, sizeof bytes), -GE_BADF);
    CHECK_INT(vfs_write(vfs, 0, "in", 2), -GE_BADF);
    CHECK_INT(vfs_seek(vfs, 1, 0, VFS_SEEK_CUR), -GE_SPIPE);
    CHECK_INT(vfs_sync(vfs, 1, false), -GE_INVAL);

    fd = vfs_openat(vfs, CWD, "/dev/zero", VFS_O_RDWR, 0);
    memset(bytes, 1, sizeof bytes);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), sizeof bytes);
    CHECK_BYTES(bytes, zeros, sizeof bytes);
    CHECK_INT(vfs_pwrite(vfs, fd, bytes, 10, 1000), 10);
    fd = vfs_openat(vfs, CWD, "/dev/urandom", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), sizeof bytes);
    CHECK_TRUE(memcmp(bytes, zeros, sizeof bytes) != 0);
    fd = vfs_openat(vfs, CWD, "/dev/null", VFS_O_RDWR | VFS_O_TRUNC, 0);
    CHECK_INT(vfs_write(vfs, fd, "gone", 4), 4);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 0);
    CHECK_INT(vfs_ftruncate(vfs, fd, 0), -GE_INVAL);
    CHECK_INT(vfs_allocate(vfs, fd, 0, 1), -GE_NODEV);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(stat.mode & VFS_S_IFMT, VFS_S_IFCHR);
    CHECK_INT(vfs_statat(vfs, CWD, "/dev/shm", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFDIR | 01777);
    CHECK_INT(vfs_openat(vfs, CWD, "/dev/null/x", VFS_O_RDONLY, 0), -GE_NOTDIR);
    space_close(&space);
}

static void pipes(void)
{
    static unsigned char big[VFS_PIPE_SIZE + 1], back[VFS_PIPE_SIZE + 1];
    struct space space;
    struct vfs *vfs;
    int fds[2], copy;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (unsigned char) (i * 31);
    CHECK_INT(vfs_pipe(vfs, fds, VFS_O_CLOEXEC), 0);
    CHECK_INT(fds[0], 3);
    CHECK_INT(fds[1], 4);
    CHECK_TRUE(vfs_close_on_exec(vfs, fds[0]));
    CHECK_INT(vfs_read(vfs, fds[0], back, 1), -GE_AGAIN);
    CHECK_INT(vfs_poll(vfs, fds[0]), 0);
    CHECK_INT(vfs_poll(vfs, fds[1]), VFS_POLL_OUT);
    CHECK_INT(vfs_write(vfs, fds[0], big, 1), -GE_BADF);
    CHECK_INT(vfs_read(vfs, fds[1], back, 1), -GE_BADF);
    CHECK_INT(vfs_pread(vfs, fds[0], back, 1, 0), -GE_SPIPE);
    for (int round = 0; round < 20; round++) { /* the ring turns */
        CHECK_INT(vfs_write(vfs, fds[1], big + round, 50000), 50000);
        CHECK_INT(vfs_poll(vfs, fds[0]), VFS_POLL_IN);
        CHECK_INT(vfs_read(vfs, fds[0], back, 50001), 50000);
        CHECK_BYTES(back, big + round, 50000);
    }
    CHECK_INT(vfs_write(vfs, fds[1], big, sizeof big), VFS_PIPE_SIZE);
    CHECK_INT(vfs_write(vfs, fds[1], big, 1), -GE_AGAIN);
    CHECK_INT(vfs_poll(vfs, fds[1]), 0);
    CHECK_INT(vfs_read(vfs, fds[0], back, 100), 100);
    CHECK_INT(vfs_write(vfs, fds[1], big, VFS_PIPE_ATOMIC), -GE_AGAIN); /* all or nothing */
    CHECK_INT(vfs_write(vfs, fds[1], big, VFS_PIPE_ATOMIC + 1), 100);
    copy = vfs_dup(vfs, fds[1], 0);
    CHECK_INT(vfs_close_fd(vfs, fds[1]), 0);
    CHECK_INT(vfs_read(vfs, fds[0], back, sizeof back), VFS_PIPE_SIZE);
    CHECK_INT(vfs_read(vfs, fds[0], back, 1), -GE_AGAIN); /* the copy still writes */
    CHECK_INT(vfs_close_fd(vfs, copy), 0);
    CHECK_INT(vfs_read(vfs, fds[0], back, 1), 0);
    CHECK_INT(vfs_poll(vfs, fds[0]), VFS_POLL_HANGUP);
    CHECK_INT(vfs_close_fd(vfs, fds[0]), 0);

    CHECK_INT(vfs_pipe(vfs, fds, 0), 0);
    CHECK_INT(vfs_close_fd(vfs, fds[0]), 0);
    CHECK_INT(vfs_write(vfs, fds[1], "x", 1), -GE_PIPE);
    CHECK_INT(vfs_poll(vfs, fds[1]), VFS_POLL_OUT | VFS_POLL_HANGUP);
    CHECK_INT(vfs_pipe(vfs, fds, VFS_O_TRUNC), -GE_INVAL);
    space_close(&space);
}

static void tables_of_descriptors(void)
{
    struct space space;
    struct vfs *vfs;
    vfs_descriptors own, copy, late;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    for (enum vfs_kept kind = 0; kind < VFS_KEPT; kind++)
        CHECK_INT(vfs_copy_kept_descriptors(vfs, kind), 0); /* none was kept */
    CHECK_TRUE(vfs_keep_descriptors(vfs, VFS_KEPT_PROCESS));
    fd = make(vfs, "/f", "0123456789");
    CHECK_TRUE(vfs_keep_descriptors(vfs, VFS_KEPT_SESSION));
    CHECK_TRUE(vfs_keep_descriptors(vfs, VFS_KEPT_SESSION)); /* instead of the first */
    copy = vfs_copy_descriptors(vfs);
    CHECK_TRUE(copy != 0);
    CHECK_INT(vfs_seek(vfs, fd, 4, VFS_SEEK_SET), 4);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(vfs_unlinkat(vfs, VFS_AT_CWD, "/f", 0), 0);

    own = vfs_use_descriptors(vfs, copy);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_CUR), 4); /* the open file is the same */
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(make(vfs, "/g", "g"), fd);
    CHECK_INT(vfs_use_descriptors(vfs, own), copy);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_CUR), -GE_BADF);
    vfs_drop_descriptors(vfs, copy);

    late = vfs_copy_kept_descriptors(vfs, VFS_KEPT_SESSION);
    own = vfs_use_descriptors(vfs, late);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_END), 10); /* though it has no name any more */
    CHECK_INT(vfs_use_descriptors(vfs, own), late);
    vfs_drop_descriptors(vfs, late);

    late = vfs_copy_kept_descriptors(vfs, VFS_KEPT_PROCESS); /* which is another, and older */
    own = vfs_use_descriptors(vfs, late);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_END), -GE_BADF);
    CHECK_INT(vfs_use_descriptors(vfs, own), late);
    vfs_drop_descriptors(vfs, late);
    space_close(&space);
}

static void descriptors(void)
{
    struct space space;
    struct vfs *vfs;
    int fd, copy;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "0123456789");
    CHECK_INT(fd, 3);
    copy = vfs_dup(vfs, fd, 10);
    CHECK_INT(copy, 10);
    CHECK_INT(vfs_seek(vfs, copy, 4, VFS_SEEK_SET), 4);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_CUR), 4); /* one position */
    CHECK_INT(vfs_set_flags(vfs, fd, VFS_O_APPEND | VFS_O_CREAT), 0);
    CHECK_INT(vfs_flags(vfs, copy), VFS_O_RDWR | VFS_O_APPEND);
    CHECK_INT(vfs_set_close_on_exec(vfs, fd, true), 0);
    CHECK_TRUE(vfs_close_on_exec(vfs, fd) && !vfs_close_on_exec(vfs, copy));
    CHECK_INT(vfs_dup_to(vfs, fd, 10), 10);
    CHECK_INT(vfs_dup_to(vfs, fd, fd), -GE_INVAL);
    CHECK_INT(vfs_dup_to(vfs, 99, 10), -GE_BADF);
    CHECK_INT(vfs_dup_to(vfs, fd, VFS_DESCRIPTORS_MAX), -GE_BADF);
    CHECK_INT(vfs_dup(vfs, fd, VFS_DESCRIPTORS_MAX), -GE_INVAL);
    CHECK_INT(vfs_dup(vfs, fd, -1), -GE_INVAL);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(vfs_close_fd(vfs, fd), -GE_BADF);
    CHECK_INT(vfs_read(vfs, -1, NULL, 0), -GE_BADF);
    CHECK_INT(vfs_read(vfs, 1 << 30, NULL, 0), -GE_BADF);
    CHECK_INT(vfs_write(vfs, 10, "x", 1), 1);
    check_content(vfs, "/f", "0123456789x");

    for (int i = 3; i < VFS_DESCRIPTORS_MAX; i++)
        if (i != 10)
            CHECK_INT(vfs_openat(vfs, CWD, "/f", VFS_O_RDONLY, 0), i);
    CHECK_INT(vfs_openat(vfs, CWD, "/g", VFS_O_RDWR | VFS_O_CREAT, 0), -GE_MFILE);
    CHECK_INT(vfs_dup(vfs, 3, 0), -GE_MFILE);
    CHECK_INT(vfs_accessat(vfs, CWD, "/g", 0, 0), -GE_NOENT); /* and was not made */
    space_close(&space);
}

static void limits_of_paths(void)
{
    char name[VFS_NAME_MAX + 2], path[VFS_PATH_MAX + 1], target[16];
    struct space space;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    memset(name, 'n', sizeof name);
    name[VFS_NAME_MAX] = '\0';
    CHECK_INT(vfs_mkdirat(vfs, CWD, name, 0700), 0);
    name[VFS_NAME_MAX] = 'n';
    name[VFS_NAME_MAX + 1] = '\0';
    CHECK_INT(vfs_mkdirat(vfs, CWD, name, 0700), -GE_NAMETOOLONG);
    memset(path, '/', sizeof path);
    path[VFS_PATH_MAX] = '\0';
    CHECK_INT(vfs_accessat(vfs, CWD, path, 0, 0), -GE_NAMETOOLONG);
    path[VFS_PATH_MAX - 1] = '\0';
    CHECK_INT(vfs_accessat(vfs, CWD, path, 0, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "", 0, 0), -GE_NOENT);

    /* A chain of as many links as may be followed, and one more. */
    make(vfs, "/l0", "end");
    for (int i = 1; i <= VFS_LINK_MAX + 1; i++) {
        snprintf(target, sizeof target, "l%d", i - 1);
        snprintf(path, sizeof path, "/l%d", i);
        CHECK_INT(vfs_symlinkat(vfs, target, CWD, path), 0);
    }
    check_content(vfs, "/l40", "end");
    CHECK_INT(vfs_openat(vfs, CWD, "/l41", VFS_O_RDONLY, 0), -GE_LOOP);
    CHECK_INT(vfs_symlinkat(vfs, "loop", CWD, "/loop"), 0);
    CHECK_INT(vfs_openat(vfs, CWD, "/loop/x", VFS_O_RDONLY, 0), -GE_LOOP);

    /* a -> "b////...x", b -> "c////...x", ...: what is left to walk grows with each. */
    for (char link = 'a'; link <= 'c'; link++) {
        memset(path, '/', VFS_PATH_MAX);
        path[0] = (char) (link + 1);
        strcpy(path + VFS_PATH_MAX - 2, "x");
        name[0] = link;
        name[1] = '\0';
        CHECK_INT(vfs_symlinkat(vfs, path, CWD, name), 0);
    }
    CHECK_INT(vfs_accessat(vfs, CWD, "b", 0, 0), -GE_NOENT); /* two fit */
    CHECK_INT(vfs_accessat(vfs, CWD, "a", 0, 0), -GE_LOOP);
    space_close(&space);
}

static void quota(void)
{
    static char megabyte[1 << 20];
    struct vfs_statfs stat;
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    vfs_set_quota(vfs, 3 << 20);
    fd = make(vfs, "/f", "");
    memset(megabyte, 'm', sizeof megabyte);
    for (int i = 0; i < 2; i++)
        CHECK_INT(vfs_write(vfs, fd, megabyte, sizeof megabyte), sizeof megabyte);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    CHECK_INT(stat.blocks, 3 << 8);
    CHECK_INT(stat.blocks_free, 1 << 8);
    CHECK_INT(vfs_seek(vfs, fd, 4096, VFS_SEEK_CUR), (2 << 20) + 4096);
    CHECK_INT(vfs_write(vfs, fd, megabyte, sizeof megabyte), sizeof megabyte); /* a hole was left */
    CHECK_INT(vfs_write(vfs, fd, megabyte, 1), -GE_NOSPC);
    CHECK_INT(vfs_pwrite(vfs, fd, megabyte, 1, 0), 1); /* overwriting needs none */
    CHECK_INT(vfs_pwrite(vfs, fd, megabyte, 8192, (2 << 20) - 4096), 4096); /* as much as fits */
    CHECK_INT(vfs_ftruncate(vfs, fd, 4096), 0);
    CHECK_INT(vfs_pwrite(vfs, fd, megabyte, 8192, 0), 8192);
    CHECK_INT(vfs_allocate(vfs, fd, 0, 4 << 20), -GE_NOSPC);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/f", 0), 0);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    CHECK_INT(stat.blocks_free, 3 << 8);
    fd = make(vfs, "/g", "");
    vfs_set_quota(vfs, 0);
    CHECK_INT(vfs_write(vfs, fd, "x", 1), -GE_NOSPC);
    CHECK_INT(vfs_truncate(vfs, "/g", 1 << 30), 0); /* a hole costs nothing */
    space_close(&space);
}

/* As many names as blocks, and those of exempt directories count, but are not refused. */
static void quota_of_names(void)
{
    struct vfs_statfs stat;
    struct space space;
    struct vfs *vfs;
    uint64_t before;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_exempt(vfs, "/log"), 0);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    before = stat.files - stat.files_free;
    vfs_set_quota(vfs, 5 * VFS_BLOCK); /* /log is one */
    CHECK_INT(vfs_close_fd(vfs, make(vfs, "/a", "")), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/b", 0700), 0);
    CHECK_INT(vfs_symlinkat(vfs, "a", CWD, "/c"), 0);
    CHECK_INT(vfs_linkat(vfs, CWD, "/a", CWD, "/d", 0), 0);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    CHECK_INT(stat.files, before + 4);
    CHECK_INT(stat.files_free, 0);
    CHECK_INT(vfs_openat(vfs, CWD, "/e", VFS_O_WRONLY | VFS_O_CREAT, 0600), -GE_NOSPC);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/e", 0700), -GE_NOSPC);
    CHECK_INT(vfs_symlinkat(vfs, "a", CWD, "/e"), -GE_NOSPC);
    CHECK_INT(vfs_linkat(vfs, CWD, "/a", CWD, "/e", 0), -GE_NOSPC);
    CHECK_INT(vfs_clone(vfs, "/a", "/e"), -GE_NOSPC);
    CHECK_INT(vfs_renameat(vfs, CWD, "/d", CWD, "/e"), 0); /* one goes, one comes */
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/log/f", 0700), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/c", 0), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/g", 0700), -GE_NOSPC); /* /log/f has its place */
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/log/f", VFS_AT_REMOVEDIR), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/g", 0700), 0);
    space_close(&space);
}

static void exempt_from_quota(void)
{
    static char megabyte[1 << 20];
    struct vfs_statfs stat;
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_exempt(vfs, "/data/log"), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/log/old", 0700), 0);
    CHECK_INT(vfs_close_fd(vfs, make(vfs, "/data/f", "")), 0);
    vfs_set_quota(vfs, 4096);
    fd = make(vfs, "/data/log/old/f", "");
    CHECK_INT(vfs_write(vfs, fd, megabyte, sizeof megabyte), sizeof megabyte);
    CHECK_INT(vfs_ftruncate(vfs, fd, 0), 0);
    CHECK_INT(vfs_write(vfs, fd, megabyte, sizeof megabyte), sizeof megabyte); /* it stays exempt */
    CHECK_INT(vfs_bytes_written(vfs), 2 << 20);
    fd = make(vfs, "/data/f", "");
    CHECK_INT(vfs_write(vfs, fd, megabyte, 8192), 4096);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/log/old/f", 0), 0);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    CHECK_INT(stat.blocks_free, 0); /* what was not counted is not given back */
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/f", 0), 0);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    CHECK_INT(stat.blocks_free, 1);
    space_close(&space);
}

static void arena_full(void)
{
    static char block[65536];
    struct space space;
    struct vfs *vfs;
    int fd;
    int64_t written, total = 0;

    space_open(&space, 1 << 20);
    vfs = space.vfs;
    fd = make(vfs, "/f", "");
    while ((written = vfs_write(vfs, fd, block, sizeof block)) > 0)
        total += written;
    CHECK_INT(written, -GE_NOSPC);
    CHECK_TRUE(total > (1 << 19));
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/d", 0700), 0); /* small objects were left */
    for (int i = 0; i < 1000; i++) {
        snprintf(block, sizeof block, "/d/%d", i);
        if (vfs_mkdirat(vfs, CWD, block, 0700) == -GE_NOSPC)
            break;
        CHECK_TRUE(i < 999);
    }
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/f", 0), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, block, 0700), 0);
    space_close(&space);
}

static void large_and_sparse(void)
{
    static unsigned char in[16 << 20], out[16 << 20];
    static const uint64_t offsets[] = {0, 4095, 1 << 14, 4 << 20, 1ull << 32, VFS_FILE_MAX - 3};
    struct space space;
    struct vfs_stat stat;
    struct vfs *vfs;
    size_t used;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "");
    used = arena_used(&space.arena);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        CHECK_INT(vfs_pwrite(vfs, fd, "abc", 3, offsets[i]), 3);
    CHECK_TRUE(arena_used(&space.arena) - used < 100 << 10); /* holes take nothing */
    CHECK_INT(vfs_pwrite(vfs, fd, "abc", 3, VFS_FILE_MAX - 1), 1);
    CHECK_INT(vfs_pwrite(vfs, fd, "abc", 3, VFS_FILE_MAX), -GE_FBIG);
    CHECK_INT(vfs_pwrite(vfs, fd, "abc", 3, UINT64_MAX), -GE_INVAL);
    CHECK_INT(vfs_ftruncate(vfs, fd, VFS_FILE_MAX + 1), -GE_FBIG);
    CHECK_INT(vfs_ftruncate(vfs, fd, UINT64_MAX), -GE_INVAL);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(stat.size, VFS_FILE_MAX);
    for (size_t i = 0; i + 1 < sizeof offsets / sizeof *offsets; i++) {
        memset(out, 1, 16);
        CHECK_INT(vfs_pread(vfs, fd, out, 5, offsets[i]), 5);
        CHECK_BYTES(out, "abc\0\0", 5);
    }
    CHECK_INT(vfs_pread(vfs, fd, out, 5, VFS_FILE_MAX), 0);
    CHECK_INT(vfs_ftruncate(vfs, fd, 0), 0);
    CHECK_INT(arena_used(&space.arena), used);

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char) (i * 2654435761u >> 24);
    CHECK_INT(vfs_pwrite(vfs, fd, in, sizeof in, 123), sizeof in);
    CHECK_INT(vfs_pread(vfs, fd, out, sizeof out, 123), sizeof out);
    CHECK_BYTES(out, in, sizeof in);
    for (uint64_t size = sizeof in; size > 0; size = size / 3) {
        CHECK_INT(vfs_ftruncate(vfs, fd, size), 0);
        CHECK_INT(vfs_ftruncate(vfs, fd, size + 10000), 0); /* what was cut off reads as zeros */
        memset(out, 1, 20000);
        CHECK_INT(vfs_pread(vfs, fd, out, 20000, size), 10000);
        for (size_t i = 0; i < 10000; i++)
            CHECK_INT(out[i], 0);
    }
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    space_close(&space);
}

/* The map of a file's blocks ends where its last block was; beyond it stands something else. */
static void holes_beyond_the_map(void)
{
    static const char zeros[VFS_BLOCK];
    char bytes[VFS_BLOCK], path[16];
    struct space space;
    int fds[64];

    space_open(&space, SPACE_LIMIT);
    for (int i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fds[i] = make(space.vfs, path, "");
        memset(bytes, 'x', sizeof bytes);
        for (int block = 0; block <= i; block++)
            CHECK_INT(vfs_pwrite(space.vfs, fds[i], bytes, sizeof bytes, block * VFS_BLOCK),
                      VFS_BLOCK);
        CHECK_INT(vfs_ftruncate(space.vfs, fds[i], 1 << 20), 0);
    }
    for (int i = 0; i < 64; i++)
        for (uint64_t block = (uint64_t) i + 1; block < (1 << 20) / VFS_BLOCK; block++) {
            CHECK_INT(vfs_pread(space.vfs, fds[i], bytes, sizeof bytes, block * VFS_BLOCK),
                      VFS_BLOCK);
            CHECK_BYTES(bytes, zeros, VFS_BLOCK);
        }
    space_close(&space);
}

/* Everything given back: the arena's use is what it was. */
static void nothing_is_lost(void)
{
    struct space space;
    struct vfs *vfs;
    size_t used;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    used = arena_used(&space.arena);
    for (int round = 0; round < 3; round++) {
        int file, directory, fds[2];
        char path[64];

        CHECK_INT(vfs_mkdirat(vfs, CWD, "/a", 0700), 0);
        CHECK_INT(vfs_mkdirat(vfs, CWD, "/a/b", 0700), 0);
        CHECK_INT(vfs_symlinkat(vfs, "target", CWD, "/a/link"), 0);
        for (int i = 0; i < 500; i++) {
            snprintf(path, sizeof path, "/a/b/file%d", i);
            CHECK_INT(vfs_close_fd(vfs, make(vfs, path, "content")), 0);
        }
        CHECK_INT(vfs_linkat(vfs, CWD, "/a/b/file7", CWD, "/a/hard", 0), 0);
        CHECK_INT(vfs_renameat(vfs, CWD, "/a/b/file8", CWD, "/a/b/file9"), 0);
        CHECK_INT(vfs_renameat(vfs, CWD, "/a/b/file10", CWD, "/a/renamed with a longer name"), 0);
        file = vfs_openat(vfs, CWD, "/a/hard", VFS_O_RDWR, 0);
        directory = vfs_openat(vfs, CWD, "/a/b", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
        CHECK_INT(vfs_chdir(vfs, "/a/b"), 0);
        CHECK_INT(vfs_pipe(vfs, fds, 0), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/a/hard", 0), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/a/link", 0), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/a/renamed with a longer name", 0), 0);
        for (int i = 0; i < 500; i++) {
            snprintf(path, sizeof path, "/a/b/file%d", i);
            CHECK_INT(vfs_unlinkat(vfs, CWD, path, 0), i == 8 || i == 10 ? -GE_NOENT : 0);
        }
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/a/b", VFS_AT_REMOVEDIR), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/a", VFS_AT_REMOVEDIR), 0);
        CHECK_INT(vfs_write(vfs, file, "still here", 10), 10);
        CHECK_INT(vfs_openat(vfs, directory, "new", VFS_O_RDWR | VFS_O_CREAT, 0600), -GE_NOENT);
        CHECK_INT(vfs_getcwd(vfs, path, sizeof path), -GE_NOENT);
        CHECK_INT(vfs_chdir(vfs, "../.."), 0);
        CHECK_INT(vfs_getcwd(vfs, path, sizeof path), 2);
        CHECK_TEXT(path, "/");
        CHECK_TRUE(arena_used(&space.arena) > used);
        CHECK_INT(vfs_close_fd(vfs, file), 0);
        CHECK_INT(vfs_close_fd(vfs, directory), 0);
        CHECK_INT(vfs_close_fd(vfs, fds[0]), 0);
        CHECK_INT(vfs_close_fd(vfs, fds[1]), 0);
        CHECK_INT(arena_used(&space.arena), used);
    }
    space_close(&space);
}

/* PostgreSQL's rmtree removes what it has just read; nothing may be skipped or seen twice. */
static void listing_while_removing(void)
{
    enum { FILES = 1500 };
    static int seen[FILES];
    struct vfs_dirent entry;
    struct space space;
    struct vfs *vfs;
    uint64_t cookie = 0;
    char path[VFS_NAME_MAX + 4];
    int fd, count = 0;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/d", 0700), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "/d/%d", i);
        CHECK_INT(vfs_close_fd(vfs, make(vfs, path, "")), 0);
    }
    fd = vfs_openat(vfs, CWD, "/d", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
    while (vfs_readdir(vfs, fd, cookie, &entry) == 1) {
        CHECK_TRUE(entry.cookie > cookie && entry.cookie <= INT64_MAX);
        cookie = entry.cookie;
        count++;
        if (entry.name[0] == '.')
            continue;
        CHECK_INT(seen[atoi(entry.name)]++, 0);
        CHECK_INT(entry.type, VFS_S_IFREG);
        snprintf(path, sizeof path, "/d/%s", entry.name);
        CHECK_INT(vfs_unlinkat(vfs, CWD, path, 0), 0);
    }
    CHECK_INT(count, FILES + 2);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/d", VFS_AT_REMOVEDIR), 0);
    CHECK_INT(vfs_readdir(vfs, fd, 0, &entry), -GE_NOENT);
    CHECK_INT(vfs_readdir(vfs, 0, 0, &entry), -GE_NOTDIR);
    space_close(&space);
}

static void by_descriptor(void)
{
    struct vfs_stat stat, same;
    struct vfs_statfs space_left;
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "text");
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(vfs_statat(vfs, fd, "", VFS_AT_EMPTY_PATH, &same), 0);
    CHECK_INT(same.inode, stat.inode);
    CHECK_INT(vfs_statat(vfs, CWD, "", VFS_AT_EMPTY_PATH, &same), 0);
    CHECK_INT(same.mode & VFS_S_IFMT, VFS_S_IFDIR);
    CHECK_INT(vfs_statat(vfs, 99, "", VFS_AT_EMPTY_PATH, &same), -GE_BADF);
    CHECK_INT(vfs_statat(vfs, fd, "", 0, &same), -GE_NOENT);
    CHECK_INT(vfs_statat(vfs, fd, "x", VFS_AT_EMPTY_PATH, &same), -GE_NOTDIR);
    CHECK_INT(vfs_statat(vfs, 1, "x", 0, &same), -GE_NOTDIR);
    CHECK_INT(vfs_statat(vfs, 99, "x", 0, &same), -GE_BADF);
    CHECK_INT(vfs_chownat(vfs, fd, "", 5, 6, VFS_AT_EMPTY_PATH), 0);
    CHECK_INT(vfs_chownat(vfs, 99, "", 5, 6, VFS_AT_EMPTY_PATH), -GE_BADF);
    CHECK_INT(vfs_chownat(vfs, CWD, "/f", 7, (uint32_t) -1, 0), 0);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(stat.uid, 7);
    CHECK_INT(stat.gid, 6);
    CHECK_INT(vfs_fchown(vfs, fd, (uint32_t) -1, 8), 0);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(stat.uid, 7);
    CHECK_INT(stat.gid, 8);
    CHECK_INT(vfs_chownat(vfs, CWD, "/missing", 7, 7, 0), -GE_NOENT);
    CHECK_INT(vfs_fstatfs(vfs, fd, &space_left), 0);
    CHECK_INT(space_left.block_size, VFS_BLOCK);
    CHECK_INT(vfs_fstatfs(vfs, 99, &space_left), -GE_BADF);
    CHECK_INT(vfs_statfs(vfs, "/missing", &space_left), -GE_NOENT);
    CHECK_INT(vfs_poll(vfs, fd), VFS_POLL_IN | VFS_POLL_OUT);
    CHECK_INT(vfs_poll(vfs, 99), -GE_BADF);
    space_close(&space);
}

static void impossible_arguments(void)
{
    struct space space;
    struct vfs *vfs;
    char bytes[8], long_target[VFS_PATH_MAX + 1];
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "text");
    memset(long_target, 'x', VFS_PATH_MAX);
    long_target[VFS_PATH_MAX] = '\0';
    CHECK_INT(vfs_symlinkat(vfs, long_target, CWD, "/s"), -GE_NAMETOOLONG);
    CHECK_INT(vfs_symlinkat(vfs, "", CWD, "/s"), -GE_NOENT);
    CHECK_INT(vfs_readlinkat(vfs, CWD, "/f", bytes, 0), -GE_INVAL);
    CHECK_INT(vfs_accessat(vfs, CWD, "/f", 8, 0), -GE_INVAL);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/f", VFS_AT_SYMLINK_FOLLOW), -GE_INVAL);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/", VFS_AT_REMOVEDIR), -GE_BUSY);
    CHECK_INT(vfs_openat(vfs, CWD, "/f", VFS_O_ACCMODE, 0), -GE_INVAL);
    CHECK_INT(vfs_openat(vfs, CWD, "/d", VFS_O_CREAT | VFS_O_DIRECTORY, 0), -GE_INVAL);
    CHECK_INT(vfs_seek(vfs, fd, 0, (enum vfs_whence) 3), -GE_INVAL);
    CHECK_INT(vfs_seek(vfs, fd, -1, VFS_SEEK_SET), -GE_INVAL);
    CHECK_INT(vfs_seek(vfs, fd, INT64_MIN, VFS_SEEK_END), -GE_INVAL);
    CHECK_INT(vfs_seek(vfs, fd, INT64_MAX, VFS_SEEK_END), -GE_OVERFLOW);
    CHECK_INT(vfs_seek(vfs, fd, INT64_MAX, VFS_SEEK_SET), INT64_MAX);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 0);
    CHECK_INT(vfs_write(vfs, fd, bytes, sizeof bytes), -GE_FBIG);
    CHECK_INT(vfs_pread(vfs, fd, bytes, 1, UINT64_MAX), -GE_INVAL);
    CHECK_INT(vfs_allocate(vfs, fd, INT64_MAX, 1), -GE_FBIG);
    CHECK_INT(vfs_allocate(vfs, fd, VFS_FILE_MAX, 1), -GE_FBIG);
    CHECK_INT(vfs_allocate(vfs, fd, UINT64_MAX, 1), -GE_INVAL);
    CHECK_INT(vfs_allocate(vfs, fd, 0, 0), -GE_INVAL);
    space_close(&space);
}

static void times(void)
{
    struct vfs_stat before, after;
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "text");
    CHECK_INT(vfs_utimensat(vfs, CWD, "/f", 1, 2, 0), 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/f", 0, &before), 0);
    CHECK_INT(before.atime_ns, 1);
    CHECK_INT(before.mtime_ns, 2);
    CHECK_TRUE(before.ctime_ns > 2);
    CHECK_INT(vfs_utimensat(vfs, fd, NULL, 3, VFS_TIME_KEEP, 0), 0);
    CHECK_INT(vfs_fstat(vfs, fd, &after), 0);
    CHECK_INT(after.atime_ns, 3);
    CHECK_INT(after.mtime_ns, 2);
    CHECK_INT(vfs_fchmod(vfs, fd, 0600), 0);
    CHECK_INT(vfs_fstat(vfs, fd, &after), 0);
    CHECK_INT(after.mtime_ns, 2); /* content is as it was */
    CHECK_INT(vfs_write(vfs, fd, "x", 1), 1);
    CHECK_INT(vfs_fstat(vfs, fd, &after), 0);
    CHECK_TRUE(after.mtime_ns > 2 && after.mtime_ns == after.ctime_ns);
    CHECK_INT(vfs_utimensat(vfs, CWD, "/", 5, 5, 0), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/f", 0), 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/", 0, &after), 0);
    CHECK_TRUE(after.mtime_ns > 5);
    CHECK_INT(vfs_utimensat(vfs, 77, NULL, 0, 0, 0), -GE_BADF);
    space_close(&space);
}

static void faults_on_request(void)
{
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fd = make(vfs, "/f", "");
    vfs_fail_writes(vfs, 3, GE_IO);
    CHECK_INT(vfs_write(vfs, fd, "1", 1), 1);
    CHECK_INT(vfs_sync(vfs, fd, true), 0);
    CHECK_INT(vfs_write(vfs, fd, "2", 1), -GE_IO);
    CHECK_INT(vfs_pwrite(vfs, fd, "2", 1, 0), -GE_IO);
    CHECK_INT(vfs_sync(vfs, fd, false), -GE_IO);
    CHECK_INT(vfs_ftruncate(vfs, fd, 0), -GE_IO);
    CHECK_INT(vfs_truncate(vfs, "/f", 0), -GE_IO);
    CHECK_INT(vfs_allocate(vfs, fd, 0, 1), -GE_IO);
    check_content(vfs, "/f", "1");
    vfs_fail_writes(vfs, 0, GE_OK);
    CHECK_INT(vfs_write(vfs, fd, "2", 1), 1);
    check_content(vfs, "/f", "12");
    space_close(&space);
}

/* An instance is data: its bytes, copied elsewhere, are the same file system. */
static void attach_a_copy(void)
{
    struct space first, second;
    char path[64];
    int fd, fds[2];

    space_open(&first, SPACE_LIMIT);
    CHECK_INT(vfs_mkdirat(first.vfs, CWD, "/d", 0700), 0);
    CHECK_INT(vfs_chdir(first.vfs, "/d"), 0);
    vfs_umask(first.vfs, 077);
    fd = make(first.vfs, "f", "0123456789");
    CHECK_INT(vfs_seek(first.vfs, fd, 5, VFS_SEEK_SET), 5);
    CHECK_INT(vfs_pipe(first.vfs, fds, 0), 0);
    CHECK_INT(vfs_write(first.vfs, fds[1], "in flight", 9), 9);
    CHECK_INT(vfs_unlinkat(first.vfs, CWD, "f", 0), 0); /* open, and nameless */

    space_copy(&first, &second);
    CHECK_TRUE(first.arena.base != second.arena.base);
    CHECK_INT(vfs_getcwd(second.vfs, path, sizeof path), 3);
    CHECK_TEXT(path, "/d");
    CHECK_INT(vfs_umask(second.vfs, 0), 077);
    CHECK_INT(vfs_read(second.vfs, fds[0], path, sizeof path), 9);
    CHECK_BYTES(path, "in flight", 9);
    CHECK_INT(vfs_write(second.vfs, fd, "SECOND", 6), 6);
    CHECK_INT(vfs_write(first.vfs, fd, "first", 5), 5);
    CHECK_INT(vfs_pread(second.vfs, fd, path, sizeof path, 0), 11);
    CHECK_BYTES(path, "01234SECOND", 11);
    CHECK_INT(vfs_pread(first.vfs, fd, path, sizeof path, 0), 10);
    CHECK_BYTES(path, "01234first", 10);
    CHECK_INT(vfs_read(first.vfs, fds[0], path, sizeof path), 9);
    make(first.vfs, "/only first", "");
    CHECK_INT(vfs_accessat(second.vfs, CWD, "/only first", 0, 0), -GE_NOENT);
    make(second.vfs, "/only second", "");
    CHECK_INT(vfs_accessat(first.vfs, CWD, "/only second", 0, 0), -GE_NOENT);
    space_close(&first);
    vfs_write(second.vfs, 1, "alive", 5);
    CHECK_TEXT(second.log, "1:alive");
    space_close(&second);
}

static void attach_refuses_what_is_no_file_system(void)
{
    struct space space;
    struct error error;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    arena_set_root(&space.arena, ARENA_ROOT_VFS, 0);
    CHECK_INT(vfs_attach(&space.arena, NULL, NULL, &vfs, &error), STATUS_INVALID);
    arena_set_root(&space.arena, ARENA_ROOT_VFS, arena_allocate(&space.arena, 4096));
    CHECK_INT(vfs_attach(&space.arena, NULL, NULL, &vfs, &error), STATUS_INVALID);
    arena_set_root(&space.arena, ARENA_ROOT_VFS, arena_size(&space.arena) - 16);
    CHECK_INT(vfs_attach(&space.arena, NULL, NULL, &vfs, &error), STATUS_INVALID);
    space_close(&space);
}

static const struct test tests[] = {
    {"devices", devices},
    {"pipes", pipes},
    {"descriptors", descriptors},
    {"tables_of_descriptors", tables_of_descriptors},
    {"limits_of_paths", limits_of_paths},
    {"quota", quota},
    {"quota_of_names", quota_of_names},
    {"exempt_from_quota", exempt_from_quota},
    {"arena_full", arena_full},
    {"large_and_sparse", large_and_sparse},
    {"holes_beyond_the_map", holes_beyond_the_map},
    {"nothing_is_lost", nothing_is_lost},
    {"listing_while_removing", listing_while_removing},
    {"by_descriptor", by_descriptor},
    {"impossible_arguments", impossible_arguments},
    {"times", times},
    {"faults_on_request", faults_on_request},
    {"attach_a_copy", attach_a_copy},
    {"attach_refuses_what_is_no_file_system", attach_refuses_what_is_no_file_system},
};

TEST_MAIN(tests)
