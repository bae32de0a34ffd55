/* A copy of a backend becomes one: what BackendMain and InitPostgres do with shared memory, in their order,
 * around private memory that is initialized already. */
#include "backend.h"
#include "sync-requests.h"

enum { EXIT_CALLBACKS_MAX = 20 }; /* MAX_ON_EXITS */

/* PostgreSQL's struct ONEXIT: what runs when the process exits. Verified: before_shmem_exit. */
typedef struct ExitCallback {
    void (*function)(int code, PGDatum argument);
    PGDatum argument;
} ExitCallback;

extern int before_shmem_exit_index, on_shmem_exit_index, on_proc_exit_index;
extern ExitCallback before_shmem_exit_list[], on_shmem_exit_list[], on_proc_exit_list[];

/* Those that the copy goes by: only their addresses are asked for. */
void ProcKill(int code, PGDatum argument);
void ShutdownXLOG(int code, PGDatum argument);
void UnlinkLockFiles(int code, PGDatum argument);

/* What the backend knew of the others' invalidation messages when it was kept. */
static int messages_seen = -1;

static PGSinvalBackend *sinval_backend(void)
{
    return &shmInvalBuffer->backends[MyProcNumber];
}

void pglite_keep_backend(void)
{
    /* Statistics that are pending refer to shared entries, which a copy must not do: see below. */
    pgstat_report_stat(true);
    /* There are none any more that wait for it; and a copy has no timer running, though it would believe so. */
    disable_timeout(PG_IDLE_STATS_UPDATE_TIMEOUT);
    messages_seen = sinval_backend()->next_message;
    sync_requests_close();
}

static int find_callback(const ExitCallback *list, int count, void (*function)(int, PGDatum))
{
    for (int i = 0; i < count; i++)
        if (list[i].function == function)
            return i;
    errstart(PG_FATAL, NULL);
    errmsg("a callback is missing among those that this backend's exit is to run");
    errfinish("backend.c", __LINE__, __func__);
    __builtin_unreachable();
}

static void remove_callbacks(ExitCallback *list, int *count, int first, int end)
{
    for (int i = end; i < *count; i++)
        list[first + i - end] = list[i];
    *count -= end - first;
}

/* The original is the stand-alone backend that opened the cluster and will close it: a copy's exit must
 * neither write the shutdown checkpoint, nor give up shared memory and lock file. */
static void drop_cluster_callbacks(void)
{
    int shutdown = find_callback(before_shmem_exit_list, before_shmem_exit_index, ShutdownXLOG);
    int own = find_callback(on_shmem_exit_list, on_shmem_exit_index, ProcKill);
    int lock_files = find_callback(on_proc_exit_list, on_proc_exit_index, UnlinkLockFiles);

    /* InitPostgres registers two: pgstat_before_server_shutdown, then ShutdownXLOG. */
    remove_callbacks(before_shmem_exit_list, &before_shmem_exit_index, shutdown - 1, shutdown + 1);
    /* Shared memory is made before InitProcess registers ProcKill. */
    remove_callbacks(on_shmem_exit_list, &on_shmem_exit_index, 0, own);
    remove_callbacks(on_proc_exit_list, &on_proc_exit_index, lock_files, lock_files + 1);
}

static bool is_copy, has_opened_cluster;

bool backend_is_copy(void)
{
    return is_copy;
}

void backend_note_opening(void)
{
    has_opened_cluster = !is_copy;
}

void backend_leave_cluster_open(void)
{
    if (has_opened_cluster)
        drop_cluster_callbacks();
    has_opened_cluster = false;
}

static void leave_slot(int process)
{
    is_copy = true;
    has_opened_cluster = false;
    MyProcPid = process;
    MyProc = NULL;
    IsUnderPostmaster = false;
}

/* As in a stand-alone backend, which is not asked for its slot among the postmaster's children. */
void backend_take_slot(void)
{
    IsUnderPostmaster = false;
    InitProcess();
    IsUnderPostmaster = true;
    *MyProc->semaphore = 0; /* PGSemaphoreReset, which is empty */
}

