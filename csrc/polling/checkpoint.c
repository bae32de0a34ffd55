/* A checkpoint, by the command's name: the function behind it is not exported. */
#include "checkpoint.h"
#include "wrapped.h"

bool pglite_checkpoint(void)
{
    PGOid user;
    int context;

    if (IsTransactionState())
        return false;
    StartTransactionCommand();
    /* The end of a transaction that fails puts the user back, too. */
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(PG_BOOTSTRAP_SUPERUSER, context);
    SPI_connect();
    SPI_execute("CHECKPOINT", false, 0);
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    CommitTransactionCommand();
    return true;
}

/* Syncs all files of the data directory, if other backends than this one have written to them: which those
 * are is remembered by each for itself. 0, or negative errno. */
GUEST_IMPORT(pglite_host_sync_all) int pglite_host_sync_all(void);

void __real_CheckPointGuts(uint64_t redo, int flags);

void __wrap_CheckPointGuts(uint64_t redo, int flags)
{
    if (pglite_host_sync_all() < 0) {
        errstart(PG_ERROR, NULL);
        errmsg("could not fsync the data directory");
        errfinish("checkpoint.c", 0, __func__);
    }
    __real_CheckPointGuts(redo, flags);
}
