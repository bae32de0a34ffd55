/* A mounted host directory: what is reached, what is not, and what the system sees of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "platform/files.h"
#include "platform/directory_lock.h"
#include "space.h"

enum { CWD = VFS_AT_CWD };

struct mounted {
    struct space space;
    struct vfs *vfs;
    char outside[4096]; /* the parent, which must not be reached */
    char inside[5000];  /* what is mounted at /data */
};

static void mounted_open(struct mounted *mounted)
{
    struct error error;

    temporary_open(mounted->outside);
    snprintf(mounted->inside, sizeof mounted->inside, "%s/inside", mounted->outside);
    CHECK_INT(mkdir(mounted->inside, 0700), 0);
    space_open(&mounted->space, SPACE_LIMIT);
    mounted->vfs = mounted->space.vfs;
    CHECK_INT(vfs_mount_host(mounted->vfs, "/data", files_open_directory(mounted->inside), true,
                             &error),
              STATUS_OK);
}

static void mounted_close(struct mounted *mounted)
{
    space_close(&mounted->space);
    temporary_close(mounted->outside);
}

static const char *outside_path(const struct mounted *mounted, const char *name)
{
    static char path[8192];

    snprintf(path, sizeof path, "%s/%s", mounted->outside, name);
    return path;
}

static void write_host_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK_TRUE(file);
    CHECK_TRUE(fputs(text, file) >= 0 && fclose(file) == 0);
}

static int open_file(struct vfs *vfs, const char *path)
{
    return vfs_openat(vfs, CWD, path, VFS_O_RDWR | VFS_O_CREAT, 0600);
}

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    CHECK_TRUE(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void files_are_the_systems(void)
{
    struct mounted mounted;
    struct stat found;
    struct vfs_stat stat;
    int fd;

    mounted_open(&mounted);
    fd = open_file(mounted.vfs, "/data/f");
    CHECK_INT(vfs_write(mounted.vfs, fd, "hello", 5), 5);
    CHECK_INT(vfs_sync(mounted.vfs, fd, false), 0);
    CHECK_INT(lstat(outside_path(&mounted, "inside/f"), &found), 0);
    CHECK_INT(found.st_size, 5);
    CHECK_INT(found.st_mode, S_IFREG | 0600);
    CHECK_INT(vfs_fstat(mounted.vfs, fd, &stat), 0);
    CHECK_INT(stat.inode, found.st_ino);
    CHECK_INT(stat.size, 5);
    CHECK_INT(stat.uid, VFS_UID);
    CHECK_INT(stat.mtime_ns, found.st_mtim.tv_sec * INT64_C(1000000000) + found.st_mtim.tv_nsec);
    write_host_file(outside_path(&mounted, "inside/g"), "from outside");
    CHECK_INT(vfs_statat(mounted.vfs, CWD, "/data/g", 0, &stat), 0);
    CHECK_INT(stat.size, 12);
    CHECK_INT(vfs_chownat(mounted.vfs, CWD, "/data/g", VFS_UID, VFS_UID, 0), 0);
    CHECK_INT(vfs_chownat(mounted.vfs, CWD, "/data/g", 77, VFS_UID, 0), -GE_PERM);
    CHECK_INT(vfs_fchown(mounted.vfs, fd, (uint32_t) -1, 77), -GE_PERM);
    mounted_close(&mounted);
}

static void by_descriptor(void)
{
    struct vfs_statfs left, same;
    struct mounted mounted;
    struct vfs_stat stat;
    struct vfs *vfs;
    int fd;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    fd = open_file(vfs, "/data/f");
    CHECK_INT(vfs_fstatfs(vfs, fd, &left), 0);
    CHECK_TRUE(left.block_size > 0 && left.blocks >= left.blocks_free);
    CHECK_INT(vfs_statfs(vfs, "/data/f", &same), 0);
    CHECK_INT(same.blocks, left.blocks);
    CHECK_INT(vfs_statat(vfs, fd, "", VFS_AT_EMPTY_PATH, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFREG | 0600);
    CHECK_INT(vfs_chownat(vfs, fd, "", VFS_UID, VFS_UID, VFS_AT_EMPTY_PATH), 0);
    CHECK_INT(vfs_chownat(vfs, CWD, "/data/missing", VFS_UID, VFS_UID, 0), -GE_NOENT);
    CHECK_INT(vfs_poll(vfs, fd), VFS_POLL_IN | VFS_POLL_OUT);
    CHECK_INT(vfs_utimensat(vfs, fd, NULL, VFS_TIME_KEEP, -1500000000, 0), 0);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(stat.mtime_ns, -1500000000); /* before 1970 */
    mounted_close(&mounted);
}

/* Deeper than any path can say, one step at a time. */
static void deep_directories(void)
{
    struct mounted mounted;
    char name[VFS_NAME_MAX + 1], path[2 * VFS_PATH_MAX];
    struct vfs_stat stat;
    struct vfs *vfs;
    int depth, fd;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    memset(name, 'n', VFS_NAME_MAX);
    name[VFS_NAME_MAX] = '\0';
    CHECK_INT(vfs_chdir(vfs, "/data"), 0);
    for (depth = 0; depth < 20; depth++) {
        int result;

        CHECK_INT(vfs_mkdirat(vfs, CWD, name, 0700), 0);
        result = vfs_chdir(vfs, name);
        if (result == -GE_NAMETOOLONG)
            break;
        CHECK_INT(result, 0);
        CHECK_INT(vfs_getcwd(vfs, path, sizeof path), 7 + (depth + 1) * (VFS_NAME_MAX + 1) - 1);
    }
    CHECK_INT(depth, VFS_PATH_MAX / (VFS_NAME_MAX + 1));
    CHECK_INT(vfs_unlinkat(vfs, CWD, name, VFS_AT_REMOVEDIR), 0);
    /* An open directory that moves to where no path leads. */
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/open", 0700), 0);
    fd = vfs_openat(vfs, CWD, "/data/open", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/open", CWD, "far away"), 0);
    CHECK_INT(vfs_statat(vfs, fd, "x", 0, &stat), -GE_NOTDIR);
    CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "far away", VFS_AT_REMOVEDIR), 0);
    for (; depth > 0; depth--) { /* and back by names alone */
        CHECK_INT(vfs_chdir(vfs, ".."), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, name, VFS_AT_REMOVEDIR), 0);
    }
    CHECK_INT(vfs_getcwd(vfs, path, sizeof path), 6);
    mounted_close(&mounted);
}

