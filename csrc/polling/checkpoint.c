/* A checkpoint: by the command's name, as the function behind it is not exported; and what PostgreSQL takes for
 * granted of one, that its process makes all of them, and syncs and removes the files of all others. */
#include "checkpoint.h"
#include "checkpointer.h"
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

/* --- one at a time ------------------------------------------------------------------------ */

bool __real_CreateCheckPoint(int flags);

/* Two at a time would share the list of buffers; and the one that began first but ended last would have the
 * cluster recover from WAL that the other has removed. PostgreSQL had this lock while backends checkpointed. */
bool __wrap_CreateCheckPoint(int flags)
{
    uint8_t *lock = MainLWLockArray + PG_LWLOCK_CHECKPOINT * PG_LWLOCK_SIZE;
    bool performed;

    LWLockAcquire(lock, PG_LW_EXCLUSIVE);
    performed = __real_CreateCheckPoint(flags);
    LWLockRelease(lock);
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

/* --- its files ---------------------------------------------------------------------------- */

/* Syncs all files of the data directory, if there may be other backends than this one that have written to them:
 * which files is remembered by each for itself. 1: it has; 0: there was no need; or negative errno. */
GUEST_IMPORT(pglite_host_sync_all) int pglite_host_sync_all(void);

static bool is_synced;

void __real_CheckPointGuts(uint64_t redo, int flags);

void __wrap_CheckPointGuts(uint64_t redo, int flags)
{
    is_synced = false;
    checkpointer_note_checkpoint();
    __real_CheckPointGuts(redo, flags);
}

/* As after an fsync that failed: the kernel may have dropped what it could not write, so another one that does not
 * fail says nothing. */
static void panic_unless_retried(void)
{
    bool is_retried = strcmp(GetConfigOption("data_sync_retry", false, false), "on") == 0;

    errstart(is_retried ? PG_ERROR : PG_PANIC, NULL);
    errmsg("could not fsync the data directory");
    errfinish("checkpoint.c", __LINE__, __func__);
}

/* All files have been synced. Some may be there no longer, as others have dropped their tables: to sync one would be
 * an error. */
static void forget_files_to_sync(void)
{
    PGHashSequence sequence;
    PGPendingFile *file;

    if (pendingOps == NULL)
        return;
    hash_seq_init(&sequence, pendingOps);
    while ((file = hash_seq_search(&sequence)) != NULL)
        file->is_canceled = true;
}

/* Not before the buffers have been written: others write some of those that the checkpoint needs. */
static void sync_all(void)
{
    int result = pglite_host_sync_all();

    if (result < 0)
        panic_unless_retried();
    if (result > 0)
        forget_files_to_sync();
}

void __real_AbsorbSyncRequests(void);

/* ProcessSyncRequests, which is compiled into CheckPointGuts, begins with it. */
void __wrap_AbsorbSyncRequests(void)
{
    if (!is_synced && CheckpointStats.sync_began != 0 && CheckpointStats.sync_ended == 0) {
        is_synced = true;
        sync_all();
    }
    __real_AbsorbSyncRequests();
}

static bool remove_file(PGPendingFile *file)
{
    char path[PG_PATH_MAX];

    if (!file->is_canceled && file->cycle == checkpoint_cycle_ctr)
        return false; /* it is from after the last call */
    if (!file->is_canceled)
        syncsw[file->handler].remove(file, path);
    file->is_canceled = true;
    return true;
}

/* SyncPostCheckpoint and SyncPreCheckpoint, which are compiled into CreateCheckPoint. */
void pglite_remove_files(void)
{
    PGList *list = pendingUnlinks;
    int count = 0;

    while (list != NULL && count < list->length && remove_file(list->elements[count]))
        count++;
    if (list != NULL && count == list->length) {
        list_free_deep(list);
        pendingUnlinks = NULL;
    } else if (count > 0) {
        for (int i = 0; i < count; i++)
            pfree(list->elements[i]);
        list->length -= count;
        for (int i = 0; i < list->length; i++)
            list->elements[i] = list->elements[count + i];
    }
    checkpoint_cycle_ctr++;
}
