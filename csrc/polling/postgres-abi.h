/* The part of PGlite's module that guest code calls into: functions it exports, and the few facts about
 * PostgreSQL 18 they need.
 *
 * No PostgreSQL header is pinned or copied. Each fact was read from the module's own code, in the
 * function named beside it; each prototype agrees with the type of the export, or the module would not
 * validate after linking. */
#ifndef PGLITE_POSTGRES_ABI_H
#define PGLITE_POSTGRES_ABI_H

#include "guest-libc.h"

typedef uint32_t PGOid;
typedef uintptr_t PGDatum;

/* Errors */

/* Levels. Verified: get_role_oid passes 21 for an ERROR, pgl_startPGlite 22 for a FATAL, XLogWrite 23 for a PANIC. */
enum { PG_ERROR = 21, PG_FATAL = 22, PG_PANIC = 23 };

/* An SQLSTATE as errcode takes it: five characters of six bits. Verified: PostgresMainLongJmp passes
 * 16908800, which is 08P01. */
#define PG_SIXBIT(character) ((((unsigned) (character)) - '0') & 0x3f)
#define PG_SQLSTATE(a, b, c, d, e)                                                                 \
    ((int) (PG_SIXBIT(a) | PG_SIXBIT(b) << 6 | PG_SIXBIT(c) << 12 | PG_SIXBIT(d) << 18             \
            | PG_SIXBIT(e) << 24))

/* Where an ERROR longjmps to. NULL: nowhere, and errstart makes a FATAL of it, which ends the session. */
extern void *PG_exception_stack;

/* ereport is these in order; errfinish does not return for ERROR and above. The file, line and function
 * given to it go to the client, so those of PostgreSQL's own source are passed. */
bool errstart(int level, const char *domain);
int errcode(int sqlstate);
int errcode_for_file_access(void); /* by errno */
int errmsg(const char *format, ...);
int errdetail(const char *format, ...);
int errhint(const char *format, ...);
void errfinish(const char *file, int line, const char *function);

/* Memory and transactions */

char *pstrdup(const char *text);
extern volatile uint32_t CritSectionCount;
bool RecoveryInProgress(void);
bool IsTransactionBlock(void);
bool IsTransactionState(void);
void StartTransactionCommand(void);
void CommitTransactionCommand(void);

/* Random numbers */

/* xoroshiro128**'s state. Verified: pg_global_prng_state is 16 bytes, which pg_prng_uint64 takes as two
 * 64-bit integers. */
typedef struct PGPrngState {
    uint64_t s0, s1;
} PGPrngState;
extern PGPrngState pg_global_prng_state;
bool pg_strong_random(void *bytes, size_t size);

/* Calling functions of SQL. A double does not fit into a Datum: it is passed by address, in palloc's
 * memory. */
PGDatum OidFunctionCall1Coll(PGOid function, PGOid collation, PGDatum argument);
PGDatum Float8GetDatum(double value);
void pfree(void *block);

/* Latches */

/* Verified: SetLatch stores 1 at 0, WaitLatch tests its events against 1 and 8 and returns one. */
enum {
    PG_LATCH_SET = 1,
    PG_TIMEOUT = 8,
};
/* Verified: SetLatch signals the process at 12 if 4 is not 0. */
typedef struct PGLatch {
    volatile int is_set, maybe_sleeping;
    bool is_shared;
    int owner;
} PGLatch;
extern PGLatch *MyLatch;
/* What this process waits for, as pg_stat_activity says it; 0: it does not. */
extern volatile uint32_t *my_wait_event_info;
#define PG_WAIT_CLIENT_READ 0x06000000u /* PostgreSQL 18: wait_event_types.h */

/* Backends and the memory they share. What is not exported is found by tools/link.py (PRIVATE). */

/* Verified: InitProcess stores the owner's number, and zeros at 56 for lxid and database, at 64 for role
 * and temporary namespace; a backend at rest has MyDatabaseId at 60. The semaphore at 12, which is unused, lies
 * in shared memory and is zero. */
