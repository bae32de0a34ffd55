/* Logging in: user, database, stored settings. Errors are worded and located as PostgreSQL 18.6's. */
#include "session.h"

#define SQLSTATE_INVALID_AUTHORIZATION PG_SQLSTATE('2', '8', '0', '0', '0')
#define SQLSTATE_TOO_MANY_CONNECTIONS PG_SQLSTATE('5', '3', '3', '0', '0')
#define SQLSTATE_UNDEFINED_DATABASE PG_SQLSTATE('3', 'D', '0', '0', '0')
#define SQLSTATE_NOT_IN_PREREQUISITE_STATE PG_SQLSTATE('5', '5', '0', '0', '0')
#define SQLSTATE_INSUFFICIENT_PRIVILEGE PG_SQLSTATE('4', '2', '5', '0', '1')
#define SQLSTATE_FEATURE_NOT_SUPPORTED PG_SQLSTATE('0', 'A', '0', '0', '0')
#define SQLSTATE_ACTIVE_TRANSACTION PG_SQLSTATE('2', '5', '0', '0', '1')

/* `message` has one %s, for `name`. */
static _Noreturn void refuse(int sqlstate, const char *message, const char *name,
                             const char *detail, const char *file, int line, const char *function)
{
    errstart(PG_ERROR, NULL);
    errcode(sqlstate);
    errmsg(message, name);
    if (detail != NULL)
        errdetail("%s", detail);
    errfinish(file, line, function);
    __builtin_unreachable();
}

/* No other session counts against a limit here, so the only limit that can be exceeded is none at all. */
static bool is_full(PGDatum connection_limit)
{
    return (int32_t) connection_limit == 0;
}

static PGOid log_in(const char *user)
{
    static const char file[] = "miscinit.c";
    static const char function[] = "InitializeSessionUserId";
    PGOid role = get_role_oid(user, true);
    PGTuple *tuple = role == 0 ? NULL : SearchSysCache1(PG_CACHE_AUTHOID, role);

    if (tuple == NULL)
        refuse(SQLSTATE_INVALID_AUTHORIZATION, "role \"%s\" does not exist", user, NULL, file, 802,
               function);
    if (!(bool) SysCacheGetAttrNotNull(PG_CACHE_AUTHOID, tuple, PG_AUTHID_ROLCANLOGIN))
        refuse(SQLSTATE_INVALID_AUTHORIZATION, "role \"%s\" is not permitted to log in", user, NULL,
               file, 856, function);
    if (!superuser_arg(role)
        && is_full(SysCacheGetAttrNotNull(PG_CACHE_AUTHOID, tuple, PG_AUTHID_ROLCONNLIMIT)))
        refuse(SQLSTATE_TOO_MANY_CONNECTIONS, "too many connections for role \"%s\"", user, NULL,
               file, 877, function);
    ReleaseSysCache(tuple);

    /* The server's own way: the setting's hook makes the role the session's and the current one, if the authenticated
     * user may be that: until now it is the bootstrap superuser. */
    AuthenticatedUserId = role;
    SetConfigOption("session_authorization", user, PGC_BACKEND, PGC_S_OVERRIDE);
    return role;
}

/* The columns of a row; those before the first of varying width have fixed places. */
static uint8_t *columns(const PGTuple *tuple)
{
    return tuple->data + tuple->data[PG_TUPLE_COLUMNS_AT];
}

static bool database_exists(const char *name)
{
    PGRelation *databases = table_open(PG_DATABASE, PG_ACCESS_SHARE_LOCK);
    PGScan *scan = systable_beginscan(databases, 0, false, NULL, 0, NULL);
    bool found = false;
    PGTuple *tuple;

    while (!found && (tuple = systable_getnext(scan)) != NULL)
        found = strcmp((const char *) columns(tuple) + sizeof(PGOid), name) == 0; /* oid, datname */
    systable_endscan(scan);
    table_close(databases, PG_ACCESS_SHARE_LOCK);
    return found;
}

