/* The messages of logical replication, as pgoutput writes them: PostgreSQL's manual, "Logical Replication Message
 * Formats". Numbers are big endian; transactions in a stream begin with their xid, others have xid 0 here. */
#include "replication-abi.h"

enum message {
    BEGIN = 'B',
    COMMIT = 'C',
    ORIGIN = 'O',
    INSERT = 'I',
    UPDATE = 'U',
    DELETE = 'D',
    TRUNCATE = 'T',
    RELATION = 'R',
    TYPE = 'Y',
    MESSAGE = 'M',
    BEGIN_PREPARE = 'b',
    PREPARE = 'P',
    COMMIT_PREPARED = 'K',
    ROLLBACK_PREPARED = 'r',
    STREAM_START = 'S',
    STREAM_STOP = 'E',
    STREAM_COMMIT = 'c',
    STREAM_ABORT = 'A',
    STREAM_PREPARE = 'p'
};

enum tuple { NEW_TUPLE = 'N', OLD_KEY = 'K', OLD_TUPLE = 'O' };
enum column { COLUMN_NULL = 'n', COLUMN_UNCHANGED = 'u', COLUMN_TEXT = 't', COLUMN_BINARY = 'b' };

enum {
    NO_FLAGS = 0,
    TRUNCATE_CASCADE = 1,
    TRUNCATE_RESTART = 2,
    MESSAGE_TRANSACTIONAL = 1,
    COLUMN_IS_KEY = 1
};
enum { REPLICA_IDENTITY_FULL = 'f' };

/* The system columns' numbers are negative: sets of columns have them from 0 on. */
enum { FIRST_COLUMN = -7 };

/* A transaction that is decoded. */
typedef struct Transaction {
    uint32_t flags;
    PGXid xid, top_xid;
    const char *gid; /* its name, where it is prepared */
    PGLsn first_lsn, final_lsn, end_lsn;
    uint8_t between[32];
    int64_t time;
} Transaction;
_Static_assert(sizeof(void *) != 4
                   || (offsetof(Transaction, end_lsn) == 32 && offsetof(Transaction, time) == 72),
               "ReorderBufferTXN");

static void send_byte(PGStringInfo *out, int byte)
{
    const uint8_t bytes[] = {(uint8_t) byte};

    pq_sendbytes(out, bytes, sizeof bytes);
}

static void send_int16(PGStringInfo *out, uint16_t number)
{
    send_byte(out, number >> 8);
    send_byte(out, number);
}

static void send_int32(PGStringInfo *out, uint32_t number)
{
    const uint32_t bytes = __builtin_bswap32(number);

    pq_sendbytes(out, &bytes, sizeof bytes);
}

static void send_int64(PGStringInfo *out, uint64_t number)
{
    const uint64_t bytes = __builtin_bswap64(number);

    pq_sendbytes(out, &bytes, sizeof bytes);
}

static void send_string(PGStringInfo *out, const char *text)
{
    pq_sendtext(out, text, (int) strlen(text));
    send_byte(out, 0);
}

/* The client's encoding may be longer or shorter: the length is known afterwards. */
static void send_counted_text(PGStringInfo *out, const char *text)
{
    const int at = out->length;
    uint32_t count;

    send_int32(out, 0);
    pq_sendtext(out, text, (int) strlen(text));
    count = __builtin_bswap32((uint32_t) (out->length - at) - (uint32_t) sizeof count);
    memcpy(out->data + at, &count, sizeof count);
}

static void send_xid_of_stream(PGStringInfo *out, PGXid xid)
{
    if (xid)
        send_int32(out, xid);
}

static void send_namespace(PGStringInfo *out, PGOid namespace)
{
    const char *name = namespace == PG_CATALOG_NAMESPACE ? "" : get_namespace_name(namespace);

    if (!name) {
        errstart(PG_ERROR, NULL);
        errmsg("cache lookup failed for namespace %u", namespace);
        errfinish("proto.c", 1037, "logicalrep_write_namespace");
        __builtin_unreachable();
    }
    send_string(out, name);
}

static PGTuple *type_tuple(PGOid type, int line, const char *function)
{
    PGTuple *tuple = SearchSysCache1(PG_CACHE_TYPEOID, type);

    if (!tuple) {
        errstart(PG_ERROR, NULL);
        errmsg("cache lookup failed for type %u", type);
        errfinish("proto.c", line, function);
        __builtin_unreachable();
    }
    return tuple;
}

static const PGType *type_of(const PGTuple *tuple)
{
    return (const PGType *) (const void *) (tuple->data + tuple->data[PG_TUPLE_COLUMNS_AT]);
}