/* Linked with --wrap for each: how often the system was asked to sync. */
static struct {
    int fsync, fdatasync;
} calls;

int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fsync(int fd)
{
    calls.fsync++;
    return __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
    calls.fdatasync++;
    return __real_fdatasync(fd);
}

/* Directories too: without, their entries are not durable. */
static void syncs_are_real(void)
{
    struct mounted mounted;
    struct error error;
    struct vfs *vfs;
    int file, directory;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    file = open_file(vfs, "/data/f");
    directory = vfs_openat(vfs, CWD, "/data", VFS_O_RDONLY, 0);
    calls.fsync = calls.fdatasync = 0;
    CHECK_INT(vfs_sync(vfs, file, true), 0);
    CHECK_INT(calls.fdatasync, 1);
    CHECK_INT(calls.fsync, 0);
    CHECK_INT(vfs_sync(vfs, file, false), 0);
    CHECK_INT(calls.fsync, 1);
    CHECK_INT(vfs_sync(vfs, directory, false), 0);
    CHECK_INT(calls.fsync, 2);
    /* Unless the mount does without. */
    CHECK_INT(vfs_mount_host(vfs, "/loose", files_open_directory(mounted.inside), false, &error),
              STATUS_OK);
    file = open_file(vfs, "/loose/g");
    CHECK_INT(vfs_sync(vfs, file, true), 0);
    CHECK_INT(calls.fsync, 2);
    CHECK_INT(calls.fdatasync, 1);
    mounted_close(&mounted);
}

