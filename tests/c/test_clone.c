/* Cloned files: what they have in common, and when they stop.
 *
 * That a clone reads like a copy, whatever happens to it and to the original, is among the random
 * operations of the model test; here is what that cannot see: which blocks are there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "space.h"

enum { CWD = VFS_AT_CWD, QUOTA = 64 << 20 };

static int open_file(struct vfs *vfs, const char *path)
{
    int fd = vfs_openat(vfs, CWD, path, VFS_O_RDWR | VFS_O_CREAT, 0600);

    CHECK_TRUE(fd >= 0);
    return fd;
}

static void fill(struct vfs *vfs, const char *path, int blocks, int character)
{
    char block[VFS_BLOCK];
    int fd = open_file(vfs, path);

    memset(block, character, sizeof block);
    for (int i = 0; i < blocks; i++)
        CHECK_INT(vfs_write(vfs, fd, block, sizeof block), sizeof block);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
}

static int byte_at(struct vfs *vfs, const char *path, uint64_t offset)
{
    unsigned char byte = 0;
    int fd = vfs_openat(vfs, CWD, path, VFS_O_RDONLY, 0);

    CHECK_INT(vfs_pread(vfs, fd, &byte, 1, offset), 1);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    return byte;
}

static int64_t put(struct vfs *vfs, const char *path, char byte, uint64_t offset)
{
    int fd = vfs_openat(vfs, CWD, path, VFS_O_WRONLY, 0);
    int64_t result = vfs_pwrite(vfs, fd, &byte, 1, offset);

    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    return result;
}

/* Blocks that count against the quota. */
static uint64_t blocks_used(struct vfs *vfs)
{
    struct vfs_statfs stat;

    CHECK_INT(vfs_statfs(vfs, "/", &stat), 0);
    return stat.blocks - stat.blocks_free;
}

/* ---- Random operations on files whose blocks are known one by one ---- */

enum { FILES = 5, FILE_BLOCKS = 1500, STEPS = 4000, CHECK_EVERY = 100, IDENTITIES = 1 << 20 };

struct model {
    struct space space;
    bool exists[FILES];
    uint32_t size[FILES]; /* in blocks */
    /* A block's identity says what is in it; 0: a hole. */
    uint32_t blocks[FILES][FILE_BLOCKS];
    uint32_t owners[IDENTITIES];
    uint32_t last;
    uint64_t state;
};

static uint32_t below(struct model *model, uint32_t limit)
{
    return (uint32_t) (check_random(&model->state) >> 33) % limit;
}

static const char *name_of(int file)
{
    static const char *const names[FILES] = {"/0", "/1", "/2", "/3", "/4"};

    return names[file];
}

static void forget(struct model *model, int file, uint32_t from)
{
    for (uint32_t i = from; i < FILE_BLOCKS; i++)
        if (model->blocks[file][i]) {
            model->owners[model->blocks[file][i]]--;
            model->blocks[file][i] = 0;
        }
}

static void write_blocks(struct model *model, int file)
{
    uint32_t start = below(model, FILE_BLOCKS - 20), count = 1 + below(model, 20);
    int fd = open_file(model->space.vfs, name_of(file));

    model->exists[file] = true;
    for (uint32_t i = start; i < start + count; i++) {
        uint32_t *block = &model->blocks[file][i];
        uint32_t identity = ++model->last;

        CHECK_TRUE(identity < IDENTITIES);
        /* The identity's four bytes alone, so that the rest has to be copied. */
        CHECK_INT(vfs_pwrite(model->space.vfs, fd, &identity, 4, (uint64_t) i * VFS_BLOCK + 40), 4);
        if (*block)
            model->owners[*block]--;
        *block = identity;
        model->owners[identity] = 1;
    }
    if (start + count > model->size[file])
        model->size[file] = start + count;
    CHECK_INT(vfs_close_fd(model->space.vfs, fd), 0);
}