GUEST_EXPORT(logicalrep_should_publish_column)
bool logicalrep_should_publish_column(const PGAttribute *column, const PGBitmapset *columns,
                                      int generated)
{
    if (column->is_dropped)
        return false;
    if (columns)
        return bms_is_member(column->number, columns);
    return !column->generated
           || (column->generated == PG_GENERATED_STORED && generated == PG_PUBLISH_STORED);
}

static void send_column_count(PGStringInfo *out, const PGTable *table, const PGBitmapset *columns,
                              int generated)
{
    uint16_t count = 0;

    for (int i = 0; i < table->description->count; i++)
        count += logicalrep_should_publish_column(attribute_at(table->description, i), columns,
                                                  generated);
    send_int16(out, count);
}

/* A large value that an UPDATE has left where it was is not in the log. */
static bool is_elsewhere(const PGAttribute *column, PGDatum value)
{
    const uint8_t *bytes = (const uint8_t *) value;

    return column->length == -1 && bytes[0] == PG_VARLENA_EXTERNAL
           && bytes[1] == PG_VARLENA_ON_DISK;
}

static void send_binary(PGStringInfo *out, PGOid send, PGDatum value)
{
    uint32_t *bytes = pg_detoast_datum((void *) OidFunctionCall1Coll(send, 0, value));
    uint32_t size = (*bytes >> PG_VARLENA_SIZE_SHIFT) - PG_VARLENA_HEADER;

    send_byte(out, COLUMN_BINARY);
    send_int32(out, size);
    pq_sendbytes(out, bytes + 1, (int) size);
    pfree(bytes);
}

static void send_text(PGStringInfo *out, PGOid output, PGDatum value)
{
    char *text = OidOutputFunctionCall(output, value);

    send_byte(out, COLUMN_TEXT);
    send_counted_text(out, text);
    pfree(text);
}

static void send_value(PGStringInfo *out, const PGAttribute *column, PGDatum value, bool binary)
{
    PGTuple *tuple = type_tuple(column->type, 825, "logicalrep_write_tuple");
    const PGType *type = type_of(tuple);

    if (binary && type->send)
        send_binary(out, type->send, value);
    else
        send_text(out, type->output, value);
    ReleaseSysCache(tuple);
}

static void send_tuple(PGStringInfo *out, const PGTable *table, PGTupleSlot *slot, bool binary,
                       const PGBitmapset *columns, int generated)
{
    const PGTupleDescription *description = table->description;

    send_column_count(out, table, columns, generated);
    if (slot->known < description->count)
        slot_getsomeattrs_int(slot, description->count);
    for (int i = 0; i < description->count; i++) {
        const PGAttribute *column = attribute_at(description, i);

        if (!logicalrep_should_publish_column(column, columns, generated))
            continue;
        if (slot->nulls[i])
            send_byte(out, COLUMN_NULL);
        else if (is_elsewhere(column, slot->values[i]))
            send_byte(out, COLUMN_UNCHANGED);
        else
            send_value(out, column, slot->values[i], binary);
    }
}

static void send_old_tuple(PGStringInfo *out, const PGTable *table, PGTupleSlot *slot, bool binary,
                           const PGBitmapset *columns, int generated)
{
    send_byte(out, table->class->replica_identity == REPLICA_IDENTITY_FULL ? OLD_TUPLE : OLD_KEY);
    send_tuple(out, table, slot, binary, columns, generated);
}

/* The columns that say which row it is. No lock: the catalogs are read as of a time in the past. */
static PGBitmapset *identity_columns(PGTable *table)
{
    PGBitmapset *columns = NULL;
    PGTable *index;

    list_free(RelationGetIndexList(table));
    if (!table->replica_identity_index)
        return NULL;
    index = RelationIdGetRelation(table->replica_identity_index);
    if (!index) {
        errstart(PG_ERROR, NULL);
        errmsg("could not open relation with OID %u", table->replica_identity_index);
        errfinish("relcache.c", 5607, "RelationGetIdentityKeyBitmap");
        __builtin_unreachable();
    }
    for (int i = 0; i < index->index->key_count; i++)
        if (index->index->columns[i])
            columns = bms_add_member(columns, index->index->columns[i] - FIRST_COLUMN);
    RelationClose(index);
    return columns;
}

