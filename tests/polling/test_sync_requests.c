/* Requests of several processes, in a PostgreSQL whose table and list are as small as its queue. */
#include <setjmp.h>
#include <stddef.h>

#include "check.h"
#include "sync-requests.h"
#include "wrapped.h"

enum { QUEUE = 8, TABLE = 32, FORGET = PG_SYNC_FORGET_REQUEST, FILTER = 3, FILTERED = 10 };
enum { TAG_SIZE = offsetof(PGPendingFile, cycle) }; /* which is all that requests have of it */

/* ---- Locks ---- */

uint8_t locks[32 * PG_LWLOCK_SIZE];
uint8_t *MainLWLockArray = locks;
volatile uint32_t CritSectionCount;
static bool is_other_s, recovers; /* another process has the checkpoint's lock */

static uint8_t *state_of(void *lock)
{
    return lock;
}

bool LWLockAcquire(void *lock, int mode)
{
    CHECK_INT(PG_LW_EXCLUSIVE, mode);
    CHECK_INT(0, *state_of(lock));
    *state_of(lock) = 1;
    return true;
}

bool LWLockConditionalAcquire(void *lock, int mode)
{
    return !is_other_s && LWLockAcquire(lock, mode);
}

bool LWLockHeldByMe(void *lock)
{
    return *state_of(lock);
}

void LWLockRelease(void *lock)
{
    CHECK_INT(1, *state_of(lock));
    *state_of(lock) = 0;
}

void __real_LWLockReleaseAll(void)
{
    memset(locks, 0, sizeof locks);
}

bool RecoveryInProgress(void)
{
    return recovers;
}

/* ---- What a process remembers ---- */

typedef struct Table {
    PGPendingFile files[TABLE];
    bool used[TABLE];
} Table;

static Table table;
void *pendingOps;
PGList *pendingUnlinks;

static int tag_of(const PGPendingFile *file)
{
    return file->tag[0];
}

static PGPendingFile file_of(int tag)
{
    return (PGPendingFile){.tag = {(uint8_t) tag}};
}

static int find(const Table *in, int tag)
{
    for (int i = 0; i < TABLE; i++)
        if (in->used[i] && tag_of(&in->files[i]) == tag)
            return i;
    return -1;
}

static void remember_to_sync(const PGPendingFile *file)
{
    Table *in = pendingOps;
    int at = find(in, tag_of(file));

    for (int i = 0; at < 0; i++)
        if (!in->used[i])
            at = i;
    in->used[at] = true;
    in->files[at] = (PGPendingFile){.is_canceled = false};
    memcpy(&in->files[at], file, TAG_SIZE);
}

static void remember_to_remove(const PGPendingFile *file)
{
    PGPendingFile *kept = calloc(1, sizeof *kept);

    memcpy(kept, file, TAG_SIZE);
    if (pendingUnlinks == NULL) {
        pendingUnlinks = calloc(1, sizeof *pendingUnlinks);
        pendingUnlinks->elements = calloc(TABLE, sizeof(void *));
    }
    pendingUnlinks->elements[pendingUnlinks->length++] = kept;
}

void RememberSyncRequest(const PGPendingFile *file, int type)
{
    Table *in = pendingOps;
    int at = find(in, tag_of(file));

    switch (type) {
    case PG_SYNC_REQUEST:
        remember_to_sync(file);
        break;
    case PG_SYNC_UNLINK_REQUEST:
        remember_to_remove(file);
        break;
    case FORGET:
        if (at >= 0)
            in->files[at].is_canceled = true;
        break;
    default:
        for (int i = 0; i < TABLE; i++)
            if (tag_of(&in->files[i]) >= FILTERED)
                in->files[i].is_canceled = true;
    }
}

void list_free_deep(PGList *list)
{
    for (int i = 0; i < list->length; i++)
        free(list->elements[i]);
    free(list->elements);
    free(list);
}

void hash_seq_init(PGHashSequence *sequence, void *hash_table)
{
    CHECK_INT(true, hash_table == &table);
    sequence->words[0] = 0;
}

void *hash_seq_search(PGHashSequence *sequence)
{
    while (sequence->words[0] < TABLE && !table.used[sequence->words[0]])
        sequence->words[0]++;
    return sequence->words[0] == TABLE ? NULL : &table.files[sequence->words[0]++];
}

void *hash_search(void *hash_table, const void *key, int action, bool *found)
{
    CHECK_INT(PG_HASH_REMOVE, action);
    CHECK_INT(true, hash_table == &table && found == NULL);
    table.used[(const PGPendingFile *) key - table.files] = false;
    return NULL;
}

bool __real_RegisterSyncRequest(const PGPendingFile *file, int type, bool retries);

bool __real_RegisterSyncRequest(const PGPendingFile *file, int type, bool retries)
{
    (void) retries;
    CHECK_INT(true, pendingOps != NULL);
    RememberSyncRequest(file, type);
    return true;
}

