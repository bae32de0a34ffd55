/* One process among others: its signals, semaphores, beginning and end, in a PostgreSQL of which all calls are
 * written down. */
#include <setjmp.h>
#include <stdarg.h>

#include "backend.h"
#include "check.h"
#include "checkpointer.h"
#include "host-calls.h"
#include "shared.h"
#include "sync-requests.h"
#include "wal-writer.h"
#include "wrapped.h"

enum { SELF = 42, OTHER = 43, WORDS_MAX = 1024 };

/* ---- What was called ---- */

static char calls[WORDS_MAX]; /* "name(argument) name ..." */

__attribute__((format(printf, 1, 2))) static void called(const char *format, ...)
{
    size_t length = strlen(calls);
    va_list arguments;

    va_start(arguments, format);
    if (length > 0)
        calls[length++] = ' ';
    vsnprintf(calls + length, sizeof calls - length, format, arguments);
    va_end(arguments);
}

#define CHECK_CALLS(expected)                                                                      \
    do {                                                                                           \
        CHECK_TEXT(expected, calls);                                                               \
        calls[0] = '\0';                                                                           \
    } while (0)

/* Runs a statement that ends the process. */
static jmp_buf process_end;
#define CHECK_ENDS(statement)                                                                      \
    do {                                                                                           \
        if (setjmp(process_end) == 0) {                                                            \
            statement;                                                                             \
            CHECK_TEXT("the process ends", "it continues");                                        \
        }                                                                                          \
    } while (0)

/* ---- PostgreSQL ---- */

static int own_semaphore, other_semaphore;
static PGProc self = {.semaphore = &own_semaphore, .process = SELF};
static PGProc other = {.semaphore = &other_semaphore, .process = OTHER};

PGProc *MyProc = &self;
int MyProcPid = SELF, PostmasterPid, whereToSendOutput = 2;
bool IsUnderPostmaster;
int MyBackendType = PG_STANDALONE_BACKEND;
PGLatch *MyLatch;
char *HbaFileName = (char *) "its own";
static uint32_t wait_event;
volatile uint32_t *my_wait_event_info = &wait_event;

int getpid(void)
{
    return SELF;
}

static bool is_shutting_down;

int __wrap_kill(int process, int signal)
{
    called("kill(%d,%d)", process, signal);
    is_shutting_down = signal == PG_SIGINT;
    return 0;
}

extern volatile int InterruptPending, QueryCancelPending, ProcDiePending;
volatile int InterruptPending, QueryCancelPending, ProcDiePending;

bool DoingCommandRead;

void ProcessInterrupts(void)
{
    CHECK_INT(!ProcDiePending, DoingCommandRead); /* in these tests one dies within a command */
    InterruptPending = 0;
    called("ProcessInterrupts(cancel=%d)", QueryCancelPending);
}

void ProcessCatchupInterrupt(void)
{
    called("ProcessCatchupInterrupt");
}

void ProcessNotifyInterrupt(bool flush)
{
    called("ProcessNotifyInterrupt(%d)", flush);
}

void proc_exit_prepare(int code)
{
    called("proc_exit_prepare(%d)", code);
}

_Noreturn void pgl_exit(int code)
{
    called("exit(%d)", code);
    longjmp(process_end, 1);
}

_Noreturn void proc_exit(int code)
{
    __wrap_proc_exit(code);
}

void __real_wrapper_handler(int signal);

void __real_wrapper_handler(int signal)
{
    called("handler(%d) of %d", signal, MyProcPid);
}

void __real_ProcKill(int code, PGDatum argument);

void __real_ProcKill(int code, PGDatum argument)
{
    called("ProcKill(%d,%d) of %d,%d", code, (int) argument, MyProcPid, MyProc->process);
}

void __real_AuxiliaryProcKill(int code, PGDatum argument);

void __real_AuxiliaryProcKill(int code, PGDatum argument)
{
    called("AuxiliaryProcKill(%d,%d) of %d,%d", code, (int) argument, MyProcPid, MyProc->process);
}

/* ---- Signals, and the end ---- */

static void test_raising_signals(void)
{
    pglite_raise_signals(0);
    CHECK_CALLS("");
    pglite_raise_signals(1u << 31 | 1u << 15 | 1u << 2 | 1); /* there is no signal 0 */
    CHECK_CALLS("kill(0,2) kill(0,15) kill(0,31)");
}