static void check_database(const char *name, PGOid role)
{
    static const char file[] = "postinit.c";
    static const char function[] = "CheckMyDatabase";
    bool is_superuser = superuser_arg(role);
    PGTuple *tuple;

    if (strcmp(name, get_database_name(MyDatabaseId)) != 0) {
        if (!database_exists(name))
            refuse(SQLSTATE_UNDEFINED_DATABASE, "database \"%s\" does not exist", name, NULL, file,
                   1014, "InitPostgres");
        refuse(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot connect to database \"%s\"", name,
               "This backend serves one database, the one it was started with.", file, 0, function);
    }
    tuple = SearchSysCache1(PG_CACHE_DATABASEOID, MyDatabaseId);
    if (!(bool) SysCacheGetAttrNotNull(PG_CACHE_DATABASEOID, tuple, PG_DATABASE_DATALLOWCONN))
        refuse(SQLSTATE_NOT_IN_PREREQUISITE_STATE,
               "database \"%s\" is not currently accepting connections", name, NULL, file, 362,
               function);
    if (!is_superuser && object_aclcheck(PG_DATABASE, MyDatabaseId, role, PG_ACL_CONNECT))
        refuse(SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for database \"%s\"", name,
               "User does not have CONNECT privilege.", file, 375, function);
    if (!is_superuser
        && is_full(SysCacheGetAttrNotNull(PG_CACHE_DATABASEOID, tuple, PG_DATABASE_DATCONNLIMIT)))
        refuse(SQLSTATE_TOO_MANY_CONNECTIONS, "too many connections for database \"%s\"", name,
               NULL, file, 396, function);
    ReleaseSysCache(tuple);
}

/* A row of pg_db_role_setting. In it 0 stands for every database or role. */
typedef struct StoredSettings {
    PGOid database;
    PGOid role;
    uint8_t settings[]; /* text[], perhaps compressed */
} StoredSettings;

/* What ALTER DATABASE SET and ALTER ROLE SET have stored. The order of the rows does not matter: a
 * setting's source says which of two wins. */
static void apply_stored_settings(PGOid role)
{
    PGRelation *relation = table_open(PG_DB_ROLE_SETTING, PG_ACCESS_SHARE_LOCK);
    PGScan *scan = systable_beginscan(relation, 0, false, NULL, 0, NULL);
    PGTuple *tuple;

    while ((tuple = systable_getnext(scan)) != NULL) {
        StoredSettings *row = (StoredSettings *) columns(tuple);
        int source;

        if ((row->database != 0 && row->database != MyDatabaseId)
            || (row->role != 0 && row->role != role))
            continue;
        if (row->role != 0)
            source = row->database != 0 ? PGC_S_DATABASE_USER : PGC_S_USER;
        else
            source = row->database != 0 ? PGC_S_DATABASE : PGC_S_GLOBAL;
        ProcessGUCArray(pg_detoast_datum(row->settings), PGC_SUSET, source, GUC_ACTION_SET);
    }
    systable_endscan(scan);
    table_close(relation, PG_ACCESS_SHARE_LOCK);
}

/* The packet leaves the Port it was read into: the next packet's reader expects an empty one, as a new
 * connection's is, and would keep what that packet does not mention. */
static PGPort take_packet(PGPort *port)
{
    PGPort packet = *port;

    port->database_name = port->user_name = port->command_line_options = NULL;
    port->settings = NULL;
    return packet;
}

void pglite_begin_session(void)
{
    PGPort packet = take_packet(pgl_getMyProcPort());
    void *exception_stack = PG_exception_stack;
    PGOid role;

    /* As in a server's InitPostgres, where there is nothing yet to return to. */
    PG_exception_stack = NULL;
    /* Where the last session left one open, no catalog can be read before it is rolled back. */
    if (IsTransactionBlock())
        refuse(SQLSTATE_ACTIVE_TRANSACTION, "user \"%s\" cannot log in during a transaction",
               packet.user_name, NULL, "session.c", 0, "pglite_begin_session");
    StartTransactionCommand();
    role = log_in(packet.user_name);
    check_database(packet.database_name, role);
    session_apply_startup_options(&packet, superuser_arg(role));
    apply_stored_settings(role);
    CommitTransactionCommand();
    PG_exception_stack = exception_stack;
}
