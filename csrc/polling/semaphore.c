/* Semaphores, by which processes that wait for a lightweight lock are woken. In PGlite they are empty functions,
 * and have been compiled into their callers: what is left of a call is a look at where the semaphore is. The
 * linker puts a call of this function there (REPLACES in tools/link.py).
 *
 * A process locks its own semaphore and unlocks those of others, so one function can tell which is meant. It
 * never returns from a lock without an unlock, so that callers have none too many to give back. */
#include "host-calls.h"
#include "postgres-abi.h"

GUEST_EXPORT(pglite_semaphore) void pglite_semaphore(PGProc *process)
{
    volatile int *count = process->semaphore;

    if (process != MyProc) {
        ++*count;
        pglite_host_wake(process->process);
        return;
    }
    while (*count == 0)
        (void) pglite_host_sleep(count, NEVER);
    --*count;
}