static void clone(struct model *model, int from, int to)
{
    int expected = !model->exists[from] ? -GE_NOENT : model->exists[to] ? -GE_EXIST : 0;

    CHECK_INT(vfs_clone(model->space.vfs, name_of(from), name_of(to)), expected);
    if (expected < 0)
        return;
    model->exists[to] = true;
    model->size[to] = model->size[from];
    for (uint32_t i = 0; i < FILE_BLOCKS; i++) {
        model->blocks[to][i] = model->blocks[from][i];
        if (model->blocks[to][i])
            model->owners[model->blocks[to][i]]++;
    }
}

static void cut(struct model *model, int file)
{
    uint32_t size = below(model, FILE_BLOCKS);

    CHECK_INT(vfs_truncate(model->space.vfs, name_of(file), (uint64_t) size * VFS_BLOCK),
              model->exists[file] ? 0 : -GE_NOENT);
    if (!model->exists[file])
        return;
    forget(model, file, size);
    model->size[file] = size;
}

static void drop(struct model *model, int file)
{
    CHECK_INT(vfs_unlinkat(model->space.vfs, CWD, name_of(file), 0),
              model->exists[file] ? 0 : -GE_NOENT);
    forget(model, file, 0);
    model->exists[file] = false;
    model->size[file] = 0;
}

static void check_all(struct model *model, struct vfs *vfs)
{
    uint64_t distinct = 0;

    for (uint32_t identity = 1; identity <= model->last; identity++)
        distinct += model->owners[identity] > 0;
    CHECK_INT(blocks_used(vfs), distinct);
    for (int file = 0; file < FILES; file++) {
        int fd = vfs_openat(vfs, CWD, name_of(file), VFS_O_RDONLY, 0);

        CHECK_INT(fd >= 0, model->exists[file]);
        for (uint32_t i = 0; i < model->size[file]; i++) {
            uint32_t identity = 1;

            CHECK_INT(vfs_pread(vfs, fd, &identity, 4, (uint64_t) i * VFS_BLOCK + 40), 4);
            CHECK_INT(identity, model->blocks[file][i]);
        }
        if (fd >= 0)
            CHECK_INT(vfs_close_fd(vfs, fd), 0);
    }
}

static void random_operations(void)
{
    struct model *model = calloc(1, sizeof *model);
    struct space copy;
    size_t used;

    space_open(&model->space, SPACE_LIMIT);
    vfs_set_quota(model->space.vfs, QUOTA);
    used = arena_used(&model->space.arena);
    model->state = 20261122;
    for (int step = 1; step <= STEPS; step++) {
        int file = (int) below(model, FILES), other = (int) below(model, FILES);

        switch (below(model, 8)) {
        case 0:
            drop(model, file);
            break;
        case 1:
            cut(model, file);
            break;
        case 2:
        case 3:
            clone(model, file, other);
            break;
        default:
            write_blocks(model, file);
        }
        if (step % CHECK_EVERY == 0)
            check_all(model, model->space.vfs);
    }
    /* The counts are in the arena like everything: in a copy of it they hold as well. */
    space_copy(&model->space, &copy);
    check_all(model, copy.vfs);
    for (int file = 0; file < FILES; file++)
        drop(model, file);
    check_all(model, model->space.vfs);
    CHECK_INT(arena_used(&model->space.arena), used);
    for (int file = 0; file < FILES; file++)
        vfs_unlinkat(copy.vfs, CWD, name_of(file), 0);
    CHECK_INT(arena_used(&copy.arena), used);
    space_close(&copy);
    space_close(&model->space);
    free(model);
}

/* ---- One by one ---- */