static void send_columns(PGStringInfo *out, PGTable *table, const PGBitmapset *columns,
                         int generated)
{
    const bool full = table->class->replica_identity == REPLICA_IDENTITY_FULL;
    PGBitmapset *identity = full ? NULL : identity_columns(table);

    send_column_count(out, table, columns, generated);
    for (int i = 0; i < table->description->count; i++) {
        const PGAttribute *column = attribute_at(table->description, i);

        if (!logicalrep_should_publish_column(column, columns, generated))
            continue;
        send_byte(out, full || bms_is_member(column->number - FIRST_COLUMN, identity)
                           ? COLUMN_IS_KEY
                           : NO_FLAGS);
        send_string(out, column->name);
        send_int32(out, column->type);
        send_int32(out, (uint32_t) column->type_modifier);
    }
    bms_free(identity);
}

GUEST_EXPORT(logicalrep_write_begin)
void logicalrep_write_begin(PGStringInfo *out, const Transaction *transaction)
{
    send_byte(out, BEGIN);
    send_int64(out, transaction->final_lsn);
    send_int64(out, (uint64_t) transaction->time);
    send_int32(out, transaction->xid);
}

GUEST_EXPORT(logicalrep_write_commit)
void logicalrep_write_commit(PGStringInfo *out, const Transaction *transaction, PGLsn commit)
{
    send_byte(out, COMMIT);
    send_byte(out, NO_FLAGS);
    send_int64(out, commit);
    send_int64(out, transaction->end_lsn);
    send_int64(out, (uint64_t) transaction->time);
}

GUEST_EXPORT(logicalrep_write_begin_prepare)
void logicalrep_write_begin_prepare(PGStringInfo *out, const Transaction *transaction)
{
    send_byte(out, BEGIN_PREPARE);
    send_int64(out, transaction->final_lsn);
    send_int64(out, transaction->end_lsn);
    send_int64(out, (uint64_t) transaction->time);
    send_int32(out, transaction->xid);
    send_string(out, transaction->gid);
}

/* PREPARE, STREAM PREPARE and COMMIT PREPARED differ in their first byte. */
static void send_prepared(PGStringInfo *out, enum message type, const Transaction *transaction,
                          PGLsn lsn)
{
    send_byte(out, type);
    send_byte(out, NO_FLAGS);
    send_int64(out, lsn);
    send_int64(out, transaction->end_lsn);
    send_int64(out, (uint64_t) transaction->time);
    send_int32(out, transaction->xid);
    send_string(out, transaction->gid);
}

GUEST_EXPORT(logicalrep_write_prepare)
void logicalrep_write_prepare(PGStringInfo *out, const Transaction *transaction, PGLsn prepare)
{
    send_prepared(out, PREPARE, transaction, prepare);
}

GUEST_EXPORT(logicalrep_write_stream_prepare)
void logicalrep_write_stream_prepare(PGStringInfo *out, const Transaction *transaction,
                                     PGLsn prepare)
{
    send_prepared(out, STREAM_PREPARE, transaction, prepare);
}

GUEST_EXPORT(logicalrep_write_commit_prepared)
void logicalrep_write_commit_prepared(PGStringInfo *out, const Transaction *transaction,
                                      PGLsn commit)
{
    send_prepared(out, COMMIT_PREPARED, transaction, commit);
}

GUEST_EXPORT(logicalrep_write_rollback_prepared)
void logicalrep_write_rollback_prepared(PGStringInfo *out, const Transaction *transaction,
                                        PGLsn prepare_end, int64_t prepare_time)
{
    send_byte(out, ROLLBACK_PREPARED);
    send_byte(out, NO_FLAGS);
    send_int64(out, prepare_end);
    send_int64(out, transaction->end_lsn);
    send_int64(out, (uint64_t) prepare_time);
    send_int64(out, (uint64_t) transaction->time);
    send_int32(out, transaction->xid);
    send_string(out, transaction->gid);
}

GUEST_EXPORT(logicalrep_write_origin)
void logicalrep_write_origin(PGStringInfo *out, const char *name, PGLsn lsn)
{
    send_byte(out, ORIGIN);
    send_int64(out, lsn);
    send_string(out, name);
}

GUEST_EXPORT(logicalrep_write_insert)
void logicalrep_write_insert(PGStringInfo *out, PGXid xid, PGTable *table, PGTupleSlot *new,
                             bool binary, const PGBitmapset *columns, int generated)
{
    send_byte(out, INSERT);
    send_xid_of_stream(out, xid);
    send_int32(out, table->oid);
    send_byte(out, NEW_TUPLE);
    send_tuple(out, table, new, binary, columns, generated);
}

