/* A server always has a WAL writer, which sleeps where there is nothing to write. The host begins one when it is
 * first needed. */
#include "wal-writer.h"
#include "backend.h"
#include "host-calls.h"
#include "wrapped.h"

enum { WHERE_TO_SEND_NOTHING = 0 };

/* There is WAL that is to be written within some milliseconds, by a process that can while this one does not. */
GUEST_IMPORT(pglite_host_need_wal_writer) void pglite_host_need_wal_writer(int milliseconds);

void WalWriterMain(const void *startup, size_t size);

static bool is_wal_writer;

static bool has_work(void)
{
    return XLogCtl->asynchronous > XLogCtl->flushed;
}

void pglite_begin_wal_writer(int process)
{
    backend_leave_original(process);
    whereToSendOutput = WHERE_TO_SEND_NOTHING;
    is_wal_writer = true;
    WalWriterMain(NULL, 0);
}

/* Its rounds without work are counted, and after 50 of them it has told others to wake it. Those are gone through
 * without a wait, and then it sleeps until it is woken. */
double wal_writer_timeout_ms(uint32_t wait_event, double timeout_ms)
{
    if (!is_wal_writer || wait_event != PG_WAIT_WAL_WRITER_MAIN || has_work())
        return timeout_ms;
    return timeout_ms > WalWriterDelay ? NEVER : 0;
}

void wal_writer_finish(void)
{
    if (is_wal_writer && has_work())
        XLogFlush(XLogCtl->asynchronous);
}

void __real_XLogSetAsyncXactLSN(uint64_t position);

static bool is(const char *setting, const char *value)
{
    return strcmp(GetConfigOption(setting, false, false), value) == 0;
}

/* Where commits wait for their WAL, what comes here was promised to no client: what an aborted transaction has
 * written, or a query that has tidied up a page. But who makes a slot for logical decoding logs which transactions
 * run, and then waits until that is written. */
void __wrap_XLogSetAsyncXactLSN(uint64_t position)
{
    __real_XLogSetAsyncXactLSN(position);
    if (has_work() && (is("synchronous_commit", "off") || is("wal_level", "logical")))
        pglite_host_need_wal_writer(WalWriterDelay);
}
