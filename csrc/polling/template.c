/* Backends of any database and user: each begins as the first one was before it knew either, as a postmaster's
 * child does after fork(2), and goes through PostgreSQL's own login. */
#include "backend.h"
#include "session.h"
#include "shared.h"
#include "wrapped.h"

/* Lets everybody in, as who may call the host is not PostgreSQL's to decide: passwords are asked for by the
 * server in front of it. */
#define TRUSTING_HBA_FILE "/pglite/pg_hba.conf"

/* The process's memory is as others are to begin: the host keeps a copy. False: there will be no others. */
GUEST_IMPORT(pglite_host_keep_template)
bool pglite_host_keep_template(const PGliteShared *shared);

void __real_PostgresMain(const char *database, const char *user);

void __wrap_PostgresMain(const char *database, const char *user)
{
    PostmasterPid = PG_POSTMASTER_PROCESS;
    if (!pglite_host_keep_template(shared_close()))
        shared_open();
    __real_PostgresMain(database, user);
}

void __real_InitPostgres(const char *database, PGOid database_id, const char *user, PGOid user_id,
                         uint32_t flags, char *database_name);

/* What comes before it is done as a stand-alone backend does it, which keeps a list of the files that it has to
 * sync; what is behind it, as a postmaster's child does: the cluster is open already, and there is a client. */
void __wrap_InitPostgres(const char *database, PGOid database_id, const char *user, PGOid user_id,
                         uint32_t flags, char *database_name)
{
    if (backend_is_copy())
        IsUnderPostmaster = true;
    else if (MyBackendType == PG_STANDALONE_BACKEND)
        MyBackendType = PG_CLIENT_BACKEND; /* it has clients, as others have */
    __real_InitPostgres(database, database_id, user, user_id, flags, database_name);
    backend_note_opening();
}

void __real_pgl_startPGlite(void);

void __wrap_pgl_startPGlite(void)
{
    __real_pgl_startPGlite();
    client_is_local(pgl_getMyProcPort());
}

/* BackendInitialize's part: a port. The latch is the one that a process has until InitProcess gives it another. */
static PGPort *open_port(void)
{
    static PGLatch latch;
    char *hba_file = HbaFileName;

    latch = (PGLatch){.owner = MyProcPid};
    MyLatch = &latch;
    HbaFileName = TRUSTING_HBA_FILE;
    pgl_startPGlite();
    HbaFileName = hba_file;
    return pgl_getMyProcPort();
}

static bool is_beginning;

void __real_PostgresMainLoopOnce(void);

/* PostgresMain goes into its loop as soon as there is a backend; here the host calls for its rounds. PGlite's
 * main leaves it in the same way. */
void __wrap_PostgresMainLoopOnce(void)
{
    if (is_beginning) {
        is_beginning = false;
        pgl_exit(PG_EXIT_ALIVE);
    }
    *my_wait_event_info = 0; /* idle.c has set it */
    __real_PostgresMainLoopOnce();
}

void pglite_begin_backend(int process, int version, int number, uint64_t high, uint64_t low)
{
    unsigned char cancel_request[PG_CANCEL_REQUEST_SIZE];
    PGPort *port;

    is_beginning = true;
    backend_leave_original(process);
    port = open_port(); /* before there can be an error for the client: too many clients, say */
    if (version != 0)
        client_is_remote(port, version, number, high, low);
    if (ProcessStartupPacket(port, true, true, cancel_request) != 0)
        proc_exit(0);
    backend_take_slot();
    IsUnderPostmaster = false;
    __real_PostgresMain(port->database_name, port->user_name);
}
