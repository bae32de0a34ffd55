/* Packs: reading, copy-on-write over them, attaching, unpacking, and what a damaged one does. */
#define _GNU_SOURCE
#include "vfs/pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "platform/files.h"
#include "space.h"

enum { CWD = VFS_AT_CWD };

/* ---- A writer: docs/PACK.md in the fewest lines ---- */

enum { PACK_MAX = 1 << 18, BLOCKS_OFFSET = 8192, NODES = 8, INDEX = 16, BLOCKS = 8 };

struct image {
    unsigned char bytes[PACK_MAX];
    size_t size;
};

static void store(unsigned char *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        at[i] = (unsigned char) (value >> (8 * i));
}

struct entry {
    uint32_t parent;
    const char *name;
    uint32_t mode;
    uint64_t size;
    uint32_t first_index;
};

static const struct entry entries[NODES] = {
    {0, "", VFS_S_IFDIR | 0700, 0, 0},
    {0, "bin", VFS_S_IFDIR | 0755, 0, 0},
    {0, "file", VFS_S_IFREG | 0640, 10000, 0}, /* blocks A, zeros, B (1808 bytes of it) */
    {0, "link", VFS_S_IFLNK | 0777, 8, 3},     /* "bin/tool" */
    {1, "empty", VFS_S_IFREG | 0600, 0, 0},
    {1, "same", VFS_S_IFREG | 0600, 4096, 4},   /* block A again */
    {1, "tool", VFS_S_IFREG | 0755, 5, 5},      /* "#!x\n\n" */
    {1, "zeros", VFS_S_IFREG | 0600, 12000, 6}, /* three blocks of zeros */
};
static const uint32_t block_index[] = {1, 0, 2, 3, 1, 4, 0, 0, 0};

static void image_build(struct image *image)
{
    enum { NODES_AT = 64, INDEX_AT = 1024, NAMES_AT = 2048 };
    unsigned char *bytes = image->bytes, *blocks = bytes + BLOCKS_OFFSET;
    uint32_t names = 0;

    memset(image, 0, sizeof *image);
    image->size = BLOCKS_OFFSET + 4 * 4096;
    for (uint32_t i = 0; i < NODES; i++) {
        unsigned char *node = bytes + NODES_AT + 40 * i;
        size_t length = strlen(entries[i].name);

        store(node, entries[i].parent, 4);
        store(node + 4, names, 4);
        store(node + 8, length, 2);
        store(node + 12, entries[i].mode, 4);
        store(node + 16, entries[i].size, 8);
        store(node + 24, 1000000000, 8);
        store(node + 32, entries[i].first_index, 4);
        memcpy(bytes + NAMES_AT + names, entries[i].name, length);
        names += (uint32_t) length;
    }
    for (size_t i = 0; i < sizeof block_index / sizeof *block_index; i++)
        store(bytes + INDEX_AT + 4 * i, block_index[i], 4);
    memset(blocks, 'A', 4096);
    memset(blocks + 4096, 'B', 10000 - 8192);
    memcpy(blocks + 8192, "bin/tool", 8);
    memcpy(blocks + 12288, "#!x\n\n", 5);
    memcpy(bytes, "PGNPACK1", 8);
    store(bytes + 8, NODES, 4);
    store(bytes + 12, sizeof block_index / sizeof *block_index, 4);
    store(bytes + 16, 4, 4);
    store(bytes + 20, names, 4);
    store(bytes + 24, NODES_AT, 8);
    store(bytes + 32, INDEX_AT, 8);
    store(bytes + 40, NAMES_AT, 8);
    store(bytes + 48, BLOCKS_OFFSET, 8);
    store(bytes + 56, image->size, 8);
}

/* The same compressed, three blocks to a chunk, to frames that hold them as they are (RFC 8878, 3.1.1). */
enum {
    CHUNK_BLOCKS = 3,
    CHUNKS = 2,
    FRAME_HEADER = 4 + 1 + 2 + 3,
    FIRST_FRAME = BLOCKS_OFFSET + 8 + 4 * CHUNKS
};

