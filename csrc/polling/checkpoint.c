/* Checkpoints: one for those who copy the files; and what PostgreSQL takes for granted of all, that the same process
 * makes them. */
#include "checkpoint.h"
#include "checkpointer.h"
#include "sync-requests.h"
#include "wrapped.h"

bool pglite_begin_copy(void)
{
    if (IsTransactionState())
        return false;
    StartTransactionCommand();
    __wrap_CreateCheckPoint(PG_CHECKPOINT_IS_SHUTDOWN | PG_CHECKPOINT_IMMEDIATE);
    CommitTransactionCommand();
    return true;
}

/* As StartupXLOG ends; and this process may write WAL again, which the checkpoint has forbidden it. */
void pglite_end_copy(void)
{
    void *lock = MainLWLockArray + PG_LWLOCK_CONTROL_FILE * PG_LWLOCK_SIZE;

    LocalXLogInsertAllowed = PG_WAL_INSERT_NOT_KNOWN;
    LWLockAcquire(lock, PG_LW_EXCLUSIVE);
    ControlFile->state = PG_DB_IN_PRODUCTION;
    update_controlfile(DataDir, ControlFile);
    LWLockRelease(lock);
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
