/* Signals, and the other processes that could get or send them: there are none.
 *
 * PostgreSQL's handlers are ordinary Emscripten ones. The original kill calls them at once, but knows
 * the process by its positive number alone. PostgreSQL has its backends lead process groups, and
 * signals those (pg_cancel_backend, pg_terminate_backend); and where no postmaster has told its number,
 * what is meant for it goes to 0, the caller's own group (pg_reload_conf). */
#include "wrapped.h"

int __real_kill(int process, int signal);

int __wrap_kill(int process, int signal)
{
    int self = getpid();

    if (process != self && process != -self && process != 0) {
        errno = ESRCH;
        return -1;
    }
    return signal == 0 ? 0 : __real_kill(self, signal); /* 0 only asks whether the process exists */
}

bool __wrap_PostmasterIsAliveInternal(void)
{
    return true; /* none has died */
}
