/* Signals: for the process that runs, and for those whose turn will come.
 *
 * PostgreSQL's handlers are ordinary Emscripten ones. The original kill calls them at once, but knows
 * the process by its positive number alone. PostgreSQL has its backends lead process groups, and
 * signals those (pg_cancel_backend, pg_terminate_backend); and where no postmaster has told its number,
 * what is meant for it goes to 0, the caller's own group (pg_reload_conf). */
#include "wrapped.h"

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
    if (process < 0 && process != INT32_MIN)
        process = -process;
    result = pglite_host_signal(process, signal);
    if (result == 0)
        return 0;
    errno = -result;
    return -1;
}

bool __wrap_PostmasterIsAliveInternal(void)
{
    return true; /* none has died */
}