GUEST_EXPORT(logicalrep_write_update)
void logicalrep_write_update(PGStringInfo *out, PGXid xid, PGTable *table, PGTupleSlot *old,
                             PGTupleSlot *new, bool binary, const PGBitmapset *columns,
                             int generated)
{
    send_byte(out, UPDATE);
    send_xid_of_stream(out, xid);
    send_int32(out, table->oid);
    if (old)
        send_old_tuple(out, table, old, binary, columns, generated);
    send_byte(out, NEW_TUPLE);
    send_tuple(out, table, new, binary, columns, generated);
}

GUEST_EXPORT(logicalrep_write_delete)
void logicalrep_write_delete(PGStringInfo *out, PGXid xid, PGTable *table, PGTupleSlot *old,
                             bool binary, const PGBitmapset *columns, int generated)
{
    send_byte(out, DELETE);
    send_xid_of_stream(out, xid);
    send_int32(out, table->oid);
    send_old_tuple(out, table, old, binary, columns, generated);
}

GUEST_EXPORT(logicalrep_write_truncate)
void logicalrep_write_truncate(PGStringInfo *out, PGXid xid, int count, const PGOid *tables,
                               bool cascade, bool restart)
{
    send_byte(out, TRUNCATE);
    send_xid_of_stream(out, xid);
    send_int32(out, (uint32_t) count);
    send_byte(out,
              (cascade ? TRUNCATE_CASCADE : NO_FLAGS) | (restart ? TRUNCATE_RESTART : NO_FLAGS));
    for (int i = 0; i < count; i++)
        send_int32(out, tables[i]);
}

GUEST_EXPORT(logicalrep_write_message)
void logicalrep_write_message(PGStringInfo *out, PGXid xid, PGLsn lsn, bool transactional,
                              const char *prefix, size_t size, const char *content)
{
    send_byte(out, MESSAGE);
    send_xid_of_stream(out, xid);
    send_byte(out, transactional ? MESSAGE_TRANSACTIONAL : NO_FLAGS);
    send_int64(out, lsn);
    send_string(out, prefix);
    send_int32(out, (uint32_t) size);
    pq_sendbytes(out, content, (int) size);
}

GUEST_EXPORT(logicalrep_write_rel)
void logicalrep_write_rel(PGStringInfo *out, PGXid xid, PGTable *table, const PGBitmapset *columns,
                          int generated)
{
    send_byte(out, RELATION);
    send_xid_of_stream(out, xid);
    send_int32(out, table->oid);
    send_namespace(out, table->class->namespace);
    send_string(out, table->class->name);
    send_byte(out, table->class->replica_identity);
    send_columns(out, table, columns, generated);
}

/* A domain is announced by its own OID and its base type's name. */
GUEST_EXPORT(logicalrep_write_typ)
void logicalrep_write_typ(PGStringInfo *out, PGXid xid, PGOid oid)
{
    PGTuple *tuple;

    send_byte(out, TYPE);
    send_xid_of_stream(out, xid);
    tuple = type_tuple(getBaseType(oid), 737, "logicalrep_write_typ");
    send_int32(out, oid);
    send_namespace(out, type_of(tuple)->namespace);
    send_string(out, type_of(tuple)->name);
    ReleaseSysCache(tuple);
}

GUEST_EXPORT(logicalrep_write_stream_start)
void logicalrep_write_stream_start(PGStringInfo *out, PGXid xid, bool is_first)
{
    send_byte(out, STREAM_START);
    send_int32(out, xid);
    send_byte(out, is_first);
}

GUEST_EXPORT(logicalrep_write_stream_stop)
void logicalrep_write_stream_stop(PGStringInfo *out)
{
    send_byte(out, STREAM_STOP);
}

GUEST_EXPORT(logicalrep_write_stream_commit)
void logicalrep_write_stream_commit(PGStringInfo *out, const Transaction *transaction, PGLsn commit)
{
    send_byte(out, STREAM_COMMIT);
    send_int32(out, transaction->xid);
    send_byte(out, NO_FLAGS);
    send_int64(out, commit);
    send_int64(out, transaction->end_lsn);
    send_int64(out, (uint64_t) transaction->time);
}

GUEST_EXPORT(logicalrep_write_stream_abort)
void logicalrep_write_stream_abort(PGStringInfo *out, PGXid xid, PGXid subtransaction, PGLsn lsn,
                                   int64_t time, bool with_place)
{
    send_byte(out, STREAM_ABORT);
    send_int32(out, xid);
    send_int32(out, subtransaction);
    if (with_place) {
        send_int64(out, lsn);
        send_int64(out, (uint64_t) time);
    }
}