/* ---- Files ---- */

static char done[256]; /* "sync(1) remove(2)" */
static int sync_errno;

static int note(const char *what, const PGPendingFile *file)
{
    size_t length = strlen(done);

    snprintf(done + length, sizeof done - length, "%s%s(%d)", length ? " " : "", what,
             tag_of(file));
    return 0;
}

static int sync_file(const PGPendingFile *file, char *path)
{
    strcpy(path, "its path");
    errno = sync_errno;
    return note("sync", file) - (sync_errno != 0);
}

static int remove_file(const PGPendingFile *file, char *path)
{
    (void) path;
    return note("remove", file);
}

const PGSyncHandler syncsw[] = {{.sync = sync_file, .remove = remove_file}};

#define CHECK_DONE(expected)                                                                       \
    do {                                                                                           \
        CHECK_TEXT(expected, done);                                                                \
        done[0] = '\0';                                                                            \
    } while (0)

/* ---- Errors ---- */

static jmp_buf raised;
static int level_raised;
static const char *retry = "off";

const char *GetConfigOption(const char *name, bool missing_ok, bool restrict_privileged)
{
    CHECK_TEXT("data_sync_retry", name);
    CHECK_INT(false, missing_ok || restrict_privileged);
    return retry;
}

bool errstart(int level, const char *domain)
{
    CHECK_INT(true, domain == NULL);
    level_raised = level;
    return true;
}

int errcode_for_file_access(void)
{
    return 0;
}

int errmsg(const char *format, ...)
{
    CHECK_TEXT("could not fsync file \"%s\": %m", format);
    return 0;
}

void errfinish(const char *file, int line, const char *function)
{
    (void) file, (void) line, (void) function;
    longjmp(raised, 1);
}

/* ---- The queue ---- */

static PGCheckpointerShared *shared;
PGCheckpointerShared *CheckpointerShmem;
static int waits;

/* As PostgreSQL's checkpointer does from time to time. */
int __wrap_WaitLatch(PGLatch *latch, int wake_events, long timeout_ms, uint32_t wait_event_info)
{
    CHECK_INT(true, latch == NULL && wake_events == PG_TIMEOUT && timeout_ms == 10);
    CHECK_INT(PG_WAIT_REGISTER_SYNC_REQUEST, wait_event_info);
    waits++;
    shared->request_count = 0;
    return PG_TIMEOUT;
}

static const char *queued(void)
{
    static char text[256];
    int length = 0;

    text[0] = '\0';
    for (int i = 0; i < shared->request_count; i++)
        length += snprintf(text + length, sizeof text - (size_t) length, "%s%c%d", i ? " " : "",
                           "SUFD"[shared->requests[i].type],
                           tag_of((const PGPendingFile *) shared->requests[i].file));
    return text;
}

static bool request(int type, int tag, bool retries)
{
    PGPendingFile file = file_of(tag);

    return __wrap_RegisterSyncRequest(&file, type, retries);
}

static void request_syncs(int first, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_INT(true, request(PG_SYNC_REQUEST, first + i, false));
}

static void empty_queue(void)
{
    shared->request_count = 0;
}

/* ---- Tests ---- */

static void test_requests_wait_for_a_checkpoint(void)
{
    request_syncs(1, 2);
    CHECK_INT(true, request(PG_SYNC_UNLINK_REQUEST, 3, true));
    CHECK_TEXT("S1 S2 U3", queued());
    __wrap_AbsorbSyncRequests(); /* by a checkpointer that has nothing to do */
    CHECK_TEXT("S1 S2 U3", queued());

    LWLockAcquire(checkpoint_lock(), PG_LW_EXCLUSIVE);
    sync_requests_open();
    __wrap_AbsorbSyncRequests();
    CHECK_TEXT("", queued());
    CHECK_INT(true, find(&table, 1) >= 0 && find(&table, 2) >= 0);
    CHECK_INT(1, pendingUnlinks->length);
    request_syncs(4, 1); /* it writes to a file itself */
    CHECK_INT(true, find(&table, 4) >= 0);
    table.used[find(&table, 1)] = table.used[find(&table, 2)] = false; /* it has synced them */
    sync_requests_close();
    LWLockRelease(checkpoint_lock());
    CHECK_INT(true, pendingOps == NULL && pendingUnlinks == NULL);
    CHECK_TEXT("U3 S4", queued()); /* what came too late */
    empty_queue();
}

static void test_a_checkpoint_that_fails_leaves_its_requests_to_others(void)
{
    request_syncs(1, 1);
    LWLockAcquire(checkpoint_lock(), PG_LW_EXCLUSIVE);
    sync_requests_open();
    __wrap_AbsorbSyncRequests();
    __wrap_LWLockReleaseAll(); /* as the end of a transaction does */
    CHECK_INT(false, LWLockHeldByMe(checkpoint_lock()));
    CHECK_TEXT("S1", queued());
    CHECK_INT(true, pendingOps == NULL);
    empty_queue();
}