static void links_stay_inside(void)
{
    struct mounted mounted;
    struct vfs *vfs;
    char target[64] = "", secret[5000];

    mounted_open(&mounted);
    vfs = mounted.vfs;
    write_host_file(outside_path(&mounted, "secret"), "secret");
    CHECK_INT(symlink("../secret", outside_path(&mounted, "inside/relative")), 0);
    snprintf(secret, sizeof secret, "%s/secret", mounted.outside);
    CHECK_INT(symlink(secret, outside_path(&mounted, "inside/absolute")), 0);
    CHECK_INT(symlink("..", outside_path(&mounted, "inside/up")), 0);
    CHECK_INT(symlink("/etc", outside_path(&mounted, "inside/etc")), 0);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/relative", VFS_O_RDONLY, 0), -GE_NOENT);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/absolute", VFS_O_RDONLY, 0), -GE_NOENT);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/up/secret", VFS_O_RDONLY, 0), -GE_NOENT);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/etc/passwd", VFS_O_RDONLY, 0), -GE_NOENT);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/../secret", VFS_O_RDONLY, 0), -GE_NOENT);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/../../../../secret", VFS_O_RDONLY, 0), -GE_NOENT);
    /* They mean what they say in this name space. */
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/etc", 0700), 0);
    CHECK_TRUE(open_file(vfs, "/etc/passwd") >= 0);
    CHECK_TRUE(vfs_openat(vfs, CWD, "/data/etc/passwd", VFS_O_RDONLY, 0) >= 0);
    CHECK_TRUE(open_file(vfs, "/secret") >= 0);
    CHECK_TRUE(vfs_openat(vfs, CWD, "/data/relative", VFS_O_RDONLY, 0) >= 0);
    /* Making a file through a dangling link makes it in here too. */
    CHECK_INT(vfs_symlinkat(vfs, "/new", CWD, "/data/dangling"), -GE_PERM);
    CHECK_INT(symlink("/new", outside_path(&mounted, "inside/dangling")), 0);
    CHECK_TRUE(open_file(vfs, "/data/dangling") >= 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/new", 0, 0), 0);
    CHECK_INT(vfs_readlinkat(vfs, CWD, "/data/up", target, sizeof target), 2);
    CHECK_TEXT(target, "..");
    mounted_close(&mounted);
}

static void both_trees_in_one_walk(void)
{
    struct mounted mounted;
    struct vfs *vfs;
    char path[64];
    struct vfs_stat memory, host;
    int fd;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/a", 0700), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/a/b", 0700), 0);
    CHECK_INT(vfs_chdir(vfs, "/data/a/b"), 0);
    CHECK_INT(vfs_getcwd(vfs, path, sizeof path), 10);
    CHECK_TEXT(path, "/data/a/b");
    CHECK_INT(vfs_getcwd(vfs, path, 9), -GE_RANGE);
    CHECK_INT(vfs_getcwd(vfs, path, 3), -GE_RANGE);
    CHECK_INT(vfs_getcwd(vfs, path, 10), 10);
    CHECK_TRUE(open_file(vfs, "../../../memory") >= 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/memory", 0, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "../b/../../a/b", 0, 0), 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/memory", CWD, "/data/memory"), -GE_XDEV);
    CHECK_INT(vfs_linkat(vfs, CWD, "/memory", CWD, "/data/memory", 0), -GE_XDEV);
    CHECK_INT(vfs_statat(vfs, CWD, "/data", 0, &host), 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/", 0, &memory), 0);
    CHECK_TRUE(host.device != memory.device);
    CHECK_INT(host.mode, VFS_S_IFDIR | 0700);
    /* The mount point itself is fixed. */
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/data", VFS_AT_REMOVEDIR), -GE_BUSY);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data", CWD, "/elsewhere"), -GE_BUSY);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/empty", 0700), 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/empty", CWD, "/data"), -GE_BUSY);
    CHECK_INT(vfs_chmodat(vfs, CWD, "/data", 0750, 0), 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/data", 0, &host), 0);
    CHECK_INT(host.mode, VFS_S_IFDIR | 0750);

    /* Directories that move while they are open. */
    fd = vfs_openat(vfs, CWD, "/data/a/b", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/a", CWD, "/data/moved"), 0);
    CHECK_INT(vfs_getcwd(vfs, path, sizeof path), 14);
    CHECK_TEXT(path, "/data/moved/b");
    CHECK_TRUE(open_file(vfs, "../beside") >= 0);
    CHECK_INT(vfs_accessat(vfs, fd, "../beside", 0, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/data/moved/beside", 0, 0), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/moved/b", VFS_AT_REMOVEDIR), 0);
    CHECK_INT(vfs_getcwd(vfs, path, sizeof path), -GE_NOENT);
    CHECK_INT(open_file(vfs, "new"), -GE_NOENT);
    mounted_close(&mounted);
}

static bool keeps_numbers(const char *directory, const char *name)
{
    return strcmp(directory, "logs") == 0 && strspn(name, "0123456789") == strlen(name);
}

static void kept_names_are_not_replaced(void)
{
    struct mounted mounted;
    struct vfs *vfs;

    mounted_open(&mounted);
    vfs = mounted.space.vfs;
    vfs_set_keeps(vfs, keeps_numbers);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/logs", 0700), 0);
    vfs_close_fd(vfs, open_file(vfs, "/data/logs/1"));
    vfs_close_fd(vfs, open_file(vfs, "/data/logs/2"));
    vfs_close_fd(vfs, open_file(vfs, "/data/logs/other"));
    vfs_close_fd(vfs, open_file(vfs, "/data/2"));
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/logs/1", CWD, "/data/logs/2"), -GE_EXIST);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/logs/1", CWD, "/data/logs/3"), 0); /* it is free */
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/logs/3", CWD, "/data/logs/other"), 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/logs/other", CWD, "/data/2"), 0);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/2", CWD, "/data/logs/2"), -GE_EXIST);
    mounted_close(&mounted);
}

