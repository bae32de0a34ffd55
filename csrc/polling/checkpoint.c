/* A checkpoint: by the command's name, as the function behind it is not exported; and what PostgreSQL takes for
 * granted of one, that the same process makes all of them. */
#include "checkpoint.h"
#include "checkpointer.h"
#include "sync-requests.h"
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

bool __real_CreateCheckPoint(int flags);

/* Two at a time would share the list of buffers; and the one that began first but ended last would have the
 * cluster recover from WAL that the other has removed. PostgreSQL had this lock while backends checkpointed. */
bool __wrap_CreateCheckPoint(int flags)
{
    bool performed;

    LWLockAcquire(checkpoint_lock(), PG_LW_EXCLUSIVE);
    sync_requests_open();
    performed = __real_CreateCheckPoint(flags);
    sync_requests_close();
    LWLockRelease(checkpoint_lock());
    return performed;
}

void __real_RequestCheckpoint(int flags);

/* The checkpointer's count of those that it is asked for. */
void __wrap_RequestCheckpoint(int flags)
{
    __real_RequestCheckpoint(flags);
    if ((flags & PG_CHECKPOINT_END_OF_RECOVERY) != 0)
        return; /* the statistics are not there yet */
    PendingCheckpointerStats.requested++;
    PendingCheckpointerStats.performed++;
    pgstat_report_checkpointer();
}

void __real_CheckPointGuts(uint64_t redo, int flags);

void __wrap_CheckPointGuts(uint64_t redo, int flags)
{
    checkpointer_note_checkpoint();
    __real_CheckPointGuts(redo, flags);
}
