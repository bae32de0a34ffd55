/* What starts other processes and threads, of which there are none: errors, as POSIX has them. */
#include "guest-libc.h"

enum { ENOSYS = 52 };

_Noreturn void abort(void);

static int refuse(void)
{
    errno = ENOSYS;
    return -1;
}

GUEST_EXPORT(fork) int fork(void)
{
    return refuse();
}
GUEST_EXPORT(vfork) int vfork(void)
{
    return refuse();
}
GUEST_EXPORT(pipe) int pipe(int ends[2])
{
    (void) ends;
    return refuse();
}
GUEST_EXPORT(dup2) int dup2(int descriptor, int as)
{
    (void) descriptor, (void) as;
    return refuse();
}
GUEST_EXPORT(execvp) int execvp(const char *file, char *const arguments[])
{
    (void) file, (void) arguments;
    return refuse();
}
GUEST_EXPORT(waitpid) int waitpid(int process, int *status, int options)
{
    (void) process, (void) status, (void) options;
    return refuse();
}

/* A child's end. There are no children; and a library does not end the database's process. */
GUEST_EXPORT(_exit) _Noreturn void _exit(int status)
{
    (void) status;
    abort();
}

/* SIG_ERR: PostgreSQL has the signals. */
GUEST_EXPORT(signal) void (*signal(int number, void (*handler)(int)))(int)
{
    (void) number, (void) handler;
    errno = EINVAL;
    return (void (*)(int)) -1;
}

/* No limit, soft or hard: two 64-bit numbers. */
GUEST_EXPORT(getrlimit) int getrlimit(int resource, uint64_t limits[2])
{
    (void) resource;
    limits[0] = limits[1] = UINT64_MAX;
    return 0;
}

GUEST_EXPORT(vsyslog) void vsyslog(int priority, const char *format, void *arguments)
{
    (void) priority, (void) format, (void) arguments;
}

/* One thread never waits for itself. */
GUEST_EXPORT(pthread_spin_init) int pthread_spin_init(int *lock, int shared)
{
    (void) shared;
    *lock = 0;
    return 0;
}
GUEST_EXPORT(pthread_spin_destroy) int pthread_spin_destroy(int *lock)
{
    (void) lock;
    return 0;
}
GUEST_EXPORT(pthread_spin_lock) int pthread_spin_lock(int *lock)
{
    (void) lock;
    return 0;
}
GUEST_EXPORT(pthread_spin_unlock) int pthread_spin_unlock(int *lock)
{
    (void) lock;
    return 0;
}

/* Attributes of a thread that pthread_create then refuses to start. */
GUEST_EXPORT(pthread_attr_init) int pthread_attr_init(void *attributes)
{
    (void) attributes;
    return 0;
}
GUEST_EXPORT(pthread_attr_setdetachstate)
int pthread_attr_setdetachstate(void *attributes, int state)
{
    (void) attributes, (void) state;
    return 0;
}