static void takes_no_space(void)
{
    enum { BLOCKS = 2000 };
    struct space space;
    struct vfs_stat stat;
    struct vfs *vfs;
    size_t used;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fill(vfs, "/a", BLOCKS, 'a');
    CHECK_INT(vfs_chmodat(vfs, CWD, "/a", 0666, 0), 0);
    used = arena_used(&space.arena);
    CHECK_INT(vfs_clone(vfs, "/a", "/b"), 0);
    /* The map again, and a count for each block. */
    CHECK_TRUE(arena_used(&space.arena) - used < BLOCKS * VFS_BLOCK / 100);
    CHECK_INT(vfs_statat(vfs, CWD, "/b", 0, &stat), 0);
    CHECK_INT(stat.mode, VFS_S_IFREG | 0666); /* the original's, whatever the umask */
    CHECK_INT(stat.size, BLOCKS * VFS_BLOCK);
    CHECK_INT(blocks_used(vfs), BLOCKS);
    CHECK_INT(put(vfs, "/b", 'b', 5000), 1);
    CHECK_INT(blocks_used(vfs), BLOCKS + 1);
    CHECK_INT(put(vfs, "/a", 'A', 5000), 1); /* the last owner writes in place */
    CHECK_INT(blocks_used(vfs), BLOCKS + 1);
    CHECK_INT(byte_at(vfs, "/a", 5000), 'A');
    CHECK_INT(byte_at(vfs, "/b", 5000), 'b');
    CHECK_INT(byte_at(vfs, "/b", 5001), 'a');
    /* A clone of itself never is. */
    CHECK_INT(vfs_clone(vfs, "/a", "/a"), -GE_EXIST);
    space_close(&space);
}

static void an_open_file_is_one_as_well(void)
{
    struct space space;
    struct vfs *vfs;
    char byte = 0;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fill(vfs, "/a", 3, 'a');
    fd = open_file(vfs, "/a");
    CHECK_INT(vfs_clone(vfs, "/a", "/b"), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/a", 0), 0);
    CHECK_INT(put(vfs, "/b", 'b', 0), 1);
    CHECK_INT(vfs_pread(vfs, fd, &byte, 1, 0), 1);
    CHECK_INT(byte, 'a');
    CHECK_INT(blocks_used(vfs), 4);
    CHECK_INT(vfs_close_fd(vfs, fd), 0);
    CHECK_INT(blocks_used(vfs), 3);
    space_close(&space);
}

static void sparse(void)
{
    struct space space;
    struct vfs_stat stat;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_close_fd(vfs, open_file(vfs, "/a")), 0);
    CHECK_INT(vfs_clone(vfs, "/a", "/empty"), 0);
    CHECK_INT(put(vfs, "/a", 'a', VFS_FILE_MAX - 1), 1);
    CHECK_INT(vfs_clone(vfs, "/a", "/b"), 0); /* at once: 2^30 blocks, all but one a hole */
    CHECK_INT(byte_at(vfs, "/b", VFS_FILE_MAX - 1), 'a');
    CHECK_INT(byte_at(vfs, "/b", VFS_FILE_MAX / 2), 0);
    CHECK_INT(blocks_used(vfs), 1);
    CHECK_INT(vfs_truncate(vfs, "/b", VFS_FILE_MAX - 2), 0); /* cut within the shared block */
    CHECK_INT(blocks_used(vfs), 2);
    CHECK_INT(byte_at(vfs, "/a", VFS_FILE_MAX - 1), 'a');
    CHECK_INT(vfs_statat(vfs, CWD, "/empty", 0, &stat), 0);
    CHECK_INT(stat.size, 0);
    space_close(&space);
}

static void allocation_takes_apart(void)
{
    struct space space;
    struct vfs *vfs;
    int fd;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fill(vfs, "/a", 10, 'a');
    CHECK_INT(vfs_clone(vfs, "/a", "/b"), 0);
    fd = open_file(vfs, "/b");
    CHECK_INT(vfs_allocate(vfs, fd, 0, 10 * VFS_BLOCK), 0);
    CHECK_INT(blocks_used(vfs), 20);
    vfs_set_quota(vfs, 0);
    CHECK_INT(put(vfs, "/b", 'b', 5 * VFS_BLOCK), 1); /* cannot run out of space any more */
    CHECK_INT(byte_at(vfs, "/a", 5 * VFS_BLOCK), 'a');
    CHECK_INT(byte_at(vfs, "/b", 5 * VFS_BLOCK + 1), 'a');
    space_close(&space);
}

