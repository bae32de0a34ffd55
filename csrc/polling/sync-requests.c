/* PostgreSQL's checkpointer takes requests from a queue in shared memory whenever it looks there, and remembers them
 * in a table and a list of its own until it checkpoints. Here processes take turns at checkpoints: so requests stay
 * in the queue until one begins, and what it leaves behind goes back. A process remembers requests by itself
 * only while it recovers, when it is alone, and while it checkpoints.
 *
 * src/backend/storage/sync/sync.c and postmaster/checkpointer.c of PostgreSQL have the originals. */
#include "sync-requests.h"
#include "wrapped.h"

enum { WAIT_MS = 10 };

/* The process's table while it is not in use, and empty. */
static void *unused_table;

void *checkpoint_lock(void)
{
    return MainLWLockArray + PG_LWLOCK_CHECKPOINT * PG_LWLOCK_SIZE;
}

static void *queue_lock(void)
{
    return MainLWLockArray + PG_LWLOCK_CHECKPOINTER_COMM * PG_LWLOCK_SIZE;
}

/* --- the queue ---------------------------------------------------------------------------- */

static bool append(const PGPendingFile *file, int type, int count_max)
{
    PGSyncRequest *request;
    bool has_room;

    LWLockAcquire(queue_lock(), PG_LW_EXCLUSIVE);
    has_room = CheckpointerShmem->request_count < count_max;
    if (has_room) {
        request = &CheckpointerShmem->requests[CheckpointerShmem->request_count++];
        request->type = type;
        memcpy(request->file, file, sizeof request->file);
    }
    LWLockRelease(queue_lock());
    return has_room;
}

/* Adds the queue to what this process remembers. What fails for lack of memory is in the queue still; to remember a
 * request twice does no harm. */
static void absorb(void)
{
    PGCheckpointerShared *shared = CheckpointerShmem;

    LWLockAcquire(queue_lock(), PG_LW_EXCLUSIVE);
    for (int i = 0; i < shared->request_count; i++)
        RememberSyncRequest((const PGPendingFile *) shared->requests[i].file,
                            shared->requests[i].type);
    shared->request_count = 0;
    LWLockRelease(queue_lock());
}

/* --- what a process remembers ------------------------------------------------------------- */

/* PANIC unless data_sync_retry is set: the kernel may have dropped what it could not write. */
static void fail_to_sync(const char *path)
{
    bool retries = strcmp(GetConfigOption("data_sync_retry", false, false), "on") == 0;

    errstart(retries ? PG_ERROR : PG_PANIC, NULL);
    errcode_for_file_access();
    errmsg("could not fsync file \"%s\": %m", path);
    errfinish("sync-requests.c", __LINE__, __func__);
}

static void sync_at_once(const PGPendingFile *file)
{
    char path[PG_PATH_MAX];

    if (syncsw[file->handler].sync(file, path) < 0 && errno != ENOENT)
        fail_to_sync(path);
}

/* It may be among those to be synced, too: before, usually. */
static void remove_at_once(const PGPendingFile *file)
{
    char path[PG_PATH_MAX];

    syncsw[file->handler].remove(file, path);
    RememberSyncRequest(file, PG_SYNC_FORGET_REQUEST);
}

/* A quarter of the queue is kept free, so that there is a use in making room. */
static void give_back(const PGPendingFile *file, int type)
{
    if (file->is_canceled || append(file, type, CheckpointerShmem->request_count_max / 4 * 3))
        return;
    if (type == PG_SYNC_UNLINK_REQUEST)
        remove_at_once(file);
    else
        sync_at_once(file);
}

static void give_back_table(void)
{
    PGHashSequence sequence;
    PGPendingFile *file;

    hash_seq_init(&sequence, pendingOps);
    while ((file = hash_seq_search(&sequence)) != NULL) {
        give_back(file, PG_SYNC_REQUEST);
        hash_search(pendingOps, file, PG_HASH_REMOVE, NULL);
    }
}

static void give_back_list(void)
{
    if (pendingUnlinks == NULL)
        return;
    for (int i = 0; i < pendingUnlinks->length; i++) {
        PGPendingFile *file = pendingUnlinks->elements[i];

        give_back(file, PG_SYNC_UNLINK_REQUEST);
        file->is_canceled = true; /* should one that follows fail */
    }
    list_free_deep(pendingUnlinks);
    pendingUnlinks = NULL;
}

void sync_requests_open(void)
{
    if (pendingOps == NULL)
        pendingOps = unused_table;
}

void sync_requests_close(void)
{
    if (pendingOps == NULL)
        return;
    give_back_list();
    give_back_table();
    unused_table = pendingOps;
    pendingOps = NULL;
}

/* --- requests ----------------------------------------------------------------------------- */

/* Most requests for room are the same, or cancel others: remembered, they are few. False: not now. */
static bool make_room(void)
{
    if (CritSectionCount > 0 || !LWLockConditionalAcquire(checkpoint_lock(), PG_LW_EXCLUSIVE))
        return false;
    sync_requests_open();
    absorb();
    sync_requests_close();
    LWLockRelease(checkpoint_lock());
    return true;
}

bool __real_RegisterSyncRequest(const PGPendingFile *file, int type, bool retries);

bool __wrap_RegisterSyncRequest(const PGPendingFile *file, int type, bool retries)
{
    if (RecoveryInProgress() || LWLockHeldByMe(checkpoint_lock()))
        return __real_RegisterSyncRequest(file, type, retries);
    sync_requests_close();
    while (!append(file, type, CheckpointerShmem->request_count_max)) {
        if (make_room())
            continue;
        if (!retries)
            return false; /* the caller syncs the file itself */
        /* Another process checkpoints, and looks here from time to time. */
        __wrap_WaitLatch(NULL, PG_TIMEOUT, WAIT_MS, PG_WAIT_REGISTER_SYNC_REQUEST);
    }
    return true;
}

/* Called by a checkpoint, and by the checkpointer before and after one. */
void __wrap_AbsorbSyncRequests(void)
{
    if (LWLockHeldByMe(checkpoint_lock()))
        absorb();
    else
        sync_requests_close(); /* after one that failed */
}

void __real_LWLockReleaseAll(void);

/* After a checkpoint that failed its requests are given back before another process can checkpoint: it would not sync
 * what this one remembers, and may remove a file that this one then wants to be synced, which is a PANIC. */
void __wrap_LWLockReleaseAll(void)
{
    static bool is_tried; /* an error came of it: that is what the locks are released for now */

    if (!is_tried && pendingOps != NULL && LWLockHeldByMe(checkpoint_lock())
        && !LWLockHeldByMe(queue_lock())) {
        is_tried = true;
        sync_requests_close();
    }
    is_tried = false;
    __real_LWLockReleaseAll();
}