static void test_attending(void)
{
    pglite_attend();
    CHECK_CALLS("ProcessCatchupInterrupt ProcessNotifyInterrupt(1)");
    InterruptPending = QueryCancelPending = 1; /* there is no query to cancel */
    pglite_attend();
    CHECK_CALLS("ProcessInterrupts(cancel=0) ProcessCatchupInterrupt ProcessNotifyInterrupt(1)");

    InterruptPending = QueryCancelPending = 1; /* is not done within a command */
    pglite_attend_reading();
    CHECK_CALLS("");
    CHECK_INT(1, QueryCancelPending);
    ProcDiePending = 1;
    pglite_attend_reading();
    CHECK_CALLS("ProcessInterrupts(cancel=1)");
    pglite_attend_reading(); /* it has been */
    CHECK_CALLS("");
    QueryCancelPending = ProcDiePending = 0;

    DoingCommandRead = true;
    InterruptPending = 1; /* half a command has come: it is idle still */
    pglite_attend_reading();
    CHECK_CALLS("ProcessInterrupts(cancel=0)");
    DoingCommandRead = 0;
}

/* What refuses to work under another number than getpid's is given that one meanwhile. */
static void test_originals_that_look_at_the_number(void)
{
    self.process = MyProcPid = OTHER;
    __wrap_wrapper_handler(15);
    CHECK_CALLS("handler(15) of 42");
    CHECK_INT(OTHER, MyProcPid);
    __wrap_ProcKill(1, 7);
    CHECK_CALLS("ProcKill(1,7) of 42,42");
    self.process = MyProcPid = OTHER;
    __wrap_AuxiliaryProcKill(1, 7);
    CHECK_CALLS("AuxiliaryProcKill(1,7) of 42,42");
    self.process = MyProcPid = SELF;
    CHECK_ENDS(__wrap_proc_exit(3));
    CHECK_CALLS("leave_open proc_exit_prepare(3) exit(3)");
}

/* ---- Semaphores ---- */

GUEST_EXPORT(pglite_semaphore) void pglite_semaphore(PGProc *process);

/* What happens while this process sleeps: it is woken for other reasons, so often, then the other runs. */
static int idle_wakes, sleeps;

double emscripten_get_now(void)
{
    return 0;
}

int pglite_host_sleep(const volatile int *wake, double deadline_ms)
{
    sleeps++;
    CHECK_INT(true, __builtin_isinf(deadline_ms) && wake == self.semaphore);
    CHECK_INT(0, *wake);
    if (idle_wakes-- > 0)
        return -EINTR; /* a signal, say */
    MyProc = &other;
    pglite_semaphore(&self);
    MyProc = &self;
    return -EINTR;
}

void pglite_host_wake(int process)
{
    called("wake(%d)", process);
}

static void test_unlocking_wakes_the_other(void)
{
    pglite_semaphore(&other);
    CHECK_CALLS("wake(43)");
    CHECK_INT(1, other_semaphore);
    pglite_semaphore(&other);
    CHECK_CALLS("wake(43)");
    CHECK_INT(2, other_semaphore);
    CHECK_INT(0, own_semaphore);
    CHECK_INT(0, sleeps);
    other_semaphore = 0;
}

static void test_locking_takes_one(void)
{
    own_semaphore = 2;
    pglite_semaphore(&self);
    CHECK_INT(1, own_semaphore);
    pglite_semaphore(&self);
    CHECK_INT(0, own_semaphore);
    CHECK_INT(0, sleeps);
    CHECK_CALLS("");
}

static void test_locking_waits_until_it_is_unlocked(void)
{
    for (int i = 0; i < 3; i++) {
        idle_wakes = i;
        sleeps = 0;
        pglite_semaphore(&self);
        CHECK_INT(i + 1, sleeps);
        CHECK_CALLS("wake(42)");
        CHECK_INT(0, own_semaphore); /* the unlock is used up: the next lock waits again */
    }
}

/* ---- Idle ---- */

static uint8_t snapshot[128];
uint8_t *CatalogSnapshot;
void *ActiveSnapshot;
PGPairingHeap RegisteredSnapshots;
uint32_t TransactionXmin;
enum { NODE_AT = 52 };

