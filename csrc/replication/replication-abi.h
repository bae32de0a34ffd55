/* What pgoutput and libpqwalreceiver, PostgreSQL 18's modules for logical replication, pass to functions that
 * PGlite's main module lacks, and what these functions call. This folder is those functions.
 *
 * Layouts are PostgreSQL 18's where a pointer has 4 bytes and an int64 is aligned to 8. */
#ifndef PGLITE_REPLICATION_ABI_H
#define PGLITE_REPLICATION_ABI_H

#include "postgres-abi.h"

/* Positions in the write-ahead log, and transactions. */
typedef uint64_t PGLsn;
typedef uint32_t PGXid;

/* A growing run of bytes. */
typedef struct PGStringInfo {
    char *data;
    int length, capacity, cursor;
} PGStringInfo;
void pq_sendbytes(PGStringInfo *out, const void *bytes, int size);
/* Appends the text in the client's encoding, without a NUL. */
void pq_sendtext(PGStringInfo *out, const char *text, int length);

typedef struct PGBitmapset PGBitmapset;
PGBitmapset *bms_add_member(PGBitmapset *set, int member);
bool bms_is_member(int member, const PGBitmapset *set);
void bms_free(PGBitmapset *set);

/* Tables. */
typedef struct PGClass {
    PGOid oid;
    char name[64];
    PGOid namespace;
    uint8_t between[46];
    char persistence, kind;
    uint8_t before_identity[10];
    char replica_identity;
} PGClass;
_Static_assert(offsetof(PGClass, persistence) == 118 && offsetof(PGClass, replica_identity) == 130,
               "pg_class");

typedef struct PGAttribute {
    PGOid relation;
    char name[64];
    PGOid type;
    int16_t length, number;
    int32_t type_modifier;
    uint8_t between[10];
    char generated;
    bool is_dropped;
    uint8_t rest[8];
} PGAttribute;
_Static_assert(offsetof(PGAttribute, generated) == 90 && sizeof(PGAttribute) == 100,
               "pg_attribute");

/* Behind the fields are `count` items of PG_COMPACT_ATTRIBUTE_SIZE bytes, then `count` PGAttributes. */
enum { PG_COMPACT_ATTRIBUTE_SIZE = 16 };
typedef struct PGTupleDescription {
    int32_t count;
    uint32_t between[4];
    uint8_t attributes[];
} PGTupleDescription;

typedef struct PGTable {
    uint8_t before[48];
    PGClass *class;
    PGTupleDescription *description;
    PGOid oid;
    uint8_t between[84];
    PGOid replica_identity_index; /* known after RelationGetIndexList */
    uint8_t before_index[44];
    const struct PGIndex *index; /* where this is one */
} PGTable;
_Static_assert(offsetof(PGTable, description) == 52, "RelationData");

typedef struct PGIndex {
    uint8_t before[10];
    int16_t key_count; /* columns of the key, of all that are there */
    uint8_t between[12];
    uint8_t before_columns[24]; /* the header of an int2vector */
    int16_t columns[];
} PGIndex;
_Static_assert(offsetof(PGIndex, columns) == 48, "pg_index and int2vector");

PGTable *RelationIdGetRelation(PGOid oid);
void RelationClose(PGTable *table);
PGList *RelationGetIndexList(PGTable *table);
void list_free(PGList *list);
bool list_member_oid(const PGList *list, PGOid element);

/* A row as the executor has it. */
typedef struct PGTupleSlot {
    uint8_t before[6];
    int16_t known; /* this many of the first columns are in the arrays */
    uint8_t between[8];
    PGDatum *values;
    bool *nulls;
} PGTupleSlot;
_Static_assert(sizeof(void *) != 4 || offsetof(PGTupleSlot, values) == 16, "TupleTableSlot");
void slot_getsomeattrs_int(PGTupleSlot *slot, int count);

/* Types. */
typedef struct PGType {
    PGOid oid;
    char name[64];
    PGOid namespace;
    uint8_t between[32];
    PGOid output, receive, send;
} PGType;
_Static_assert(offsetof(PGType, output) == 104 && offsetof(PGType, send) == 112, "pg_type");
PGOid getBaseType(PGOid type);
char *OidOutputFunctionCall(PGOid function, PGDatum value);

/* Varlena in a little-endian guest: 1 in the first byte says that the value lies elsewhere, of which kind the
 * second byte; otherwise the first word of a value that is detoasted is its size times 4. */
enum {
    PG_VARLENA_EXTERNAL = 1,
    PG_VARLENA_ON_DISK = 18,
    PG_VARLENA_HEADER = 4,
    PG_VARLENA_SIZE_SHIFT = 2
};

PGOid get_rel_namespace(PGOid relation);
char *get_namespace_name(PGOid namespace);
enum { PG_CATALOG_NAMESPACE = 11 };
PGTuple *SearchSysCache2(int cache, PGDatum first, PGDatum second);
PGDatum SysCacheGetAttr(int cache, PGTuple *tuple, int16_t column, bool *is_null);
char *text_to_cstring(const void *text);
enum { PG_CACHE_PUBLICATIONRELMAP = 53, PG_CACHE_REPLORIGIDENT = 58, PG_CACHE_TYPEOID = 82 };
enum { PG_PUBLICATION_REL_PRATTRS = 5, PG_REPLICATION_ORIGIN_RONAME = 2 };

/* Publications. */
typedef struct PGPublication {
    PGOid oid;
    char *name;
    bool all_tables;
} PGPublication;
enum { PG_PUBLISH_STORED = 's', PG_GENERATED_STORED = 's' };
/* An array of one dimension without nulls: its length, and where its elements are. */
typedef struct PGInt16Array {
    uint8_t before[16];
    int32_t length, lower_bound;
    int16_t elements[];
} PGInt16Array;

/* What a column of the catalog says: is it sent? */
bool logicalrep_should_publish_column(const PGAttribute *column, const PGBitmapset *columns,
                                      int generated);

static inline const PGAttribute *attribute_at(const PGTupleDescription *description, int at)
{
    const uint8_t *all = description->attributes
                         + (size_t) description->count * PG_COMPACT_ATTRIBUTE_SIZE;

    return (const PGAttribute *) (const void *) all + at;
}

void *palloc0(size_t size);

#endif