static void no_space_to_take_apart(void)
{
    struct space space;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    fill(vfs, "/a", 10, 'a');
    vfs_set_quota(vfs, 10 * VFS_BLOCK);
    CHECK_INT(vfs_clone(vfs, "/a", "/b"), 0); /* takes none */
    CHECK_INT(put(vfs, "/b", 'b', 0), -GE_NOSPC);
    CHECK_INT(put(vfs, "/a", 'A', 0), -GE_NOSPC);
    CHECK_INT(byte_at(vfs, "/a", 0), 'a');
    CHECK_INT(byte_at(vfs, "/b", 0), 'a');
    CHECK_INT(vfs_truncate(vfs, "/b", 100), -GE_NOSPC); /* the rest of a block has to be cleared */
    CHECK_INT(vfs_truncate(vfs, "/b", VFS_BLOCK), 0);
    CHECK_INT(blocks_used(vfs), 10);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/b", 0), 0);
    CHECK_INT(blocks_used(vfs), 10);
    CHECK_INT(put(vfs, "/a", 'A', 0), 1);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/a", 0), 0);
    CHECK_INT(blocks_used(vfs), 0);
    space_close(&space);
}

/* A block counts or does not. */
static void not_across_exemption(void)
{
    struct space space;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_exempt(vfs, "/log"), 0);
    fill(vfs, "/a", 3, 'a');
    fill(vfs, "/log/a", 3, 'a');
    CHECK_INT(vfs_clone(vfs, "/a", "/log/b"), -GE_XDEV);
    CHECK_INT(vfs_clone(vfs, "/log/a", "/b"), -GE_XDEV);
    CHECK_INT(vfs_accessat(vfs, CWD, "/b", 0, 0), -GE_NOENT); /* nothing is left of it */
    CHECK_INT(vfs_accessat(vfs, CWD, "/log/b", 0, 0), -GE_NOENT);
    CHECK_INT(vfs_clone(vfs, "/log/a", "/log/b"), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/log/a", 0), 0);
    CHECK_INT(vfs_unlinkat(vfs, CWD, "/log/b", 0), 0);
    CHECK_INT(blocks_used(vfs), 3);
    space_close(&space);
}

static void regular_files_only(void)
{
    struct space space;
    struct vfs *vfs;

    space_open(&space, SPACE_LIMIT);
    vfs = space.vfs;
    CHECK_INT(vfs_clone(vfs, "/dev", "/b"), -GE_ISDIR);
    CHECK_INT(vfs_clone(vfs, "/dev/zero", "/b"), -GE_NOTSUP);
    CHECK_INT(vfs_clone(vfs, "/nothing", "/b"), -GE_NOENT);
    fill(vfs, "/a", 1, 'a');
    CHECK_INT(vfs_clone(vfs, "/a", "/nowhere/b"), -GE_NOENT);
    CHECK_INT(vfs_symlinkat(vfs, "b", CWD, "/link"), 0);
    CHECK_INT(vfs_clone(vfs, "/a", "/link"), -GE_EXIST); /* as O_EXCL: not through a link */
    space_close(&space);
}

static const struct test tests[] = {
    {"random_operations", random_operations},
    {"takes_no_space", takes_no_space},
    {"an_open_file_is_one_as_well", an_open_file_is_one_as_well},
    {"sparse", sparse},
    {"allocation_takes_apart", allocation_takes_apart},
    {"no_space_to_take_apart", no_space_to_take_apart},
    {"not_across_exemption", not_across_exemption},
    {"regular_files_only", regular_files_only},
};

TEST_MAIN(tests)
