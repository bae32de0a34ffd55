/* Random operations on three worlds at once: the tree in memory, a mounted host directory, and the
 * system's own files, which say what is right. After each operation the results are equal, and
 * every so often the whole trees.
 *
 * The system's world lives in a child process whose root directory is a temporary one, so that
 * absolute paths and ".." at the root mean the same in all three.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "model.h"
#include "platform/files.h"

enum { STEPS = 6000, TREE_EVERY = 300, SKIPPED = 77 };

/* ---- The oracle's process ---- */

struct oracle {
    pid_t child;
    int socket;
};

enum { ASK_TREE = OP_KINDS };

static void exactly(ssize_t (*transfer)(int, void *, size_t), int fd, void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t part = transfer(fd, (char *) bytes + done, size - done);

        if (part <= 0)
            _exit(0);
        done += (size_t) part;
    }
}

static ssize_t write_bytes(int fd, void *bytes, size_t size)
{
    return write(fd, bytes, size);
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* chroot is root's; others become root in a user name space of their own. */
static bool enter_root(const char *path)
{
    char uid[32], gid[32];

    snprintf(uid, sizeof uid, "0 %d 1", (int) geteuid());
    snprintf(gid, sizeof gid, "0 %d 1", (int) getegid());
    if (geteuid() != 0
        && (unshare(CLONE_NEWUSER) != 0 || !write_text("/proc/self/setgroups", "deny")
            || !write_text("/proc/self/uid_map", uid) || !write_text("/proc/self/gid_map", gid)))
        return false;
    return chroot(path) == 0 && chdir("/") == 0;
}

_Noreturn static void serve(int socket, const char *path)
{
    struct system_world world;
    struct operation operation;
    struct outcome *outcome = malloc(sizeof *outcome);
    char ready = enter_root(path);
    size_t length;

    for (int i = 0; i < MODEL_SLOTS; i++)
        world.slots.fds[i] = -1;
    umask(022);
    exactly(write_bytes, socket, &ready, 1);
    for (;;) {
        exactly(read, socket, &operation, sizeof operation);
        if ((int) operation.kind == ASK_TREE)
            model_tree(system_perform, &world, outcome);
        else
            system_perform(&world, &operation, outcome);
        length = strlen(outcome->text) + 1;
        exactly(write_bytes, socket, &outcome->result, sizeof outcome->result);
        exactly(write_bytes, socket, &length, sizeof length);
        exactly(write_bytes, socket, outcome->text, length);
    }
}

static void oracle_open(struct oracle *oracle, const char *path)
{
    int sockets[2];
    char ready;

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    oracle->child = fork();
    CHECK_TRUE(oracle->child >= 0);
    if (oracle->child == 0) {
        close(sockets[0]);
        serve(sockets[1], path);
    }
    close(sockets[1]);
    oracle->socket = sockets[0];
    exactly(read, oracle->socket, &ready, 1);
    if (!ready) {
        printf("skipped: neither root nor user name spaces\n");
        exit(SKIPPED);
    }
}

static void oracle_perform(void *world, const struct operation *operation, struct outcome *outcome)
{
    struct oracle *oracle = world;
    struct operation copy = *operation;
    size_t length;

    exactly(write_bytes, oracle->socket, &copy, sizeof copy);
    exactly(read, oracle->socket, &outcome->result, sizeof outcome->result);
    exactly(read, oracle->socket, &length, sizeof length);
    exactly(read, oracle->socket, outcome->text, length);
}

static void oracle_close(struct oracle *oracle)
{
    int status;

    close(oracle->socket);
    CHECK_INT(waitpid(oracle->child, &status, 0), oracle->child);
    CHECK_INT(status, 0);
}

/* ---- Random operations ---- */

static uint64_t state;

static uint32_t below(uint32_t limit)
{
    return (uint32_t) (check_random(&state) >> 33) % limit;
}

static void random_path(char path[MODEL_PATH])
{
    static const char *const names[] = {"a", "b", "c", "d", "a", "b", "c", "a", ".", ".."};
    int components = 1 + (int) below(below(4) ? 2 : 4);
    char *end = path;

    if (below(3) == 0)
        *end++ = '/';
    for (int i = 0; i < components; i++) {
        if (below(100) == 0) {
            size_t length = VFS_NAME_MAX + below(2);

            memset(end, 'n', length);
            end += length;
            components = i + 1;
        } else {
            end = stpcpy(end, names[below(10)]);
        }
        if (i + 1 < components || below(12) == 0)
            *end++ = '/';
        if (below(20) == 0 && end[-1] == '/')
            *end++ = '/';
    }
    *end = '\0';
    if (below(150) == 0)
        path[0] = '\0';
}

static uint32_t random_mode(void)
{
    return 0700 | below(0100); /* what the owner may do is checked for all but root */
}

static int random_open_flags(void)
{
    static const int extra[] = {VFS_O_CREAT,     VFS_O_CREAT | VFS_O_EXCL,
                                VFS_O_TRUNC,     VFS_O_APPEND,
                                VFS_O_DIRECTORY, VFS_O_NOFOLLOW,
                                VFS_O_CREAT,     VFS_O_CREAT};
    int flags = (int) below(3);

    for (int i = 0; i < 2; i++)
        if (below(2))
            flags |= extra[below(8)];
    return flags;
}

/* Mostly one that is open. The last is model_tree's. */
static int random_slot(const struct slots *slots)
{
    int slot = (int) below(MODEL_SLOTS - 1);

    for (int i = 0; i < MODEL_SLOTS && slots->fds[slot] < 0 && below(10); i++)
        slot = (slot + 1) % (MODEL_SLOTS - 1);
    return slot;
}

static void random_operation(struct operation *op, const struct slots *slots)
{
    static const enum operation_kind kinds[] = {
        OP_OPEN,     OP_OPEN,     OP_OPEN,   OP_OPEN,       OP_OPEN,   OP_DUP,     OP_READ,
        OP_WRITE,    OP_WRITE,    OP_PREAD,  OP_PWRITE,     OP_PWRITE, OP_SEEK,    OP_FTRUNCATE,
        OP_TRUNCATE, OP_ALLOCATE, OP_SYNC,   OP_SET_APPEND, OP_MKDIR,  OP_MKDIR,   OP_MKDIR,
        OP_UNLINK,   OP_RMDIR,    OP_RENAME, OP_RENAME,     OP_LINK,   OP_SYMLINK, OP_SYMLINK,
        OP_READLINK, OP_STAT,     OP_LSTAT,  OP_FSTAT,      OP_CHMOD,  OP_FCHMOD,  OP_ACCESS,
        OP_UTIMENS,  OP_CHDIR,    OP_GETCWD, OP_UMASK,      OP_LIST,   OP_COPY,    OP_COPY,
        OP_COPY,
    };
    static const uint32_t umasks[] = {0, 022, 077};

    *op = (struct operation){.kind = kinds[below(sizeof kinds / sizeof *kinds)]};
    op->slot = random_slot(slots);
    op->other = below(4) ? -1 : random_slot(slots);
    op->mode = random_mode();
    op->offset = below(4) ? below(20000) : below(3) * 4096;
    op->size = below(4) ? below(15000) : below(4) * 4096;
    op->fill = below(1 << 20);
    random_path(op->path);
    random_path(op->target);
    switch (op->kind) {
    case OP_OPEN:
        op->flags = random_open_flags();
        op->slot = (int) below(MODEL_SLOTS - 1);
        if (slots->fds[op->slot] >= 0)
            op->kind = OP_CLOSE;
        break;
    case OP_DUP:
        op->other = (int) below(MODEL_SLOTS - 1);
        if (slots->fds[op->other] >= 0)
            op->kind = OP_FSTAT;
        break;
    case OP_SEEK:
        op->flags = (int) below(3);
        op->offset -= 8000;
        break;
    case OP_SYNC:
        op->flags = (int) below(2);
        break;
    case OP_SET_APPEND:
        op->flags = below(3) ? 0 : VFS_O_APPEND;
        break;
    case OP_LINK:
        op->flags = below(2) ? VFS_AT_SYMLINK_FOLLOW : 0;
        break;
    case OP_UTIMENS:
        op->flags = below(2) ? VFS_AT_SYMLINK_NOFOLLOW : 0;
        op->offset *= 1000000; /* up to 20 s after 1970: told apart from "now" */
        break;
    case OP_READLINK:
        if (op->path[0] == '\0')
            strcpy(op->path, "a"); /* Linux: the descriptor's own link, if O_PATH opened one */
        break;
    case OP_ACCESS:
        op->flags = (int) below(8);
        break;
    case OP_UMASK:
        op->mode = umasks[below(3)];
        break;
    case OP_CHDIR:
        if (below(2) == 0)
            strcpy(op->path, "/");
        break;
    case OP_GETCWD:
        op->size = 1 + below(40);
        break;
    default:
        break;
    }
}

/* Starting from a removed directory, the system's ".." still leads to what was above it, whatever
   has become of that; a host directory's, which goes by names, does not. And a name there is
   missing before it is too long. Nothing uses either. */
static bool starts_removed(struct vfs_world *memory, const struct operation *op)
{
    int directory = op->other < 0 ? VFS_AT_CWD : memory->slots.fds[op->other];
    struct vfs_stat at, cwd;

    if (vfs_statat(memory->vfs, VFS_AT_CWD, ".", 0, &cwd) == 0 && cwd.links == 0)
        return true;
    return directory != VFS_AT_CWD && vfs_fstat(memory->vfs, directory, &at) == 0 && at.links == 0;
}

static bool is_special(const char *path)
{
    return strstr(path, "..") || strstr(path, "nnn");
}

/* ---- Comparing ---- */

enum { HISTORY = 12, LINE = 1000 };

static char history[HISTORY][LINE];

/* Of two errors in a call with two paths, one a name too long, the system finds the other first. */
static bool is_same_error(const struct operation *operation, int64_t got, int64_t expected)
{
    return (operation->kind == OP_RENAME || operation->kind == OP_LINK) && expected < 0
           && got == -GE_NAMETOOLONG;
}

static void compare(const char *world, uint64_t seed, int step, const struct operation *operation,
                    const struct outcome *got, const struct outcome *expected)
{
    if ((got->result == expected->result && strcmp(got->text, expected->text) == 0)
        || is_same_error(operation, got->result, expected->result))
        return;
    for (int i = HISTORY - 1; i >= 0; i--)
        if (step - i >= 0)
            printf("%d: %s\n", step - i, history[(step - i) % HISTORY]);
    check_failed(__FILE__, __LINE__,
                 "%s, seed %" PRIu64 ", step %d: got %" PRId64 " \"%s\", expected %" PRId64
                 " \"%s\"",
                 world, seed, step, got->result, got->text, expected->result, expected->text);
}

static void empty_dev(struct vfs *vfs)
{
    static const char *const names[] = {"/dev/null",  "/dev/zero",   "/dev/random", "/dev/urandom",
                                        "/dev/stdin", "/dev/stdout", "/dev/stderr"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_INT(vfs_unlinkat(vfs, VFS_AT_CWD, names[i], 0), 0);
    CHECK_INT(vfs_unlinkat(vfs, VFS_AT_CWD, "/dev/shm", VFS_AT_REMOVEDIR), 0);
    CHECK_INT(vfs_unlinkat(vfs, VFS_AT_CWD, "/dev", VFS_AT_REMOVEDIR), 0);
}

static void world_open(struct vfs_world *world, struct vfs *vfs)
{
    world->vfs = vfs;
    for (int i = 0; i < MODEL_SLOTS; i++)
        world->slots.fds[i] = -1;
}

static void remove_below(struct vfs *vfs, int directory)
{
    struct vfs_dirent entry;

    for (uint64_t cookie = 0; vfs_readdir(vfs, directory, cookie, &entry) == 1;
         cookie = entry.cookie) {
        int child;

        if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
            continue;
        if (entry.type != VFS_S_IFDIR) {
            CHECK_INT(vfs_unlinkat(vfs, directory, entry.name, 0), 0);
            continue;
        }
        child = vfs_openat(vfs, directory, entry.name, VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
        remove_below(vfs, child);
        CHECK_INT(vfs_close_fd(vfs, child), 0);
        CHECK_INT(vfs_unlinkat(vfs, directory, entry.name, VFS_AT_REMOVEDIR), 0);
    }
}

/* Removes all and closes all: nothing may be left in the arena. */
static void check_nothing_left(struct space *space, struct vfs_world *world, size_t used)
{
    int root;

    for (int i = 0; i < MODEL_SLOTS; i++)
        if (world->slots.fds[i] >= 0)
            vfs_close_fd(world->vfs, world->slots.fds[i]);
    CHECK_INT(vfs_chdir(world->vfs, "/"), 0);
    root = vfs_openat(world->vfs, VFS_AT_CWD, "/", VFS_O_RDONLY | VFS_O_DIRECTORY, 0);
    remove_below(world->vfs, root);
    CHECK_INT(vfs_close_fd(world->vfs, root), 0);
    CHECK_INT(arena_used(&space->arena), used);
}

static void run(uint64_t seed)
{
    struct outcome *got = malloc(sizeof *got), *expected = malloc(sizeof *expected);
    char host_path[4096], oracle_path[4096];
    struct space memory_space, host_space;
    struct vfs_world memory, host;
    struct oracle oracle;
    struct error error;
    size_t used, largest = 0;
    int successes = 0;

    temporary_open(host_path);
    temporary_open(oracle_path);
    oracle_open(&oracle, oracle_path);
    space_open(&memory_space, SPACE_LIMIT);
    empty_dev(memory_space.vfs);
    used = arena_used(&memory_space.arena);
    world_open(&memory, memory_space.vfs);
    space_open(&host_space, SPACE_LIMIT);
    CHECK_INT(vfs_mount_host(host_space.vfs, "/", files_open_directory(host_path), false, &error),
              STATUS_OK);
    world_open(&host, host_space.vfs);
    CHECK_INT(vfs_chmodat(memory.vfs, VFS_AT_CWD, "/", 0700, 0), 0); /* as mkdtemp makes it */

    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int step = 0; step < STEPS; step++) {
        struct operation operation;

        do
            random_operation(&operation, &memory.slots);
        while (starts_removed(&memory, &operation)
               && (is_special(operation.path) || is_special(operation.target)));
        model_describe(&operation, history[step % HISTORY], LINE);
        oracle_perform(&oracle, &operation, expected);
        successes += expected->result >= 0;
        vfs_perform(&memory, &operation, got);
        compare("memory", seed, step, &operation, got, expected);
        vfs_perform(&host, &operation, got);
        compare("host", seed, step, &operation, got, expected);
        if (step % TREE_EVERY == TREE_EVERY - 1) {
            operation.kind = (enum operation_kind) ASK_TREE;
            oracle_perform(&oracle, &operation, expected);
            model_tree(vfs_perform, &memory, got);
            compare("memory's tree", seed, step, &operation, got, expected);
            largest = strlen(got->text) > largest ? strlen(got->text) : largest;
            model_tree(vfs_perform, &host, got);
            compare("host's tree", seed, step, &operation, got, expected);
        }
    }
    CHECK_TRUE(successes > STEPS / 5 && largest > 500); /* else the operations are pointless */
    check_nothing_left(&memory_space, &memory, used);
    oracle_close(&oracle);
    space_close(&memory_space);
    space_close(&host_space);
    temporary_close(host_path);
    temporary_close(oracle_path);
    free(got);
    free(expected);
}

static void seed_1(void)
{
    run(1);
}

static void seed_2(void)
{
    run(2);
}

static void seed_3(void)
{
    run(3);
}

/* MODEL_SEED=n looks further than the three that are always run. */
static void seed_of_the_environment(void)
{
    const char *seed = getenv("MODEL_SEED");

    run(seed ? strtoull(seed, NULL, 10) : 4);
}

static const struct test tests[] = {
    {"seed_1", seed_1},
    {"seed_2", seed_2},
    {"seed_3", seed_3},
    {"seed_of_the_environment", seed_of_the_environment},
};

TEST_MAIN(tests)
