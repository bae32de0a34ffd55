/* Threads over POSIX threads. */
#include "platform/system.h"

#include "platform/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    STACK_SIZE = 256 << 10, /* the guest runs on coroutines, which have their own */
    NICENESS = 5            /* a third of the weight, see sched(7) */
};

struct thread {
    pthread_t id;
    void (*function)(void *context);
    void *context;
};

static void *run(void *argument)
{
    const struct thread *thread = argument;

    thread->function(thread->context);
    return NULL;
}

/* Signals are blocked while the thread is made, as it inherits the mask. Faults stay: they are the guest's. */
struct thread *thread_start(void (*function)(void *context), void *context)
{
    struct thread *thread = malloc(sizeof *thread);
    pthread_attr_t attributes;
    sigset_t blocked, before;
    int error;

    if (!thread)
        return NULL;
    *thread = (struct thread){.function = function, .context = context};
    if (pthread_attr_init(&attributes) != 0)
        goto fail;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    error = pthread_create(&thread->id, &attributes, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        return thread;

fail:
    free(thread);
    return NULL;
}

void thread_join(struct thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}

void thread_yield(void)
{
    sched_yield();
}

void thread_lower_priority(void)
{
#ifdef PLATFORM_LINUX /* whose threads have priorities of their own */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICENESS);
#endif
}

int thread_processors(void)
{
#ifdef PLATFORM_LINUX
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 1 ? (int) count : 1;
}
