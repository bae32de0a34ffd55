/* Signals: for the process that runs, and for those whose turn will come.
 *
 * PostgreSQL's handlers are ordinary Emscripten ones. The original kill calls them at once, but knows
 * the process by its positive number alone. PostgreSQL has its backends lead process groups, and
 * signals those (pg_cancel_backend, pg_terminate_backend); and where no postmaster has told its number,
 * what is meant for it goes to 0, the caller's own group (pg_reload_conf). */
#include "backend.h"
#include "wrapped.h"

enum { SIGNAL_COUNT = 32 };

/* Keeps a signal for another backend until its turn comes. 0, or negative errno: there is none of that
 * number. */
GUEST_IMPORT(pglite_host_signal) int pglite_host_signal(int process, int signal);

int __real_kill(int process, int signal);

/* The original knows one number, which getpid returns; a backend that is a copy has another. */
static int raise_signal(int signal)
{
    return __real_kill(getpid(), signal);
}

int __wrap_kill(int process, int signal)
{
    int self = MyProcPid != 0 ? MyProcPid : getpid(); /* 0: it has only begun */
    int result;

    if (process == self || process == -self || process == 0)
        return signal == 0 ? 0 : raise_signal(signal); /* 0 only asks whether the process exists */
    result = pglite_host_signal(process < 0 ? -process : process, signal);
    if (result == 0)
        return 0;
    errno = -result;
    return -1;
}

void pglite_take_signals(uint32_t signals)
{
    for (int signal = 1; signal < SIGNAL_COUNT; signal++)
        if (signals >> signal & 1)
            raise_signal(signal);
    QueryCancelPending = 0; /* no query is running */
    if (InterruptPending)
        ProcessInterrupts();
    ProcessCatchupInterrupt();
    ProcessNotifyInterrupt(true);
}

/* The others cannot look at the barrier before their turn, and will before they do anything else. */
void __wrap_WaitForProcSignalBarrier(uint64_t generation)
{
    (void) generation;
    if (InterruptPending)
        ProcessInterrupts();
}

/* These originals refuse to work in a process that is not the one whose number getpid returns: one that
 * was forked, and did not tell PostgreSQL. No handler leaves by an error. */
void __wrap_proc_exit(int code)
{
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

bool __wrap_PostmasterIsAliveInternal(void)
{
    return true; /* none has died */
}
