/* A data directory's files, given to the caller one after the other.
 *
 * They are those of a checkpoint just made, and nothing runs until the dump ends: so they are one state,
 * and who starts from them has next to nothing to recover.
 */
#include "engine/session/dump.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/instance/tree.h"
#include "engine/session/hold.h"
#include "engine/session/protocol.h"

enum { CLOSED = -1 };

struct dump {
    struct tree tree;
    int fd; /* the file at hand, or CLOSED */
};

static void close_file(struct dump *dump)
{
    if (dump->fd != CLOSED)
        vfs_close_fd(dump->tree.vfs, dump->fd);
    dump->fd = CLOSED;
}

static enum status fail(const struct dump *dump, int result, struct error *error)
{
    return error_set(error, STATUS_IO, "cannot read %s (errno %d)", dump->tree.path, -result);
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
    status = session_checkpoint(session, error);
    dump = status ? NULL : malloc(sizeof *dump);
    if (!dump) {
        release_others(session->cluster);
        return status ? status : no_memory_for(error, "a dump");
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
    if (dump->fd != CLOSED)
        result = vfs_read(dump->tree.vfs, dump->fd, bytes, size);
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