void pairingheap_remove(PGPairingHeap *heap, PGPairingHeapNode *node)
{
    called("remove(%d)", (int) ((uint8_t *) node - snapshot));
    CHECK_INT(true, heap == &RegisteredSnapshots);
    heap->root = NULL;
}

void __real_PostgresSendReadyForQueryIfNecessary(void);

void __real_PostgresSendReadyForQueryIfNecessary(void)
{
    called("ready");
}

static void test_idle_releases_the_catalogs_snapshot(void)
{
    PGPairingHeapNode root = {NULL};

    for (int i = 0; i < 5; i++) {
        CatalogSnapshot = i == 1 ? NULL : snapshot;
        ActiveSnapshot = i == 2 ? snapshot : NULL; /* a portal's */
        RegisteredSnapshots.root = i == 3 ? NULL : &root;
        root.first_child = i == 4 ? &root : NULL; /* the transaction has others */
        self.xmin = TransactionXmin = 77;
        __wrap_PostgresSendReadyForQueryIfNecessary();
        if (i == 0) {
            CHECK_CALLS("remove(52) ready sync_requests_close");
            CHECK_INT(true, CatalogSnapshot == NULL);
        } else {
            CHECK_CALLS("ready sync_requests_close");
            CHECK_INT(true, CatalogSnapshot == (i == 1 ? NULL : snapshot));
        }
        CHECK_INT(i == 0 ? 0 : 77, self.xmin);
        CHECK_INT(i == 0 ? 0 : 77, TransactionXmin);
    }
}

/* ---- Autovacuum ---- */

static const char *autovacuum, *track_counts, *naptime, *timeout, *synchronous_commit = "on",
                                                                  *wal_level = "replica";

const char *GetConfigOption(const char *name, bool missing_ok, bool restrict_privileged)
{
    CHECK_INT(false, missing_ok || restrict_privileged);
    if (strcmp(name, "autovacuum") == 0)
        return autovacuum;
    if (strcmp(name, "track_counts") == 0)
        return track_counts;
    if (strcmp(name, "checkpoint_timeout") == 0)
        return timeout;
    if (strcmp(name, "synchronous_commit") == 0)
        return synchronous_commit;
    if (strcmp(name, "wal_level") == 0)
        return wal_level;
    CHECK_TEXT("autovacuum_naptime", name);
    return naptime;
}

void SetConfigOption(const char *name, const char *value, int context, int source)
{
    called("set(%s=%s,%d,%d)", name, value, context, source);
}

static bool is_copy;

void backend_leave_original(int process)
{
    called("leave_original(%d)", process);
}

void backend_take_slot(void)
{
    called("take_slot");
    is_copy = IsUnderPostmaster = true;
}

bool backend_is_copy(void)
{
    return is_copy;
}

void backend_note_opening(void)
{
    called("note_opening");
}

void backend_leave_cluster_open(void)
{
    called("leave_open");
}

void AutoVacLauncherMain(const void *startup, size_t size);

void AutoVacLauncherMain(const void *startup, size_t size)
{
    called("launcher(%d,%zu) to %d", startup != NULL, size, whereToSendOutput);
    proc_exit(0);
}

void AutoVacWorkerMain(const void *startup, size_t size);

void AutoVacWorkerMain(const void *startup, size_t size)
{
    called("worker(%d,%zu) to %d", startup != NULL, size, whereToSendOutput);
    proc_exit(0);
}

static void test_naptime(void)
{
    naptime = "61";
    autovacuum = track_counts = "on";
    CHECK_INT(61, pglite_autovacuum_naptime());
    track_counts = "off";
    CHECK_INT(0, pglite_autovacuum_naptime());
    track_counts = "on";
    autovacuum = "off";
    CHECK_INT(0, pglite_autovacuum_naptime());
}

static void test_autovacuum_s_processes(void)
{
    CHECK_ENDS(pglite_begin_autovacuum(50, true));
    CHECK_CALLS("leave_original(50) worker(0,0) to 0 proc_exit_prepare(0) exit(0)");
    whereToSendOutput = 2;
    CHECK_ENDS(pglite_begin_autovacuum(51, false));
    CHECK_CALLS("leave_original(51) set(autovacuum=off,2,10) launcher(0,0) to 0 "
                "proc_exit_prepare(0) exit(0)");
}

