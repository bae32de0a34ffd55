/* What an output plugin calls beside the writing of messages: its callbacks, transactions, and row filters. */
#include "replication-abi.h"

#define SQLSTATE_UNDEFINED_OBJECT PG_SQLSTATE('4', '2', '7', '0', '4')

/* Progress */

typedef struct DecodingContext DecodingContext;
typedef void (*UpdateProgress)(DecodingContext *context, PGLsn lsn, PGXid xid, bool is_skipped);
struct DecodingContext {
    uint8_t before[128];
    UpdateProgress update_progress;
    uint8_t between[20];
    PGLsn write_location;
    PGXid write_xid;
};
_Static_assert(sizeof(void *) != 4 || offsetof(DecodingContext, write_location) == 152,
               "LogicalDecodingContext");

GUEST_EXPORT(OutputPluginUpdateProgress)
void OutputPluginUpdateProgress(DecodingContext *context, bool is_skipped)
{
    if (context->update_progress)
        context->update_progress(context, context->write_location, context->write_xid, is_skipped);
}

/* Invalidation of what is known of tables */

typedef void (*TableCallback)(PGDatum argument, PGOid table);
typedef struct TableCallbackItem {
    TableCallback function;
    PGDatum argument;
} TableCallbackItem;

enum { TABLE_CALLBACKS_MAX = 10 }; /* MAX_RELSYNC_CALLBACKS */
extern TableCallbackItem relsync_callback_list[TABLE_CALLBACKS_MAX];
extern int relsync_callback_count;

GUEST_EXPORT(CacheRegisterRelSyncCallback)
void CacheRegisterRelSyncCallback(TableCallback function, PGDatum argument)
{
    if (relsync_callback_count >= TABLE_CALLBACKS_MAX) {
        errstart(PG_FATAL, NULL);
        errmsg("out of relsync_callback_list slots");
        errfinish("inval.c", 1883, "CacheRegisterRelSyncCallback");
        __builtin_unreachable();
    }
    relsync_callback_list[relsync_callback_count++] = (TableCallbackItem){function, argument};
}

/* Origins */

GUEST_EXPORT(replorigin_by_oid)
bool replorigin_by_oid(uint16_t origin, bool missing_ok, char **name)
{
    PGTuple *tuple = SearchSysCache1(PG_CACHE_REPLORIGIDENT, origin);

    *name = NULL;
    if (!tuple && !missing_ok) {
        errstart(PG_ERROR, NULL);
        errcode(SQLSTATE_UNDEFINED_OBJECT);
        errmsg("replication origin with ID %d does not exist", origin);
        errfinish("origin.c", 521, "replorigin_by_oid");
        __builtin_unreachable();
    }
    if (tuple) {
        PGDatum text = SysCacheGetAttrNotNull(PG_CACHE_REPLORIGIDENT, tuple,
                                              PG_REPLICATION_ORIGIN_RONAME);

        *name = text_to_cstring((const void *) text);
        ReleaseSysCache(tuple);
    }
    return tuple != NULL;
}

/* Lists of transactions. PostgreSQL's lists of OIDs and of transactions have different tags, at which only its
 * assertions look. */
PGList *lappend_oid(PGList *list, PGOid element);

GUEST_EXPORT(lappend_xid)
PGList *lappend_xid(PGList *list, PGXid xid)
{
    return lappend_oid(list, xid);
}

GUEST_EXPORT(list_member_xid)
bool list_member_xid(const PGList *list, PGXid xid)
{
    return list_member_oid(list, xid);
}

/* Row filters and partitions */

enum { OR_EXPRESSION = 1, NO_LOCATION = -1 };
void *makeBoolExpr(int operation, PGList *arguments, int location);
void *expression_planner(void *expression);
void *ExecInitExpr(void *expression, void *parent);
PGList *lappend(PGList *list, void *element);

typedef struct ExecutorState {
    uint8_t before[100];
    void *query_context;
} ExecutorState;

typedef struct PermissionInfo {
    int32_t tag;
    PGOid table;
    bool with_children;
    uint8_t rest[31];
} PermissionInfo;
enum { TAG_PERMISSION_INFO = 102 };

typedef struct RangeTableEntry {
    uint8_t before[16];
    PGOid table;
    bool with_children;
    uint8_t between[7];
    uint32_t permission_index; /* from 1 on */
} RangeTableEntry;
_Static_assert(sizeof(PermissionInfo) == 40 && offsetof(RangeTableEntry, permission_index) == 28,
               "parsenodes.h");

typedef struct ColumnMap {
    int16_t *numbers;
    int count;
} ColumnMap;

GUEST_EXPORT(make_orclause)
void *make_orclause(PGList *clauses)
{
    return makeBoolExpr(OR_EXPRESSION, clauses, NO_LOCATION);
}

GUEST_EXPORT(ExecPrepareExpr)
void *ExecPrepareExpr(void *expression, ExecutorState *state)
{
    void *caller_context = CurrentMemoryContext;
    void *prepared;

    CurrentMemoryContext = state->query_context;
    prepared = ExecInitExpr(expression_planner(expression), NULL);
    CurrentMemoryContext = caller_context;
    return prepared;
}

GUEST_EXPORT(addRTEPermissionInfo)
PermissionInfo *addRTEPermissionInfo(PGList **all, RangeTableEntry *entry)
{
    PermissionInfo *info = palloc0(sizeof *info);

    info->tag = TAG_PERMISSION_INFO;
    info->table = entry->table;
    info->with_children = entry->with_children;
    *all = lappend(*all, info);
    entry->permission_index = (uint32_t) (*all)->length;
    return info;
}

GUEST_EXPORT(free_attrmap)
void free_attrmap(ColumnMap *map)
{
    if (map) {
        pfree(map->numbers);
        pfree(map);
    }
}
