/* A checkpoint writes the files of prepared transactions before it notes itself in pg_control. Where it does not come
 * so far, recovery begins at the checkpoint before, for which those transactions lie in the future. PostgreSQL 18 means to
 * remove such a file, as their PREPARE will be replayed, but takes it for one of the epoch before: it looks for a name
 * that is not there, then finds the file, refuses to replay the PREPARE, and the transaction is lost.
 * (restoreTwoPhaseData and PrepareRedoAdd in src/backend/access/transam/twophase.c; a native server loses it, too.)
 */
#include "engine/cluster/twophase.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "platform/files.h"

/* ControlFileData, as version 1800 of pg_control has it. */
enum { CONTROL_VERSION = 1800, VERSION_AT = 8, NEXT_XID_AT = 64, HEAD_SIZE = 72 };

enum { NAME_LENGTH = 16 }; /* a transaction with its epoch, in hexadecimal digits */

static int read_next_xid(int directory, uint64_t *next_xid)
{
    int global = files_enter(directory, "global");
    unsigned char head[HEAD_SIZE];
    enum files_type type;
    uint32_t version;
    int64_t count;
    int fd;

    *next_xid = UINT64_MAX; /* none is newer */
    if (global < 0)
        return global;
    fd = files_open(global, "pg_control", 0, 0, &type);
    files_close(global);
    if (fd < 0)
        return fd;
    count = files_read(fd, head, sizeof head, 0);
    files_close(fd);
    if (count < 0)
        return (int) count;
    memcpy(&version, head + VERSION_AT, sizeof version);
    if (count == HEAD_SIZE && version == CONTROL_VERSION)
        memcpy(next_xid, head + NEXT_XID_AT, sizeof *next_xid);
    return 0;
}

static bool is_future(const char *name, uint64_t next_xid)
{
    uint64_t xid;

    return strlen(name) == NAME_LENGTH && strspn(name, "0123456789ABCDEF") == NAME_LENGTH
           && sscanf(name, "%" SCNx64, &xid) == 1 && xid >= next_xid;
}

static int remove_future(int directory, uint64_t next_xid)
{
    struct files_listing listing = {NULL, 0};
    int result = files_list(directory, &listing);

    for (size_t i = 0; result >= 0 && i < listing.count; i++)
        if (is_future(listing.entries[i].name, next_xid))
            result = files_unlink(directory, listing.entries[i].name);
    files_list_free(&listing);
    return result < 0 ? result : 0;
}

int twophase_remove_future(int directory)
{
    uint64_t next_xid;
    int result = read_next_xid(directory, &next_xid);
    int transactions = result < 0 ? result : files_enter(directory, "pg_twophase");

    if (transactions < 0)
        return transactions == -GE_NOENT ? 0 : transactions;
    result = remove_future(transactions, next_xid);
    files_close(transactions);
    return result;
}