typedef struct PGProc {
    uint8_t before[12];
    volatile int *semaphore;
    uint8_t between_links[24];
    uint32_t xmin;
    int process;
    uint8_t between[12];
    PGOid database;
    PGOid role;
} PGProc;
extern PGProc *MyProc;
extern int MyProcPid, MyProcNumber;
/* BackendType. Verified: pg_stat_activity's names of them. */
enum { PG_CLIENT_BACKEND = 1, PG_STANDALONE_BACKEND = 8 };
extern int MyBackendType;
extern bool IsUnderPostmaster;
/* Where requests to the postmaster go; the host receives them. */
enum { PG_POSTMASTER_PROCESS = 1 };
extern int PostmasterPid;
extern int whereToSendOutput;
void InitProcess(void);
void ProcArrayAdd(PGProc *process);
_Noreturn void proc_exit(int code);
void proc_exit_prepare(int code);
_Noreturn void pgl_exit(int code);
/* PGlite's exit code for: the backend stands, and its stack is not to be unwound. */
enum { PG_EXIT_ALIVE = 99 };

/* Snapshots. Verified: GetTransactionSnapshot takes the catalogs' one off the heap, whose root is at 8, and stores the
 * oldest one's xmin, or 0, for the process at 40. */
typedef struct PGPairingHeapNode {
    struct PGPairingHeapNode *first_child;
} PGPairingHeapNode;
typedef struct PGPairingHeap {
    void *compare, *argument;
    PGPairingHeapNode *root;
} PGPairingHeap;
void pairingheap_remove(PGPairingHeap *heap, PGPairingHeapNode *node);
extern PGPairingHeap RegisteredSnapshots;
extern uint8_t *CatalogSnapshot;
extern void *ActiveSnapshot;
extern uint32_t TransactionXmin;

/* The queue of invalidation messages. Verified: SharedInvalBackendInit has the fields at these offsets, and
 * its backends, 16 bytes each, at 65560: behind the ring of 4096 messages of 16 bytes, and two more. */
enum { PG_SINVAL_MESSAGES_MAX = 4096, PG_SINVAL_MESSAGE_SIZE = 16 };
typedef struct PGSinvalBackend {
    int process;
    int next_message;
    bool reset, signaled, has_messages, send_only;
    int next_lxid;
} PGSinvalBackend;
typedef struct PGSinval {
    int min_message, max_message;
    int before[2];
    uint8_t messages[PG_SINVAL_MESSAGES_MAX * PG_SINVAL_MESSAGE_SIZE];
    int backend_count;
    int *backend_numbers;
    PGSinvalBackend backends[];
} PGSinval;
extern PGSinval *shmInvalBuffer;
void SharedInvalBackendInit(bool send_only);
void ProcessCatchupInterrupt(void);

extern uint8_t MyCancelKey[];
extern int MyCancelKeyLength;
void ProcSignalInit(const uint8_t *cancel_key, int length);
extern volatile int InterruptPending, QueryCancelPending, ProcDiePending;
/* Verified: ProcessInterrupts reports statistics only if it is 1. */
extern bool DoingCommandRead;
void ProcessInterrupts(void);
void ProcessNotifyInterrupt(bool flush);

/* Verified: pgaio_init_backend, which BaseInit has inlined, multiplies by 164. */
typedef struct PGAioBackend {
    uint8_t bytes[164];
} PGAioBackend;
typedef struct PGAioControl {
    int handle_count;
    PGAioBackend *backends;
} PGAioControl;
extern PGAioControl *pgaio_ctl;
extern PGAioBackend *pgaio_my_backend;

/* Dynamic shared memory: what is mapped here, and the list in shared memory of all there is. Verified:
 * dsm_attach looks for the handle at 12 among items of 24 bytes from 12 on, increments the item's 4, stores
 * its number at 16. */
typedef struct PGDsmSegment {
    struct PGDsmSegment *previous, *next; /* of a ring, whose head has these two alone */
    void *owner;
    uint32_t handle;
    uint32_t item;
} PGDsmSegment;
typedef struct PGDsmItem {
    uint32_t handle;
    uint32_t references;
    uint32_t rest[4];
} PGDsmItem;
typedef struct PGDsmControl {
    uint32_t magic, item_count, item_count_max;
    PGDsmItem items[];
} PGDsmControl;
extern PGDsmControl *dsm_control;
extern PGDsmSegment dsm_segment_list;

