/* A data directory's files, given to the caller one after the other.
 *
 * They are those of a cluster that was shut down, and nothing runs until the dump ends: so they are one state, and
 * nothing has to be recovered. Only pg_control says that it is shut down: it is read first.
 */
#include "engine/session/dump.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/instance/tree.h"
#include "engine/session/hold.h"
#include "engine/session/main_loop.h"

enum {
    CLOSED = -1,
    CONTROL_SIZE = 8192 /* PG_CONTROL_FILE_SIZE */
};

static const char control_name[] = "global/pg_control";

struct dump {
    struct tree tree;
    int fd; /* the file at hand, or CLOSED */
    uint8_t control[CONTROL_SIZE];
    size_t control_left; /* to be read of it */
};

static void close_file(struct dump *dump)
{
    if (dump->fd != CLOSED)
        vfs_close_fd(dump->tree.vfs, dump->fd);
    dump->fd = CLOSED;
    dump->control_left = 0;
}

static enum status fail(const struct dump *dump, int result, struct error *error)
{
    return error_set_errno(error, result, "cannot read %s", dump->tree.path);
}

/* Of the whole copy only this: the other files stay as they are. */
static enum status read_control(pgn_session *session, void *argument, struct error *error)
{
    struct dump *dump = argument;
    struct vfs *vfs = session->cluster->vfs;
    int fd = vfs_openat(vfs, VFS_AT_CWD, ENGINE_DATA_DIR "/global/pg_control", VFS_O_RDONLY, 0);
    int64_t count = fd < 0 ? fd : vfs_read(vfs, fd, dump->control, CONTROL_SIZE);

    if (fd >= 0)
        vfs_close_fd(vfs, fd);
    return count == CONTROL_SIZE ? STATUS_OK
                                 : error_set_errno(error, count < 0 ? (int) count : -GE_IO,
                                                   "cannot read %s", control_name);
}

/* Links are followed, as PGlite's own dump does: a tablespace's files stand where its link was, which
   PostgreSQL takes for a tablespace in place. */
enum status dump_begin(pgn_session *session, struct error *error)
{
    enum status status = hold_others(session->cluster, error); /* to dump_close */
    struct dump *dump;
    int result;

    if (status)
        return status;
    dump = calloc(1, sizeof *dump);
    status = dump ? session_copy(session, read_control, dump, error)
                  : no_memory_for(error, "a dump");
    if (status) {
        free(dump);
        release_others(session->cluster);
        return status;
    }
    cluster_switch_to(session);
    dump->fd = CLOSED;
    result = tree_open(&dump->tree, session->cluster->vfs, ENGINE_DATA_DIR, TREE_LINKS_FOLLOWED);
    session->cluster->dump = dump;
    if (result < 0) {
        status = fail(dump, result, error);
        dump_close(session);
    }
    return status;
}

enum status dump_next(pgn_session *session, pgn_file *file, struct error *error)
{
    struct dump *dump = session->cluster->dump;
    struct tree *tree = &dump->tree;
    int result;

    cluster_switch_to(session);
    close_file(dump);
    do
        result = tree_next(tree);
    while (result > 0
           && (strcmp(tree_name(tree), ENGINE_PID_FILE) == 0
               || ((tree->stat.mode & VFS_S_IFMT) != VFS_S_IFREG
                   && (tree->stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)));
    if (result < 0)
        return fail(dump, result, error);
    file->path[0] = '\0';
    if (result == 0)
        return STATUS_OK;
    memcpy(file->path, tree_name(tree), strlen(tree_name(tree)) + 1);
    file->is_directory = (tree->stat.mode & VFS_S_IFMT) == VFS_S_IFDIR;
    file->size = file->is_directory ? 0 : tree->stat.size;
    file->mtime_ns = tree->stat.mtime_ns;
    if (file->is_directory)
        return STATUS_OK;
    if (strcmp(file->path, control_name) == 0) {
        dump->control_left = CONTROL_SIZE;
        return STATUS_OK;
    }
    result = vfs_openat(tree->vfs, VFS_AT_CWD, tree->path, VFS_O_RDONLY, 0);
    if (result < 0)
        return fail(dump, result, error);
    dump->fd = result;
    return STATUS_OK;
}

enum status dump_read(pgn_session *session, uint8_t *bytes, size_t size, size_t *count,
                      struct error *error)
{
    struct dump *dump = session->cluster->dump;
    int64_t result = 0;

    cluster_switch_to(session);
    if (dump->control_left > 0) {
        result = (int64_t) (size < dump->control_left ? size : dump->control_left);
        memcpy(bytes, dump->control + CONTROL_SIZE - dump->control_left, (size_t) result);
        dump->control_left -= (size_t) result;
    } else if (dump->fd != CLOSED) {
        result = vfs_read(dump->tree.vfs, dump->fd, bytes, size);
    }
    if (result < 0)
        return fail(dump, (int) result, error);
    *count = (size_t) result;
    return STATUS_OK;
}

void dump_close(pgn_session *session)
{
    struct dump *dump = session->cluster->dump;

    if (!dump)
        return;
    cluster_switch_to(session);
    close_file(dump);
    tree_close(&dump->tree);
    free(dump);
    session->cluster->dump = NULL;
    release_others(session->cluster);
}