static size_t frame_write(unsigned char *at, const unsigned char *content, size_t size)
{
    store(at, 0xfd2fb528, 4);
    at[4] = 1 << 6 | 1 << 5; /* a size of two bytes, in a single segment */
    store(at + 5, size - 256, 2);
    store(at + 7, size << 3 | 0 << 1 | 1, 3); /* the last block, as it is */
    memcpy(at + FRAME_HEADER, content, size);
    return FRAME_HEADER + size;
}

static void image_compress(struct image *image)
{
    static unsigned char blocks[4 * 4096];
    size_t at = FIRST_FRAME;

    memcpy(blocks, image->bytes + BLOCKS_OFFSET, sizeof blocks);
    memset(image->bytes + BLOCKS_OFFSET, 0, sizeof blocks);
    memcpy(image->bytes, "PGNPACK2", 8);
    store(image->bytes + BLOCKS_OFFSET, CHUNK_BLOCKS, 4);
    store(image->bytes + BLOCKS_OFFSET + 4, CHUNKS, 4);
    for (size_t i = 0; i < CHUNKS; i++) {
        size_t size = frame_write(image->bytes + at, blocks + i * CHUNK_BLOCKS * 4096,
                                  i ? 4096 : CHUNK_BLOCKS * 4096);

        store(image->bytes + BLOCKS_OFFSET + 8 + 4 * i, size, 4);
        at += size;
    }
    image->size = at;
    store(image->bytes + 56, image->size, 8);
}

static void image_write(const struct image *image, const char *path)
{
    FILE *file = fopen(path, "wb");

    CHECK_TRUE(file);
    CHECK_INT(fwrite(image->bytes, 1, image->size, file), image->size);
    CHECK_INT(fclose(file), 0);
}

struct fixture {
    char directory[4096];
    char path[4200];
    struct image image;
    struct pack *pack;
};

static bool compresses; /* what fixture_open makes */

static void fixture_open(struct fixture *fixture)
{
    struct error error;

    temporary_open(fixture->directory);
    snprintf(fixture->path, sizeof fixture->path, "%s/a.pack", fixture->directory);
    image_build(&fixture->image);
    if (compresses)
        image_compress(&fixture->image);
    image_write(&fixture->image, fixture->path);
    CHECK_INT(pack_open(fixture->path, &fixture->pack, &error), STATUS_OK);
}

static void fixture_close(struct fixture *fixture)
{
    pack_close(fixture->pack);
    temporary_close(fixture->directory);
}

/* What "file" holds. */
static void expected_file(unsigned char bytes[10000])
{
    memset(bytes, 'A', 4096);
    memset(bytes + 4096, 0, 4096);
    memset(bytes + 8192, 'B', 10000 - 8192);
}

static void mount_pack(struct space *space, const char *at, const struct pack *pack)
{
    struct error error;

    CHECK_INT(vfs_mount_pack(space->vfs, at, pack, &error), STATUS_OK);
}

/* ---- Tests ---- */

