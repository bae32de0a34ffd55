/* What memory_limit does not limit.
 *
 * PostgreSQL panics when it cannot write its WAL, the small files of a checkpoint, or after a commit the queue of
 * notifications, and a database in memory would be lost. So in memory it always can: the limit is for tables, indexes and temporary files,
 * where a full disk is an error like others. Checkpoints keep the rest small.
 */

#include "engine/instance/quota.h"

#include "engine/instance/limits.h"

static const char *const bookkeeping[] = {
    "/pglite/data/pg_wal",       "/pglite/data/pg_xact",      "/pglite/data/pg_subtrans",
    "/pglite/data/pg_multixact", "/pglite/data/pg_commit_ts", "/pglite/data/pg_logical",
    "/pglite/data/pg_notify",    "/pglite/data/pg_serial",
};

enum status quota_exempt_bookkeeping(struct vfs *vfs, struct error *error)
{
    for (size_t i = 0; i < sizeof bookkeeping / sizeof *bookkeeping; i++)
        if (vfs_exempt(vfs, bookkeeping[i]) < 0)
            return no_memory_for(error, "in-memory files");
    return STATUS_OK;
}