/* Statistics. Verified: pgstat_attach_shmem, which BaseInit has inlined, takes the area's place from 0. */
typedef struct PGStatShared {
    void *area;
} PGStatShared;
extern PGStatShared *pgstat_shmem;
extern void *pgstat_entry_ref_hash;
long pgstat_report_stat(bool force);
void pgstat_beinit(void);
void pgstat_bestart_initial(void);
void pgstat_bestart_final(void);
/* Verified: PostgresSendReadyForQueryIfNecessary passes 2 and NULL at rest. */
enum { PG_STATE_IDLE = 2 };
void pgstat_report_activity(int state, const char *command);
void *dsa_attach_in_place(void *place, void *segment);

extern void *CurrentMemoryContext, *TopMemoryContext;

/* Timeouts. Verified: PostgresSendReadyForQueryIfNecessary enables 10 with what pgstat_report_stat returns. */
enum { PG_IDLE_STATS_UPDATE_TIMEOUT = 10 };
void disable_timeout(int timeout);

/* Checkpoints */

/* Verified: CheckpointerMain's handler of signal 2 has it shut the cluster down. */
enum { PG_SIGINT = 2 };

/* Verified: CheckpointerMain logs "occurring too frequently" for 128, and restarts for 2 no recovery. */
enum { PG_CHECKPOINT_END_OF_RECOVERY = 2, PG_CHECKPOINT_CAUSE_XLOG = 128 };
/* Verified: CreateCheckPoint shuts down for 1, and ShutdownXLOG passes 5. */
enum { PG_CHECKPOINT_IS_SHUTDOWN = 1, PG_CHECKPOINT_IMMEDIATE = 4 };
/* pg_control, as it is in shared memory. Verified: CreateCheckPoint stores 3, then 1 at 16 when it shuts down, and
 * pg_control_system shows the number at 0. */
typedef struct PGControlFile {
    uint64_t system_identifier;
    uint32_t versions[2];
    int state;
} PGControlFile;
enum { PG_DB_IN_PRODUCTION = 6 }; /* verified: StartupXLOG stores it */
extern PGControlFile *ControlFile;
extern const char *DataDir;
/* Writes pg_control and syncs it, or raises a PANIC. The compiler has removed its third parameter, do_sync: it is true. */
void update_controlfile(const char *directory, PGControlFile *control_file);
/* May this process write WAL? 0: no, 1: yes. Verified: CreateCheckPoint stores 0 when it shuts down. */
enum { PG_WAL_INSERT_NOT_KNOWN = -1 };
extern int LocalXLogInsertAllowed;
/* Verified: CheckpointerMain and CheckPointGuts pass them to WaitLatch. */
#define PG_WAIT_CHECKPOINTER_MAIN 0x05000004u
#define PG_WAIT_CHECKPOINTER_SHUTDOWN 0x05000005u
#define PG_WAIT_CHECKPOINT_WRITE_DELAY 0x09000001u
/* Verified: RegisterSyncRequest's. */
#define PG_WAIT_REGISTER_SYNC_REQUEST 0x09000005u

/* Verified: AbsorbSyncRequests copies requests of 32 bytes, has their types at 0 and files, which are 24 bytes, at
 * 8, and calls RememberSyncRequest for each. */
typedef struct PGSyncRequest {
    int type;
    int padding;
    uint8_t file[24];
} PGSyncRequest;

/* Verified: CheckpointerMain takes the flags from 20, and increments 16 after an error; AbsorbSyncRequests has the
 * number of requests at 48, and ForwardSyncRequest that of those there is room for at 52. */
typedef struct PGCheckpointerShared {
    int process, spin_lock, started, done, failed, flags;
    int waiting[6];
    int request_count, request_count_max;
    PGSyncRequest requests[];
} PGCheckpointerShared;
extern PGCheckpointerShared *CheckpointerShmem;

/* Verified: CheckpointerMain increments them at 8 and 16. */
typedef struct PGCheckpointerStats {
    int64_t timed, requested, performed;
} PGCheckpointerStats;
extern PGCheckpointerStats PendingCheckpointerStats;
void pgstat_report_checkpointer(void);

