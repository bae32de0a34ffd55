/* Packs: what is accepted can be mounted, read and written to from end to end, and unpacked into a directory that nothing
 * leaves.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "platform/files.h"
#include "scratch.h"
#include "space.h"
#include "vfs/internal.h"

enum { READ_SIZE = 5000, DEPTH_MAX = 64, UNPACKED_MAX = 1 << 18, UNPACKED_EACH = 16 };

static struct space space;
static char path[32]; /* of the pack */
static int pack_fd;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    pack_fd = memfd_create("pack", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", pack_fd);
    space_open(&space);
    space_keep(&space);
    FUZZ_CHECK(pack_fd >= 0);
    return 0;
}

/* --- mounted ------------------------------------------------------------------------------- */

static void use_file(struct vfs *vfs, int directory, const char *name)
{
    static unsigned char bytes[READ_SIZE];
    int fd = vfs_openat(vfs, directory, name, VFS_O_RDWR | VFS_O_NOFOLLOW, 0);
    struct vfs_stat stat;

    if (fd < 0)
        return;
    FUZZ_CHECK(vfs_fstat(vfs, fd, &stat) == 0);
    while (vfs_read(vfs, fd, bytes, sizeof bytes) > 0)
        ;
    vfs_pwrite(vfs, fd, bytes, 100, stat.size / 2);
    vfs_ftruncate(vfs, fd, stat.size / 3);
    vfs_close_fd(vfs, fd);
}

static void walk(struct vfs *vfs, const char *name, int at, int depth)
{
    char target[VFS_PATH_MAX];
    int fd = vfs_openat(vfs, at, name, VFS_O_DIRECTORY | VFS_O_NOFOLLOW, 0);
    struct vfs_dirent entry = {.cookie = 0};

    if (fd < 0 || depth == DEPTH_MAX)
        return;
    while (vfs_readdir(vfs, fd, entry.cookie, &entry) > 0) {
        struct vfs_stat stat;

        if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
            continue;
        FUZZ_CHECK(vfs_statat(vfs, fd, entry.name, VFS_AT_SYMLINK_NOFOLLOW, &stat) == 0);
        vfs_statat(vfs, fd, entry.name, 0, &stat);
        if (entry.type == VFS_S_IFLNK)
            FUZZ_CHECK(vfs_readlinkat(vfs, fd, entry.name, target, sizeof target) > 0);
        else if (entry.type == VFS_S_IFDIR)
            walk(vfs, entry.name, fd, depth + 1);
        else
            use_file(vfs, fd, entry.name);
    }
    vfs_close_fd(vfs, fd);
}

static void mount(const struct pack *pack)
{
    struct error error;

    space_begin(&space);
    if (!vfs_mount_pack(space.vfs, "/p", pack, &error))
        walk(space.vfs, "/p", VFS_AT_CWD, 0);
    space_end(&space);
}

/* --- unpacked ------------------------------------------------------------------------------ */

/* Zeros that a pack leaves out are written: a small pack may be a large directory. */
static bool is_small(const struct pack *pack)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < pack_node_count(pack) && size <= UNPACKED_MAX; i++) {
        struct pack_node node;

        pack_node(pack, i, &node);
        size += (node.mode & VFS_S_IFMT) == VFS_S_IFREG ? node.size : 0;
    }
    return size <= UNPACKED_MAX;
}

static void unpack(const struct pack *pack)
{
    struct error error;
    int fd = scratch_begin();

    pack_extract(pack, fd, false, &error);
    files_close(fd);
    scratch_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pack *pack;
    struct error error;

    FUZZ_CHECK(pwrite(pack_fd, bytes, size, 0) == (ssize_t) size
               && ftruncate(pack_fd, (off_t) size) == 0);
    if (pack_open(path, &pack, &error))
        return 0;
    mount(pack);
    if (pack_identity(pack) % UNPACKED_EACH == 0 && is_small(pack))
        unpack(pack);
    pack_close(pack);
    return 0;
}