static void the_lock_file_is_hidden(void)
{
    struct mounted mounted;
    struct vfs_dirent entry;
    struct vfs *vfs;
    uint64_t cookie = 0;
    int fd, count = 0;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    write_host_file(outside_path(&mounted, "inside/" LOCK_FILE), "1\n");
    fd = vfs_openat(vfs, CWD, "/data", VFS_O_RDONLY, 0);
    for (; vfs_readdir(vfs, fd, cookie, &entry) == 1; cookie = entry.cookie)
        count++;
    CHECK_INT(count, 2); /* "." and "..": initdb takes it for empty */
    CHECK_INT(vfs_openat(vfs, CWD, "/data/" LOCK_FILE, VFS_O_RDONLY, 0), -GE_ACCES);
    CHECK_INT(vfs_unlinkat(vfs, fd, LOCK_FILE, 0), -GE_ACCES);
    CHECK_INT(vfs_renameat(vfs, CWD, "/data/" LOCK_FILE, CWD, "/data/x"), -GE_ACCES);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/d", 0700), 0);
    CHECK_TRUE(open_file(vfs, "/data/d/" LOCK_FILE) >= 0); /* only there */
    CHECK_TRUE(open_file(vfs, "/" LOCK_FILE) >= 0);
    mounted_close(&mounted);
}