/* WAL. Verified: XLogSetAsyncXactLSN stores its argument at 216, and takes from 280 how far WAL is synced. */
typedef struct PGXLogControl {
    uint8_t before[216];
    volatile uint64_t asynchronous; /* as far as commits go that have not waited for it */
    uint8_t between[56];
    volatile uint64_t flushed;
} PGXLogControl;
extern PGXLogControl *XLogCtl;
extern int WalWriterDelay; /* milliseconds */
void XLogFlush(uint64_t position);
/* Verified: WalWriterMain passes it to WaitLatch. */
#define PG_WAIT_WAL_WRITER_MAIN 0x05000011u

/* A List of pointers. Verified: ProcessStartupPacket walks one by length and elements. */
typedef struct PGList {
    int32_t tag;
    int32_t length;
    int32_t capacity;
    void **elements;
} PGList;

/* Files that are to be synced, or to be removed, with a checkpoint: PostgreSQL's FileTag, and what the entries of both
 * lists have behind it. Verified: CheckPointGuts and CreateCheckPoint look at 24 and 26, and take the functions for
 * it from a table of 12 bytes an entry. */
enum { PG_PATH_MAX = 1024 };
/* Types of requests. Verified: RememberSyncRequest's table of branches. */
enum { PG_SYNC_REQUEST = 0, PG_SYNC_UNLINK_REQUEST = 1, PG_SYNC_FORGET_REQUEST = 2 };
typedef struct PGPendingFile {
    int16_t handler;
    uint8_t tag[22];
    uint16_t cycle;
    bool is_canceled;
} PGPendingFile;
typedef struct PGSyncHandler {
    int (*sync)(const PGPendingFile *file, char *path);
    int (*remove)(const PGPendingFile *file, char *path);
    bool (*matches)(const PGPendingFile *file, const PGPendingFile *candidate);
} PGSyncHandler;
extern const PGSyncHandler syncsw[];
extern void *pendingOps;
extern PGList *pendingUnlinks;
void RememberSyncRequest(const PGPendingFile *file, int type);
void list_free_deep(PGList *list);

/* dynahash's HASH_SEQ_STATUS. Verified: CheckPointGuts has its own, of 20 bytes. */
typedef struct PGHashSequence {
    uint32_t words[5];
} PGHashSequence;
void hash_seq_init(PGHashSequence *sequence, void *table);
void *hash_seq_search(PGHashSequence *sequence);
enum { PG_HASH_REMOVE = 2 };
void *hash_search(void *table, const void *key, int action, bool *found);

/* Lightweight locks. Verified: CheckPointGuts takes multiples of 128 in their array. The tenth was the checkpoint's
 * own in PostgreSQL up to 13, and is initialized like the others, but not used. */
enum {
    PG_LWLOCK_SIZE = 128,
    PG_LWLOCK_CONTROL_FILE = 9, /* verified: CreateCheckPoint takes 1152 */
    PG_LWLOCK_CHECKPOINT = 10,
    PG_LWLOCK_CHECKPOINTER_COMM = 17, /* verified: AbsorbSyncRequests takes 2176 */
    PG_LW_EXCLUSIVE = 0
};
extern uint8_t *MainLWLockArray;
bool LWLockAcquire(void *lock, int mode);
bool LWLockConditionalAcquire(void *lock, int mode);
bool LWLockHeldByMe(void *lock);
void LWLockRelease(void *lock);

/* Settings */

/* GucContext and GucSource. Verified: SetConfigOption tests its source against 9 (CLIENT) and 10
 * (OVERRIDE); the contexts are the order in which pg_settings documents them. */
enum {
    PGC_SIGHUP = 2,
    PGC_SU_BACKEND = 3,
    PGC_BACKEND = 4,
    PGC_SUSET = 5,
};
enum {
    PGC_S_GLOBAL = 5,
    PGC_S_DATABASE = 6,
    PGC_S_USER = 7,
    PGC_S_DATABASE_USER = 8,
    PGC_S_CLIENT = 9,
    PGC_S_OVERRIDE = 10,
};
enum { GUC_ACTION_SET = 0 };

/* The value as text, in the setting's unit. */
const char *GetConfigOption(const char *name, bool missing_ok, bool restrict_privileged);
void SetConfigOption(const char *name, const char *value, int context, int source);
/* Applies a text[] of "name=value". */
void ProcessGUCArray(void *array, int context, int source, int action);

/* The session's connection */

