/* What a publication has of a table: asked by pgoutput once for each table and publication. */
#include "replication-abi.h"

enum { FIRST_OID_OF_USERS = 16384 };
enum { KIND_TABLE = 'r', KIND_PARTITIONED_TABLE = 'p', PERSISTENCE_PERMANENT = 'p' };

GUEST_EXPORT(is_publishable_relation)
bool is_publishable_relation(const PGTable *table)
{
    const PGClass *class = table->class;

    return (class->kind == KIND_TABLE || class->kind == KIND_PARTITIONED_TABLE)
           && class->persistence == PERSISTENCE_PERMANENT && table->oid >= FIRST_OID_OF_USERS;
}

PGList *GetRelationPublications(PGOid table);
PGList *GetSchemaPublications(PGOid namespace);

/* Has the publication a list of columns for the table? If so, they are added to *columns, in `context`. */
GUEST_EXPORT(check_and_fetch_column_list)
bool check_and_fetch_column_list(const PGPublication *publication, PGOid table, void *context,
                                 PGBitmapset **columns)
{
    PGTuple *tuple;
    PGDatum list;
    bool is_null = true;

    if (publication->all_tables)
        return false;
    tuple = SearchSysCache2(PG_CACHE_PUBLICATIONRELMAP, table, publication->oid);
    if (!tuple)
        return false;
    list = SysCacheGetAttr(PG_CACHE_PUBLICATIONRELMAP, tuple, PG_PUBLICATION_REL_PRATTRS, &is_null);
    if (!is_null && columns) {
        const PGInt16Array *numbers = pg_detoast_datum((void *) list);
        void *caller_context = CurrentMemoryContext;

        if (context)
            CurrentMemoryContext = context;
        for (int i = 0; i < numbers->length; i++)
            *columns = bms_add_member(*columns, numbers->elements[i]);
        CurrentMemoryContext = caller_context;
    }
    ReleaseSysCache(tuple);
    return !is_null;
}

/* All columns that are sent where there is no list. */
GUEST_EXPORT(pub_form_cols_map)
PGBitmapset *pub_form_cols_map(const PGTable *table, int generated)
{
    PGBitmapset *columns = NULL;

    for (int i = 0; i < table->description->count; i++) {
        const PGAttribute *column = attribute_at(table->description, i);

        if (logicalrep_should_publish_column(column, NULL, generated))
            columns = bms_add_member(columns, column->number);
    }
    return columns;
}

/* Is the table, or the schema that it is in, one of the publication's? */
static bool is_published(PGOid publication, PGOid table)
{
    PGList *publications = GetRelationPublications(table);
    bool found = list_member_oid(publications, publication);

    list_free(publications);
    if (!found) {
        publications = GetSchemaPublications(get_rel_namespace(table));
        found = list_member_oid(publications, publication);
        list_free(publications);
    }
    return found;
}

/* Of a partition's ancestors, which are listed from its parent up, the last that is published, or 0; *level is its
 * place in the list, from 1 on. */
GUEST_EXPORT(GetTopMostAncestorInPublication)
PGOid GetTopMostAncestorInPublication(PGOid publication, const PGList *ancestors, int *level)
{
    const PGOid *tables = ancestors ? (const PGOid *) (const void *) ancestors->elements : NULL;
    PGOid topmost = 0;

    for (int i = 0; ancestors && i < ancestors->length; i++) {
        if (!is_published(publication, tables[i]))
            continue;
        topmost = tables[i];
        if (level)
            *level = i + 1;
    }
    return topmost;
}