/* The process's umask has no say in permissions; the VFS's has. */
static void permissions(void)
{
    struct mounted mounted;
    struct vfs_stat stat;
    struct vfs *vfs;
    mode_t umask_before = umask(077);

    mounted_open(&mounted);
    vfs = mounted.vfs;
    vfs_umask(vfs, 022);
    CHECK_TRUE(vfs_openat(vfs, CWD, "/data/f", VFS_O_WRONLY | VFS_O_CREAT, 0666) >= 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/data/f", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFREG | 0644);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/d", 0777), 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/data/d", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFDIR | 0755);
    CHECK_TRUE(vfs_openat(vfs, CWD, "/data/none", VFS_O_RDWR | VFS_O_CREAT | VFS_O_EXCL, 0) >= 0);
    CHECK_INT(vfs_statat(vfs, CWD, "/data/none", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFREG);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/f", VFS_O_RDWR | VFS_O_CREAT | VFS_O_EXCL, 0), -GE_EXIST);
    umask(umask_before);
    mounted_close(&mounted);
}

static void special_files_are_refused(void)
{
    struct mounted mounted;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct vfs *vfs;
    int fd, socket_fd;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    CHECK_INT(mkfifo(outside_path(&mounted, "inside/fifo"), 0600), 0);
    socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/inside/s", mounted.outside);
    CHECK_INT(bind(socket_fd, (struct sockaddr *) &address, sizeof address), 0);
    fd = vfs_openat(vfs, CWD, "/data/fifo", VFS_O_RDONLY, 0); /* does not hang */
    CHECK_INT(fd, -GE_NXIO);
    CHECK_INT(vfs_openat(vfs, CWD, "/data/s", VFS_O_RDWR, 0), -GE_NXIO);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/fifo", 0), 0);
    close(socket_fd);
    mounted_close(&mounted);
}

static void descriptors_are_given_back(void)
{
    struct mounted mounted;
    int before = count_descriptors();
    struct vfs *vfs;

    mounted_open(&mounted);
    vfs = mounted.vfs;
    for (int round = 0; round < 3; round++) {
        int mounted_count = count_descriptors(), fd;

        CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/a", 0700), 0);
        CHECK_INT(vfs_mkdirat(vfs, CWD, "/data/a/b", 0700), 0);
        fd = open_file(vfs, "/data/a/b/f");
        CHECK_INT(count_descriptors(), mounted_count + 1); /* one each, and none from the walk */
        CHECK_INT(vfs_openat(vfs, CWD, "/data/a/b/missing/x", VFS_O_RDONLY, 0), -GE_NOENT);
        CHECK_INT(vfs_openat(vfs, CWD, "/data/a/b/f/x", VFS_O_RDONLY, 0), -GE_NOTDIR);
        CHECK_INT(vfs_openat(vfs, CWD, "/data/a/b/../..", VFS_O_WRONLY, 0), -GE_ISDIR);
        CHECK_INT(vfs_chdir(vfs, "/data/a/b"), 0);
        CHECK_INT(vfs_chdir(vfs, "/"), 0);
        CHECK_INT(vfs_close_fd(vfs, fd), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/a/b/f", 0), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/a/b", VFS_AT_REMOVEDIR), 0);
        CHECK_INT(vfs_unlinkat(vfs, CWD, "/data/a", VFS_AT_REMOVEDIR), 0);
        CHECK_INT(count_descriptors(), mounted_count);
    }
    open_file(vfs, "/data/left open");
    CHECK_INT(vfs_chdir(vfs, "/data"), 0);
    mounted_close(&mounted);
    CHECK_INT(count_descriptors(), before);
}

static void mounting(void)
{
    struct mounted mounted;
    struct error error;
    struct vfs *attached;
    int before;

    CHECK_INT(files_open_directory("/does/not/exist"), -GE_NOENT);
    CHECK_INT(files_open_directory("/dev/null"), -GE_NOTDIR);
    mounted_open(&mounted);
    before = count_descriptors();
    CHECK_INT(vfs_mount_host(mounted.vfs, "relative", files_open_directory("/"), true, &error),
              STATUS_INVALID);
    CHECK_INT(vfs_mount_host(mounted.vfs, "/data", files_open_directory("/"), true, &error),
              STATUS_INVALID);
    CHECK_INT(count_descriptors(), before); /* owned also on failure */
    /* What is in a host directory is not in the arena: such an image cannot be. */
    CHECK_INT(vfs_attach(&mounted.space.arena, NULL, NULL, &attached, &error), STATUS_INVALID);
    mounted_close(&mounted);
}

static const struct test tests[] = {
    {"files_are_the_systems", files_are_the_systems},
    {"by_descriptor", by_descriptor},
    {"kept_names_are_not_replaced", kept_names_are_not_replaced},
    {"deep_directories", deep_directories},
    {"syncs_are_real", syncs_are_real},
    {"links_stay_inside", links_stay_inside},
    {"both_trees_in_one_walk", both_trees_in_one_walk},
    {"the_lock_file_is_hidden", the_lock_file_is_hidden},
    {"permissions", permissions},
    {"special_files_are_refused", special_files_are_refused},
    {"descriptors_are_given_back", descriptors_are_given_back},
    {"mounting", mounting},
};

TEST_MAIN(tests)