static void test_recovery_remembers_by_itself(void)
{
    recovers = true;
    sync_requests_open();
    request_syncs(1, 2);
    CHECK_INT(true, request(FORGET, 1, true));
    CHECK_TEXT("", queued());
    recovers = false;
    request_syncs(3, 1);
    CHECK_TEXT("S2 S3", queued());
    empty_queue();
}

static void test_a_full_queue_makes_room(void)
{
    request_syncs(1, 3);
    request_syncs(1, 3);
    CHECK_INT(true, request(FORGET, 1, true));
    CHECK_INT(true, request(PG_SYNC_UNLINK_REQUEST, 1, true));
    CHECK_INT(QUEUE, shared->request_count);
    request_syncs(4, 1);
    CHECK_TEXT("U1 S2 S3 S4", queued());
    CHECK_DONE("");
    empty_queue();

    request_syncs(FILTERED, QUEUE);
    CHECK_INT(true, request(FILTER, 0, true));
    CHECK_INT(true, strlen(queued()) > 0);
    request_syncs(1, 1); /* there is room, as of those that lie in the queue */
    empty_queue();
    done[0] = '\0';
}

static void test_what_there_is_no_room_for_is_done_at_once(void)
{
    request_syncs(1, QUEUE);
    request_syncs(20, 1);
    CHECK_TEXT("S1 S2 S3 S4 S5 S6 S20", queued());
    CHECK_DONE("sync(7) sync(8)");
    empty_queue();

    request_syncs(QUEUE, 1);
    for (int tag = 2; tag <= QUEUE; tag++)
        CHECK_INT(true, request(PG_SYNC_UNLINK_REQUEST, tag, true));
    CHECK_INT(true, request(PG_SYNC_UNLINK_REQUEST, 20, true));
    CHECK_TEXT("U2 U3 U4 U5 U6 U7 U20", queued());
    CHECK_DONE("remove(8)"); /* and there is nothing left to sync */
    empty_queue();
}

static void test_a_full_queue_that_cannot_be_emptied(void)
{
    request_syncs(1, QUEUE);
    CritSectionCount = 1;
    CHECK_INT(false, request(PG_SYNC_REQUEST, 20, false));
    CritSectionCount = 0;
    is_other_s = true;
    CHECK_INT(false, request(PG_SYNC_REQUEST, 20, false));
    CHECK_INT(0, waits);
    CHECK_INT(true, request(FORGET, 1, true));
    CHECK_INT(1, waits);
    CHECK_TEXT("F1", queued());
    is_other_s = false;
    empty_queue();
}

static void test_a_sync_that_fails(void)
{
    sync_errno = ENOENT; /* it has been dropped */
    request_syncs(1, QUEUE);
    request_syncs(20, 1);
    CHECK_DONE("sync(7) sync(8)");
    empty_queue();

    sync_errno = EIO;
    for (int i = 0; i < 2; i++) {
        request_syncs(1, QUEUE);
        if (setjmp(raised) == 0) {
            request(PG_SYNC_REQUEST, 20, false);
            CHECK_TEXT("an error", "none");
        }
        CHECK_INT(i ? PG_ERROR : PG_PANIC, level_raised);
        retry = "on";
        CHECK_DONE("sync(7)");
        if (setjmp(raised) == 0) {
            __wrap_LWLockReleaseAll(); /* the end of the transaction, which an error ends, too */
            CHECK_TEXT("an error", "none");
        }
        CHECK_DONE("sync(7)");
        __wrap_LWLockReleaseAll();
        CHECK_INT(false, LWLockHeldByMe(checkpoint_lock()));
        sync_errno = 0;
        sync_requests_close();
        CHECK_TEXT("S1 S2 S3 S4 S5 S6", queued());
        CHECK_DONE("sync(7) sync(8)"); /* nothing is forgotten */
        empty_queue();
        sync_errno = EIO;
    }
    sync_errno = 0;
}

int main(void)
{
    shared = CheckpointerShmem = calloc(1, sizeof *shared + QUEUE * sizeof *shared->requests);
    shared->request_count_max = QUEUE;
    pendingOps = &table; /* PostgreSQL makes it as a process begins */
    sync_requests_close();
    test_requests_wait_for_a_checkpoint();
    test_a_checkpoint_that_fails_leaves_its_requests_to_others();
    test_recovery_remembers_by_itself();
    test_a_full_queue_makes_room();
    test_what_there_is_no_room_for_is_done_at_once();
    test_a_full_queue_that_cannot_be_emptied();
    test_a_sync_that_fails();
    free(shared);
    puts("ok");
    return 0;
}