/* An address of a socket, of any family: numbers in network order. Verified: pq_init stores its length 128 bytes in. */
typedef union PGSocketAddress {
    uint16_t family;
    struct {
        uint16_t family;
        uint8_t port[2];
        uint8_t address[4];
    } inet;
    struct {
        uint16_t family;
        uint8_t port[2];
        uint32_t flow;
        uint8_t address[16];
        uint32_t scope;
    } inet6;
    uint8_t bytes[128];
} PGSocketAddress;
enum { PG_AF_UNIX = 1, PG_AF_INET = 2, PG_AF_INET6 = 10 };

/* Where the client is, and what its startup packet said. Verified: pq_init copies the client's address to 144, and its
 * length to 272; ProcessStartupPacket stores the names, and what follows them, at 360 to 372. BackendInitialize, which
 * PGlite lacks, sets client_host and client_port. */
enum { PG_PORT_BEFORE_CLIENT = 144, PG_PORT_BEFORE_NAMES = 64 };
typedef struct PGPort {
    uint8_t before[PG_PORT_BEFORE_CLIENT];
    PGSocketAddress client;
    uint32_t client_length;
    const char *client_host; /* as text: "[local]" where it is on this machine */
    void *client_host_name;
    int host_name_state[2];
    const char *client_port; /* "" where it has none */
    uint8_t before_names[PG_PORT_BEFORE_NAMES];
    char *database_name;
    char *user_name;
    char *command_line_options; /* the value of "options", or NULL */
    PGList *settings;           /* names and values in turn, or NULL */
} PGPort;

PGPort *pgl_getMyProcPort(void);
/* PGlite's: makes the port, and reads the file that says who is let in how. */
void pgl_startPGlite(void);
/* Verified: ProcessStartupPacket copies at most 256 bytes of a key behind the other 12. */
enum { PG_CANCEL_REQUEST_SIZE = 268 };

/* cancel_request: where it says that the packet was one, and of whom: a bool, the process, the key and its length. */
int ProcessStartupPacket(PGPort *port, bool ssl_done, bool gss_done, void *cancel_request);
extern char *HbaFileName;
extern PGOid MyDatabaseId;

/* Roles, databases, catalogs */

bool superuser_arg(PGOid role);
/* Who the session is of, whatever SET SESSION AUTHORIZATION has made of it since. */
extern PGOid AuthenticatedUserId;
PGOid get_role_oid(const char *name, bool missing_ok);
char *get_database_name(PGOid database);
int object_aclcheck(PGOid class_id, PGOid object, PGOid role, uint64_t mode);
enum { PG_ACL_OK = 0 };
#define PG_ACL_CONNECT ((uint64_t) 1 << 11)

/* A row. Verified: get_database_name finds the columns at data + data[22], datname 4 bytes in. */
typedef struct PGTuple {
    uint8_t before[16];
    uint8_t *data;
} PGTuple;
enum { PG_TUPLE_COLUMNS_AT = 22 };

/* System caches, keyed by OID. Verified: superuser_arg looks in 11, get_database_name in 21. */
enum {
    PG_CACHE_AUTHOID = 11,
    PG_CACHE_DATABASEOID = 21,
};
PGTuple *SearchSysCache1(int cache, PGDatum key);
PGDatum SysCacheGetAttrNotNull(int cache, PGTuple *tuple, int16_t column);
void ReleaseSysCache(PGTuple *tuple);

/* Catalogs have fixed OIDs and column numbers; the system catalogs' documentation gives the latter. */
enum {
    PG_DATABASE = 1262,
    PG_DB_ROLE_SETTING = 2964,
};
enum {
    PG_AUTHID_ROLCANLOGIN = 7,
    PG_AUTHID_ROLCONNLIMIT = 10,
    PG_DATABASE_DATALLOWCONN = 7,
    PG_DATABASE_DATCONNLIMIT = 9,
};
enum { PG_ACCESS_SHARE_LOCK = 1 };

typedef struct PGRelation PGRelation;
typedef struct PGScan PGScan;

PGRelation *table_open(PGOid relation, int lock);
void table_close(PGRelation *relation, int lock);
PGScan *systable_beginscan(PGRelation *relation, PGOid index, bool index_ok, void *snapshot,
                           int key_count, void *keys);
PGTuple *systable_getnext(PGScan *scan);
void systable_endscan(PGScan *scan);
void *pg_detoast_datum(void *value);

#endif