/* ---- The checkpointer ---- */

enum { NOW = 1000, TIMEOUT = 300, ANOTHER_WAIT = 7 };

static PGCheckpointerShared checkpointer;
PGCheckpointerShared *CheckpointerShmem = &checkpointer;
int64_t last_checkpoint_time;
static bool checkpoint_fails;

void CheckpointerMain(const void *startup, size_t size);

/* Its loop, with all that it does in a round. */
void CheckpointerMain(const void *startup, size_t size)
{
    called("checkpointer(%d,%d) to %d", startup != NULL, (int) size, whereToSendOutput);
    last_checkpoint_time = NOW;
    do {
        int64_t since = NOW - last_checkpoint_time;

        CHECK_INT(false, checkpointer_goes_on(ANOTHER_WAIT));
        if (checkpointer.flags == 0 && since < TIMEOUT)
            continue;
        called("checkpoint(%d) after %d", checkpointer.flags, (int) since);
        checkpointer.flags = 0;
        checkpointer_note_checkpoint();
        CHECK_INT(true, checkpointer_goes_on(PG_WAIT_CHECKPOINT_WRITE_DELAY));
        if (checkpoint_fails)
            checkpointer.failed++;
        else
            last_checkpoint_time = NOW;
    } while (checkpointer_goes_on(PG_WAIT_CHECKPOINTER_MAIN) && !is_shutting_down);
    CHECK_INT(true, is_shutting_down);
    called("shutdown");
    checkpointer_goes_on(PG_WAIT_CHECKPOINTER_SHUTDOWN);
}

static void test_checkpointer(void)
{
    timeout = "300";
    CHECK_INT(300, pglite_checkpoint_timeout());
    CHECK_INT(false, checkpointer_goes_on(PG_WAIT_CHECKPOINTER_MAIN)); /* it is another process */
    CHECK_INT(0, checkpointer_exit_code(0));
    CHECK_ENDS(pglite_begin_checkpointer(52, true, 5));
    CHECK_CALLS("leave_original(52) checkpointer(0,0) to 0 checkpoint(128) after 5 "
                "leave_open proc_exit_prepare(1) exit(1)");
    CHECK_ENDS(pglite_begin_checkpointer(53, false, TIMEOUT));
    CHECK_CALLS("leave_original(53) checkpointer(0,0) to 0 checkpoint(0) after 300 "
                "leave_open proc_exit_prepare(1) exit(1)");
    CHECK_ENDS(pglite_begin_checkpointer(54, false, TIMEOUT - 1)); /* it has become longer since */
    CHECK_CALLS(
        "leave_original(54) checkpointer(0,0) to 0 leave_open proc_exit_prepare(1) exit(1)");
    checkpoint_fails = true;
    CHECK_ENDS(pglite_begin_checkpointer(55, false, TIMEOUT));
    CHECK_CALLS("leave_original(55) checkpointer(0,0) to 0 checkpoint(0) after 300 "
                "leave_open proc_exit_prepare(1) exit(1)");
    CHECK_ENDS(pglite_begin_shutdown(57));
    CHECK_CALLS("leave_original(57) checkpointer(0,0) to 0 kill(0,2) shutdown "
                "proc_exit_prepare(0) exit(0)");
}

/* ---- The WAL writer ---- */

static PGXLogControl wal;
PGXLogControl *XLogCtl = &wal;
int WalWriterDelay = 200;

void WalWriterMain(const void *startup, size_t size);

void WalWriterMain(const void *startup, size_t size)
{
    called("wal_writer(%d,%d) to %d", startup != NULL, (int) size, whereToSendOutput);
    CHECK_INT(200, (long long) wal_writer_timeout_ms(PG_WAIT_WAL_WRITER_MAIN, 200)); /* has work */
    wal.flushed = wal.asynchronous;
    CHECK_INT(0, (long long) wal_writer_timeout_ms(PG_WAIT_WAL_WRITER_MAIN, 200));
    CHECK_INT(true, wal_writer_timeout_ms(PG_WAIT_WAL_WRITER_MAIN, 5000) == NEVER);
    CHECK_INT(7, (long long) wal_writer_timeout_ms(ANOTHER_WAIT, 7));
    proc_exit(0);
}