static void reads(void)
{
    static unsigned char bytes[20000], expected[10000];
    struct fixture fixture;
    struct vfs_stat stat;
    struct space space;
    struct vfs *vfs;
    size_t used;
    int fd;

    fixture_open(&fixture);
    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    mount_pack(&space, "/pglite/data", fixture.pack);
    used = arena_used(&space.arena);
    fd = vfs_openat(vfs, CWD, "/pglite/data/file", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 10000);
    expected_file(expected);
    CHECK_BYTES(bytes, expected, 10000);
    CHECK_INT(vfs_pread(vfs, fd, bytes, 5000, 4000), 5000);
    CHECK_BYTES(bytes, expected + 4000, 5000);
    CHECK_TRUE(arena_used(&space.arena) - used < 1000); /* content stays where it is */
    CHECK_INT(vfs_statat(vfs, CWD, "/pglite/data", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFDIR | 0700);
    CHECK_INT(stat.links, 3);
    CHECK_INT(stat.mtime_ns, 1000000000);
    CHECK_INT(vfs_statat(vfs, CWD, "/pglite/data/link", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFREG | 0755);
    CHECK_INT(stat.size, 5);
    CHECK_INT(vfs_accessat(vfs, CWD, "/pglite/data/bin/tool", 1, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/pglite/data/bin/same", 1, 0), -GE_ACCES);
    fd = vfs_openat(vfs, CWD, "/pglite/data/bin/zeros", VFS_O_RDONLY, 0);
    memset(bytes, 1, sizeof bytes);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 12000);
    for (int i = 0; i < 12000; i++)
        CHECK_INT(bytes[i], 0);
    space_close(&space);
    fixture_close(&fixture);
}

static void writes_copy(void)
{
    static unsigned char bytes[30000], expected[30000];
    struct fixture fixture;
    struct space space, other;
    int fd;

    fixture_open(&fixture);
    space_open(&space, SPACE_LIMIT);
    space_open(&other, SPACE_LIMIT);
    mount_pack(&space, "/", fixture.pack);
    mount_pack(&other, "/", fixture.pack);
    fd = vfs_openat(space.vfs, CWD, "/file", VFS_O_RDWR, 0);
    expected_file(expected);
    memcpy(expected + 4000, "xyz", 3);
    CHECK_INT(vfs_pwrite(space.vfs, fd, "xyz", 3, 4000), 3);
    memcpy(expected + 5000, "hole", 4);
    CHECK_INT(vfs_pwrite(space.vfs, fd, "hole", 4, 5000), 4);
    CHECK_INT(vfs_pread(space.vfs, fd, bytes, sizeof bytes, 0), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    /* Cut off and grown again: the pack's bytes do not come back. */
    CHECK_INT(vfs_ftruncate(space.vfs, fd, 8200), 0);
    CHECK_INT(vfs_ftruncate(space.vfs, fd, 20000), 0);
    memset(expected + 8200, 0, 20000 - 8200);
    CHECK_INT(vfs_pread(space.vfs, fd, bytes, sizeof bytes, 0), 20000);
    CHECK_BYTES(bytes, expected, 20000);
    CHECK_INT(vfs_allocate(space.vfs, fd, 0, 21000), 0);
    CHECK_INT(vfs_pread(space.vfs, fd, bytes, sizeof bytes, 0), 21000);
    CHECK_BYTES(bytes, expected, 21000);
    CHECK_INT(vfs_truncate(space.vfs, "/bin/same", 0), 0);
    CHECK_INT(vfs_truncate(space.vfs, "/bin/same", 4096), 0);
    fd = vfs_openat(space.vfs, CWD, "/bin/same", VFS_O_RDONLY, 0);
    memset(expected, 0, 4096);
    CHECK_INT(vfs_read(space.vfs, fd, bytes, sizeof bytes), 4096);
    CHECK_BYTES(bytes, expected, 4096);
    /* Neither the pack nor the other name space has noticed. */
    expected_file(expected);
    fd = vfs_openat(other.vfs, CWD, "/file", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(other.vfs, fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    fd = vfs_openat(other.vfs, CWD, "/bin/same", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(other.vfs, fd, bytes, sizeof bytes), 4096);
    CHECK_BYTES(bytes, expected, 4096);
    space_close(&space);
    space_close(&other);
    fixture_close(&fixture);
}

/* A clone has the pack's blocks, too, and takes as much of them with it as its original has left. */
static void clones(void)
{
    static unsigned char bytes[20000], expected[20000];
    struct fixture fixture;
    struct space space;
    struct vfs *vfs;
    size_t used;
    int fd;

    fixture_open(&fixture);
    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    mount_pack(&space, "/", fixture.pack);
    used = arena_used(&space.arena);
    CHECK_INT(vfs_clone(vfs, "/file", "/clone"), 0);
    CHECK_TRUE(arena_used(&space.arena) - used < 1000);
    CHECK_INT(vfs_truncate(vfs, "/file", 5000), 0);
    CHECK_INT(vfs_truncate(vfs, "/file", 10000), 0);
    expected_file(expected);
    fd = vfs_openat(vfs, CWD, "/clone", VFS_O_RDWR, 0);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    CHECK_INT(vfs_pwrite(vfs, fd, "xyz", 3, 4000), 3);
    CHECK_INT(vfs_clone(vfs, "/clone", "/again"), 0);
    CHECK_INT(vfs_pwrite(vfs, fd, "new", 3, 4000), 3);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/clone", 0), 0);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    memcpy(expected + 4000, "xyz", 3);
    fd = vfs_openat(vfs, CWD, "/again", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    memset(expected + 5000, 0, sizeof expected - 5000);
    memset(expected + 4000, 'A', 96);
    fd = vfs_openat(vfs, CWD, "/file", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(vfs, fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    space_close(&space);
    fixture_close(&fixture);
}

static void overlays_merge(void)
{
    struct fixture fixture;
    struct space space;
    struct error error;
    struct vfs *vfs;
    int fd;

    fixture_open(&fixture);
    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/bin", 0700), 0);
    CHECK_INT(vfs_mkdirat(vfs, CWD, "/bin/mine", 0700), 0);
    fd = vfs_openat(vfs, CWD, "/file", VFS_O_RDWR | VFS_O_CREAT, 0600);
    mount_pack(&space, "/", fixture.pack);
    CHECK_INT(vfs_accessat(vfs, CWD, "/bin/mine", 0, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/bin/tool", 0, 0), 0);
    CHECK_INT(vfs_accessat(vfs, CWD, "/dev/null", 0, 0), 0);
    CHECK_INT(vfs_seek(vfs, fd, 0, VFS_SEEK_END), 0); /* the old file is open still */
    for (int i = 1; i < VFS_PACKS_MAX; i++)
        mount_pack(&space, "/again", fixture.pack);
    CHECK_INT(vfs_mount_pack(vfs, "/", fixture.pack, &error), STATUS_INVALID);
    space_close(&space);
    space_open(&space, SPACE_LIMIT);
    CHECK_INT(vfs_mkdirat(space.vfs, CWD, "/file", 0700), 0);
    CHECK_INT(vfs_mount_pack(space.vfs, "/", fixture.pack, &error), STATUS_INVALID);
    space_close(&space);
    fixture_close(&fixture);
}

static void attach_asks_for_the_same_packs(void)
{
    static unsigned char bytes[20000], expected[20000];
    struct fixture fixture;
    struct space space, copy;
    struct pack *changed;
    struct error error;
    int fd;

    fixture_open(&fixture);
    space_open(&space, SPACE_LIMIT);
    mount_pack(&space, "/", fixture.pack);
    fd = vfs_openat(space.vfs, CWD, "/file", VFS_O_RDWR, 0);
    CHECK_INT(vfs_pwrite(space.vfs, fd, "xyz", 3, 4000), 3);
    space_copy(&space, &copy);
    fixture.image.bytes[64 + 24]++; /* another time of the root */
    image_write(&fixture.image, fixture.path);
    CHECK_INT(pack_open(fixture.path, &changed, &error), STATUS_OK);
    CHECK_INT(vfs_mount_pack(copy.vfs, "/", changed, &error), STATUS_PACK);
    pack_close(changed);
    space_close(&copy);

    fixture.image.bytes[64 + 24]--;
    image_write(&fixture.image, fixture.path);
    CHECK_INT(pack_open(fixture.path, &changed, &error), STATUS_OK);
    space_copy(&space, &copy);
    mount_pack(&copy, "/", changed);
    expected_file(expected);
    memcpy(expected + 4000, "xyz", 3);
    CHECK_INT(vfs_pread(copy.vfs, fd, bytes, sizeof bytes, 0), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    CHECK_INT(vfs_pwrite(copy.vfs, fd, "copy", 4, 9000), 4);
    CHECK_INT(vfs_pread(space.vfs, fd, bytes, sizeof bytes, 0), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    pack_close(changed);
    space_close(&copy);
    space_close(&space);
    fixture_close(&fixture);
}

static void unpacks(void)
{
    static unsigned char bytes[20000], expected[20000];
    struct fixture fixture;
    char path[8400], target[16] = "";
    struct stat stat;
    struct error error;
    mode_t umask_before = umask(077);
    int directory, fd;

    fixture_open(&fixture);
    snprintf(path, sizeof path, "%s/out", fixture.directory);
    CHECK_INT(mkdir(path, 0755), 0);
    directory = files_open_directory(path);
    CHECK_INT(pack_extract(fixture.pack, directory, true, &error), STATUS_OK);
    CHECK_INT(fstat(directory, &stat), 0);
    CHECK_INT(stat.st_mode, S_IFDIR | 0700);
    CHECK_INT(fstatat(directory, "bin", &stat, 0), 0);
    CHECK_INT(stat.st_mode, S_IFDIR | 0755);
    CHECK_INT(fstatat(directory, "bin/tool", &stat, 0), 0);
    CHECK_INT(stat.st_mode, S_IFREG | 0755);
    CHECK_INT(fstatat(directory, "bin/empty", &stat, 0), 0);
    CHECK_INT(stat.st_size, 0);
    CHECK_INT(fstatat(directory, "bin/zeros", &stat, 0), 0);
    CHECK_INT(stat.st_size, 12000);
    CHECK_TRUE(stat.st_blocks * 512 >= 12000); /* no holes */
    CHECK_INT(readlinkat(directory, "link", target, sizeof target), 8);
    CHECK_TEXT(target, "bin/tool");
    fd = openat(directory, "file", O_RDONLY);
    expected_file(expected);
    CHECK_INT(read(fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    close(fd);
    /* Not over another. */
    CHECK_INT(pack_extract(fixture.pack, directory, true, &error), STATUS_IO);
    close(directory);
    umask(umask_before);
    fixture_close(&fixture);
}

static void compressed_packs_are_as_others(void)
{
    compresses = true;
    reads();
    writes_copy();
    clones();
    attach_asks_for_the_same_packs();
    unpacks();
}

/* What is in the other chunk can be read. */
static void a_damaged_chunk_is_an_error_of_what_it_holds(void)
{
    enum { SECOND_FRAME = FIRST_FRAME + FRAME_HEADER + CHUNK_BLOCKS * 4096 };
    static unsigned char bytes[20000], expected[10000];
    struct fixture fixture;
    struct pack *pack;
    struct space space;
    struct error error;
    int fd, directory;

    compresses = true;
    fixture_open(&fixture);
    fixture.image.bytes[SECOND_FRAME]++;
    image_write(&fixture.image, fixture.path);
    CHECK_INT(pack_open(fixture.path, &pack, &error), STATUS_OK);
    space_open(&space, SPACE_LIMIT);
    mount_pack(&space, "/", pack);
    expected_file(expected);
    fd = vfs_openat(space.vfs, CWD, "/file", VFS_O_RDONLY, 0);
    CHECK_INT(vfs_read(space.vfs, fd, bytes, sizeof bytes), 10000);
    CHECK_BYTES(bytes, expected, 10000);
    fd = vfs_openat(space.vfs, CWD, "/bin/tool", VFS_O_RDWR, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(vfs_read(space.vfs, fd, bytes, sizeof bytes), -GE_IO);
        CHECK_INT(vfs_pwrite(space.vfs, fd, "x", 1, 0), -GE_IO);
        CHECK_INT(vfs_ftruncate(space.vfs, fd, 1), -GE_IO);
        CHECK_INT(vfs_allocate(space.vfs, fd, 0, 4096), -GE_IO);
    }
    CHECK_INT(vfs_ftruncate(space.vfs, fd, 0), 0);
    CHECK_INT(vfs_pwrite(space.vfs, fd, "x", 1, 0), 1);
    directory = files_open_directory(fixture.directory);
    CHECK_INT(pack_extract(pack, directory, false, &error), STATUS_IO);
    close(directory);
    space_close(&space);
    pack_close(pack);
    fixture_close(&fixture);
}

static void refuse(struct fixture *fixture, size_t at, uint64_t value, int size,
                   const char *problem)
{
    char expected[4600];
    struct pack *pack;
    struct error error;
    unsigned char saved[8];

    memcpy(saved, fixture->image.bytes + at, sizeof saved);
    store(fixture->image.bytes + at, value, size);
    image_write(&fixture->image, fixture->path);
    memcpy(fixture->image.bytes + at, saved, sizeof saved);
    CHECK_INT(pack_open(fixture->path, &pack, &error), STATUS_PACK);
    snprintf(expected, sizeof expected, "%s is not a usable pack: %s", fixture->path, problem);
    CHECK_TEXT(error.message, expected);
}

static void the_table_of_chunks_is_checked(void)
{
    struct fixture fixture;

    compresses = true;
    fixture_open(&fixture);
    refuse(&fixture, BLOCKS_OFFSET, 0, 4, "its chunks have an impossible size");
    refuse(&fixture, BLOCKS_OFFSET, 1 << 20, 4, "its chunks have an impossible size");
    refuse(&fixture, BLOCKS_OFFSET + 4, 3, 4, "it has not as many chunks as its blocks make");
    refuse(&fixture, 16, 1 << 30, 4, "it has not as many chunks as its blocks make");
    refuse(&fixture, BLOCKS_OFFSET + 8, 5, 4, "its chunks do not end where it does");
    refuse(&fixture, BLOCKS_OFFSET + 8, UINT32_MAX, 4, "its chunks do not end where it does");
    refuse(&fixture, 48, fixture.image.size - 7, 8, "its header points outside the file");
    fixture_close(&fixture);
}

static void each_rule_is_checked(void)
{
    enum { NODE_1 = 64 + 40, NODE_2 = 64 + 80, NODE_3 = 64 + 120, NODE_5 = 64 + 200 };
    struct fixture fixture;
    struct pack *pack;
    struct error error;

    fixture_open(&fixture);
    refuse(&fixture, 0, 'X', 1, "it does not start as a pack does");
    refuse(&fixture, 56, 5000, 8, "it is not as long as it says: the file is damaged or cut off");
    refuse(&fixture, 8, 0, 4, "it has no root");
    refuse(&fixture, 8, 1 << 20, 4, "its header points outside the file");
    refuse(&fixture, 12, UINT32_MAX, 4, "its header points outside the file");
    refuse(&fixture, 20, 1 << 20, 4, "its header points outside the file");
    refuse(&fixture, 24, UINT64_MAX, 8, "its header points outside the file");
    refuse(&fixture, 40, UINT64_MAX - 10, 8, "its header points outside the file");
    refuse(&fixture, 48, 8193, 8, "its header points outside the file");
    refuse(&fixture, 16, 5, 4, "its header points outside the file");
    refuse(&fixture, 1024, 5, 4, "its index names a block that is not there");
    refuse(&fixture, NODE_1 + 4, 60000, 4, "a name lies outside the name area");
    refuse(&fixture, NODE_1 + 8, 60000, 2, "a name lies outside the name area");
    refuse(&fixture, NODE_1 + 12, 1 << 20, 4, "a node's mode has unknown bits");
    refuse(&fixture, NODE_1 + 12, VFS_S_IFCHR, 4,
           "a node is neither file, directory nor symbolic link");
    refuse(&fixture, 64 + 12, VFS_S_IFREG, 4, "its root is not a directory");
    refuse(&fixture, NODE_1, 1, 4, "a node comes before its directory");
    refuse(&fixture, NODE_3, 2, 4, "a node lies in something that is no directory");
    refuse(&fixture, NODE_1 + 8, 0, 2, "a name is not one that a file can have");
    refuse(&fixture, 2048, '/', 1, "a name is not one that a file can have");
    refuse(&fixture, 2049, 0, 1, "a name is not one that a file can have");
    refuse(&fixture, 2048, 'z', 1, "the names in a directory are not in order");
    refuse(&fixture, NODE_2 + 16, UINT64_MAX, 8, "a file's blocks lie outside the index");
    refuse(&fixture, NODE_2 + 32, 7, 4, "a file's blocks lie outside the index");
    refuse(&fixture, NODE_5 + 32, UINT32_MAX, 4, "a file's blocks lie outside the index");
    refuse(&fixture, NODE_3 + 16, 0, 8, "a symbolic link's target has an impossible length");
    refuse(&fixture, NODE_3 + 16, 4096, 8, "a symbolic link's target has an impossible length");
    CHECK_INT(pack_open(fixture.directory, &pack, &error), STATUS_IO);
    CHECK_INT(unlink(fixture.path), 0);
    CHECK_INT(pack_open(fixture.path, &pack, &error), STATUS_NOT_FOUND);
    pack_close(NULL);
    fixture_close(&fixture);
}

/* Everything there is in a tree, read. */
static void read_all(struct vfs *vfs, int directory, int depth)
{
    static unsigned char bytes[5000];
    struct vfs_dirent entry;

    for (uint64_t cookie = 0; vfs_readdir(vfs, directory, cookie, &entry) == 1;
         cookie = entry.cookie) {
        char target[64];
        int fd;

        if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
            continue;
        vfs_readlinkat(vfs, directory, entry.name, target, sizeof target);
        fd = vfs_openat(vfs, directory, entry.name, VFS_O_RDONLY, 0);
        if (fd < 0)
            continue;
        for (uint64_t offset = 0; offset < 1 << 18; offset += 9999)
            vfs_pread(vfs, fd, bytes, sizeof bytes, offset);
        if (entry.type == VFS_S_IFDIR && depth < 10)
            read_all(vfs, fd, depth + 1);
        vfs_close_fd(vfs, fd);
    }
}

/* A pack with bytes changed is refused, or is a tree that can be used; nothing else happens. */
static void mutations(void)
{
    enum { ROUNDS = 1000, HEADERS_END = 2048 + 64 };
    static struct image mutated;
    struct fixture fixture;
    uint64_t state = 11;
    int usable = 0, refused = 0;

    fixture_open(&fixture);
    for (int round = 0; round < ROUNDS; round++) {
        int changes = 1 + (int) (check_random(&state) % 4);
        struct space space;
        struct pack *pack;
        struct error error;
        FILE *file;

        mutated = fixture.image;
        for (int i = 0; i < changes; i++) {
            size_t at = check_random(&state) % HEADERS_END;
            uint64_t value = check_random(&state);

            /* A bit, a small number, or anything. */
            if (round % 3 == 0)
                mutated.bytes[at] ^= (unsigned char) (1 << value % 8);
            else
                store(mutated.bytes + at / 4 * 4, round % 3 == 1 ? value % 16 : value, 4);
        }
        if (round % 16 == 0)
            mutated.size = check_random(&state) % mutated.size + 1;
        remove(fixture.path); /* ext4 writes a truncated file out when it is closed */
        file = fopen(fixture.path, "wb");
        CHECK_INT(fwrite(mutated.bytes, 1, mutated.size, file), mutated.size);
        fclose(file);
        if (pack_open(fixture.path, &pack, &error) != STATUS_OK) {
            refused++;
            continue;
        }
        usable++;
        space_open(&space, SPACE_LIMIT);
        if (vfs_mount_pack(space.vfs, "/", pack, &error) == STATUS_OK) {
            int root = vfs_openat(space.vfs, CWD, "/", VFS_O_RDONLY, 0);

            read_all(space.vfs, root, 0);
        }
        space_close(&space);
        pack_close(pack);
    }
    CHECK_TRUE(usable > ROUNDS / 20);
    CHECK_TRUE(refused > ROUNDS / 20);
    fixture_close(&fixture);
}

static const struct test tests[] = {
    {"reads", reads},
    {"writes_copy", writes_copy},
    {"clones", clones},
    {"overlays_merge", overlays_merge},
    {"attach_asks_for_the_same_packs", attach_asks_for_the_same_packs},
    {"unpacks", unpacks},
    {"compressed_packs_are_as_others", compressed_packs_are_as_others},
    {"a_damaged_chunk_is_an_error_of_what_it_holds", a_damaged_chunk_is_an_error_of_what_it_holds},
    {"the_table_of_chunks_is_checked", the_table_of_chunks_is_checked},
    {"each_rule_is_checked", each_rule_is_checked},
    {"mutations", mutations},
};

TEST_MAIN(tests)