/* What a copy of a backend that was initialized has to do again. */
static void join_processes(const PGProc *original)
{
    MyProc->database = original->database;
    MyProc->role = original->role;
    pgaio_my_backend = &pgaio_ctl->backends[MyProcNumber];
    ProcArrayAdd(MyProc);
}

/* Continues reading where the original was when it was kept, if all since is still in the queue; else all
 * that is cached is to be forgotten. */
static void join_invalidation(void)
{
    PGSinvalBackend *backend;
    int sent;

    SharedInvalBackendInit(false);
    backend = sinval_backend();
    sent = shmInvalBuffer->max_message - messages_seen;
    backend->has_messages = sent != 0;
    if (messages_seen >= shmInvalBuffer->min_message && sent >= 0 && sent < PG_SINVAL_MESSAGES_MAX)
        backend->next_message = messages_seen;
    else
        backend->reset = true;
}

/* A copy has mapped what the original had, and is not counted there yet; its exit will discount it. */
static void join_dynamic_memory(void)
{
    for (PGDsmSegment *segment = dsm_segment_list.next;
         segment != NULL && segment != &dsm_segment_list; segment = segment->next)
        if (segment->item < dsm_control->item_count
            && dsm_control->items[segment->item].handle == segment->handle)
            dsm_control->items[segment->item].references++;
}

/* A copy is not counted among those that refer to entries and area of the statistics. The entries it finds
 * anew; pgstat_shutdown_hook leaves the area, so it must have joined. */
static void join_statistics(void)
{
    void *context = CurrentMemoryContext;

    pgstat_entry_ref_hash = NULL;
    CurrentMemoryContext = TopMemoryContext;
    dsa_attach_in_place(pgstat_shmem->area, NULL);
    CurrentMemoryContext = context;
}

void pglite_become_backend(int process)
{
    ExitCallback before[EXIT_CALLBACKS_MAX], on[EXIT_CALLBACKS_MAX];
    void *exception_stack = PG_exception_stack;
    const PGProc *original = MyProc;
    int before_count, on_count;

    PG_exception_stack = NULL; /* as in a server, where there is nothing yet to return to */
    drop_cluster_callbacks();
    before_count = before_shmem_exit_index;
    on_count = on_shmem_exit_index;
    memcpy(before, before_shmem_exit_list, sizeof before);
    memcpy(on, on_shmem_exit_list, sizeof on);
    before_shmem_exit_index = on_shmem_exit_index = 0; /* what has been done is undone, no more */

    leave_slot(process);
    backend_take_slot();
    join_processes(original);
    join_dynamic_memory();
    join_statistics();
    pgstat_beinit();
    pgstat_bestart_initial();
    join_invalidation();
    ProcSignalInit(MyCancelKey, MyCancelKeyLength);
    pgstat_bestart_final();
    pgstat_report_activity(PG_STATE_IDLE, NULL);

    /* The same callbacks, once and with those of the parts that need no renewal between them. */
    before_shmem_exit_index = before_count;
    on_shmem_exit_index = on_count;
    memcpy(before_shmem_exit_list, before, sizeof before);
    memcpy(on_shmem_exit_list, on, sizeof on);
    PG_exception_stack = exception_stack;
}

/* Before it was initialized: what is to run at its exit is the cluster's, all of it. */
void backend_leave_original(int process)
{
    int lock_files = find_callback(on_proc_exit_list, on_proc_exit_index, UnlinkLockFiles);

    before_shmem_exit_index = on_shmem_exit_index = 0;
    remove_callbacks(on_proc_exit_list, &on_proc_exit_index, lock_files, lock_files + 1);
    leave_slot(process);
}

bool pglite_is_between_transactions(void)
{
    return !IsTransactionState() && !IsTransactionBlock();
}

void pglite_end_backend(void)
{
    /* Else it has exited, and not as PGlite does at Terminate, without its callbacks. */
    if (MyProc == NULL)
        return;
    backend_leave_cluster_open();
    proc_exit(0);
}