void XLogFlush(uint64_t position)
{
    called("flush(%d)", (int) position);
    wal.flushed = position;
}

void __real_XLogSetAsyncXactLSN(uint64_t position);

void __real_XLogSetAsyncXactLSN(uint64_t position)
{
    called("set(%d)", (int) position);
    wal.asynchronous = position;
}

void pglite_host_need_wal_writer(int milliseconds);

void pglite_host_need_wal_writer(int milliseconds)
{
    called("need(%d)", milliseconds);
}

static void test_wal_writer(void)
{
    __wrap_XLogSetAsyncXactLSN(9);
    CHECK_CALLS("set(9)");
    wal_level = "logical"; /* who decodes WAL waits for it */
    __wrap_XLogSetAsyncXactLSN(9);
    CHECK_CALLS("set(9) need(200)");
    wal_level = "replica";
    synchronous_commit = "off";
    __wrap_XLogSetAsyncXactLSN(10);
    CHECK_CALLS("set(10) need(200)");
    CHECK_INT(200, (long long) wal_writer_timeout_ms(PG_WAIT_WAL_WRITER_MAIN, 200));
    wal_writer_finish(); /* it is another process */
    CHECK_CALLS("");
    CHECK_ENDS(pglite_begin_wal_writer(56));
    CHECK_CALLS("leave_original(56) wal_writer(0,0) to 0 proc_exit_prepare(0) exit(0)");
    __wrap_XLogSetAsyncXactLSN(10); /* it is written already */
    CHECK_CALLS("set(10)");
    __wrap_XLogSetAsyncXactLSN(11);
    CHECK_CALLS("set(11) need(200)");
    CHECK_ENDS(__wrap_proc_exit(1)); /* after an error */
    CHECK_CALLS("leave_open proc_exit_prepare(1) exit(1)");
    CHECK_ENDS(__wrap_proc_exit(0));
    CHECK_CALLS("flush(11) proc_exit_prepare(0) exit(0)");
}

/* ---- Templates ---- */

void sync_requests_close(void)
{
    called("sync_requests_close");
}

static bool kept;
static PGPort port = {.database_name = (char *) "theirs", .user_name = (char *) "them"};
static int startup_status;

bool pglite_host_keep_template(const PGliteShared *shared);

bool pglite_host_keep_template(const PGliteShared *shared)
{
    called("keep_template(%u)", (unsigned) shared->count);
    CHECK_INT(PGLITE_SHARED_UNIT, shared->unit);
    return kept;
}

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset);

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)
{
    (void) length, (void) protection, (void) flags, (void) fd, (void) offset;
    return address;
}

/* Is memory still mapped to be shared? */
static bool shares(void)
{
    enum { SHARED = 1, WRITE = 2 };

    return __wrap_mmap(&self, 1, WRITE, SHARED, -1, 0) == (void *) &self;
}

void __real_PostgresMain(const char *database, const char *user);

void __real_PostgresMain(const char *database, const char *user)
{
    called("PostgresMain(%s,%s) under %d,%d", database, user, IsUnderPostmaster, PostmasterPid);
    __wrap_InitPostgres(database, 0, user, 0, 0, NULL);
    if (is_copy)
        __wrap_PostgresMainLoopOnce();
}

void __real_InitPostgres(const char *database, PGOid database_id, const char *user, PGOid user_id,
                         uint32_t flags, char *database_name);

void __real_InitPostgres(const char *database, PGOid database_id, const char *user, PGOid user_id,
                         uint32_t flags, char *database_name)
{
    CHECK_INT(true, database_id == 0 && user_id == 0 && flags == 0 && database_name == NULL);
    called("InitPostgres(%s,%s) under %d", database, user, IsUnderPostmaster);
}

void __real_PostgresMainLoopOnce(void);

void __real_PostgresMainLoopOnce(void)
{
    called("loop_once");
}

void __real_pgl_startPGlite(void);

void __real_pgl_startPGlite(void)
{
    called("start(%s)", HbaFileName);
}

void pgl_startPGlite(void)
{
    __wrap_pgl_startPGlite();
}

