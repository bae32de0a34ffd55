/* Being one process among others: getpid returns the same number to all. */
#include "backend.h"
#include "checkpointer.h"
#include "wal-writer.h"
#include "wrapped.h"

enum { SIGNAL_COUNT = 32 };

void pglite_raise_signals(uint32_t signals)
{
    for (int signal = 1; signal < SIGNAL_COUNT; signal++)
        if (signals >> signal & 1)
            __wrap_kill(0, signal);
}

/* ProcessClientReadInterrupt, between two commands. */
void pglite_attend(void)
{
    QueryCancelPending = 0; /* no query is running */
    DoingCommandRead = true;
    if (InterruptPending)
        ProcessInterrupts();
    ProcessCatchupInterrupt();
    ProcessNotifyInterrupt(true);
    DoingCommandRead = false;
}

/* ProcessClientReadInterrupt within one: half of a command's first message has come, in which the timeouts of an idle
 * session strike as before it; or a command is under way, COPY say, which is only ended with the session. */
void pglite_attend_reading(void)
{
    if (InterruptPending && (DoingCommandRead || ProcDiePending))
        ProcessInterrupts();
}

/* These originals refuse to work in a process that is not the one whose number getpid returns: one that
 * was forked, and did not tell PostgreSQL. No handler leaves by an error. */
void __wrap_proc_exit(int code)
{
    code = checkpointer_exit_code(code);
    if (code == 0)
        wal_writer_finish();
    else
        backend_leave_cluster_open(); /* after a FATAL, which is one session's */
    proc_exit_prepare(code);
    pgl_exit(code);
}

void __real_wrapper_handler(int signal);

void __wrap_wrapper_handler(int signal)
{
    int self = MyProcPid;

    MyProcPid = getpid();
    __real_wrapper_handler(signal);
    MyProcPid = self;
}

void __real_ProcKill(int code, PGDatum argument);

void __wrap_ProcKill(int code, PGDatum argument)
{
    MyProc->process = MyProcPid = getpid(); /* which has the latch that it goes back to */
    __real_ProcKill(code, argument);
}

void __real_AuxiliaryProcKill(int code, PGDatum argument);

void __wrap_AuxiliaryProcKill(int code, PGDatum argument)
{
    MyProc->process = MyProcPid = getpid();
    __real_AuxiliaryProcKill(code, argument);
}