PGPort *pgl_getMyProcPort(void)
{
    return &port;
}

int ProcessStartupPacket(PGPort *given, bool ssl_done, bool gss_done, void *cancel_request)
{
    CHECK_INT(true, given == &port && ssl_done && gss_done && cancel_request);
    called("startup_packet");
    return startup_status;
}

static void test_first_process_is_kept(void)
{
    /* Not kept, as when initdb runs: as if nothing had been. */
    __wrap_PostgresMain("first", "user");
    CHECK_CALLS(
        "keep_template(0) PostgresMain(first,user) under 0,1 InitPostgres(first,user) under 0 "
        "note_opening");
    CHECK_INT(PG_POSTMASTER_PROCESS, PostmasterPid);
    CHECK_INT(true, shares());

    kept = true;
    __wrap_PostgresMain("first", "user");
    CHECK_CALLS(
        "keep_template(1) PostgresMain(first,user) under 0,1 InitPostgres(first,user) under 0 "
        "note_opening");
    CHECK_INT(false, shares()); /* a copy would not share what is mapped from now on */
    CHECK_INT(ENOMEM, errno);
    CHECK_INT(true, __wrap_mmap(&port, 1, 0, 1, -1, 0) == (void *) &port); /* nor write to it */
    __wrap_PostgresMainLoopOnce();
    CHECK_CALLS("loop_once");
}

static void test_copy_begins_as_a_backend(void)
{
    CHECK_ENDS(pglite_begin_backend(OTHER, 0, 0, 0, 0));
    CHECK_CALLS("leave_original(43) start(/pglite/pg_hba.conf) startup_packet take_slot "
                "PostgresMain(theirs,them) under 0,1 InitPostgres(theirs,them) under 1 "
                "note_opening exit(99)");
    CHECK_TEXT("its own", HbaFileName);
    wait_event = PG_WAIT_CLIENT_READ;
    __wrap_PostgresMainLoopOnce(); /* the host's rounds */
    CHECK_INT(0, wait_event);
    CHECK_CALLS("loop_once");
}

#define CHECK_CLIENT(host, number)                                                                 \
    do {                                                                                           \
        CHECK_TEXT(host, port.client_host);                                                        \
        CHECK_TEXT(number, port.client_port);                                                      \
    } while (0)

static void test_where_the_client_is(void)
{
    static const uint8_t inet[] = {127, 0, 0, 1};

    CHECK_ENDS(pglite_begin_backend(OTHER, 0, 0, 0, 0));
    CHECK_CLIENT("[local]", "");
    CHECK_INT(PG_AF_UNIX, port.client.family);
    CHECK_INT(2, port.client_length);

    CHECK_ENDS(pglite_begin_backend(OTHER, 4, 50000, UINT64_C(0x7f000001) << 32, 0));
    CHECK_CLIENT("127.0.0.1", "50000");
    CHECK_INT(0, memcmp(inet, port.client.inet.address, sizeof inet));
    CHECK_INT(16, port.client_length);

    CHECK_ENDS(pglite_begin_backend(OTHER, 6, 1, UINT64_C(0x20010db8) << 32, 0xab));
    CHECK_CLIENT("2001:db8::ab", "1");
    CHECK_INT(28, port.client_length);
    calls[0] = '\0';
}

static void test_copy_without_a_startup_packet_ends(void)
{
    startup_status = -1;
    CHECK_ENDS(pglite_begin_backend(OTHER, 0, 0, 0, 0));
    CHECK_CALLS("leave_original(43) start(/pglite/pg_hba.conf) startup_packet "
                "proc_exit_prepare(0) exit(0)");
    startup_status = 0;
}

int main(void)
{
    test_raising_signals();
    test_attending();
    test_originals_that_look_at_the_number();
    test_unlocking_wakes_the_other();
    test_locking_takes_one();
    test_locking_waits_until_it_is_unlocked();
    test_idle_releases_the_catalogs_snapshot();
    test_naptime();
    test_autovacuum_s_processes();
    test_first_process_is_kept();
    test_copy_begins_as_a_backend();
    test_where_the_client_is();
    test_copy_without_a_startup_packet_ends();
    test_wal_writer();
    test_checkpointer(); /* which its process stays */
    puts("ok");
    return 0;
}
