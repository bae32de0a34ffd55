/* Mutexes and conditions over POSIX threads. Errors there mean misuse, which is ours to avoid. */
#include "platform/system.h"

#include "platform/thread.h"

#include <assert.h>

bool mutex_open(struct mutex *mutex)
{
    return pthread_mutex_init(&mutex->native, NULL) == 0;
}

void mutex_close(struct mutex *mutex)
{
    int result = pthread_mutex_destroy(&mutex->native);

    assert(result == 0);
    (void) result;
}

void mutex_lock(struct mutex *mutex)
{
    int result = pthread_mutex_lock(&mutex->native);

    assert(result == 0);
    (void) result;
}

bool mutex_try_lock(struct mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->native) == 0;
}

void mutex_unlock(struct mutex *mutex)
{
    int result = pthread_mutex_unlock(&mutex->native);

    assert(result == 0);
    (void) result;
}

bool condition_open(struct condition *condition)
{
    return pthread_cond_init(&condition->native, NULL) == 0;
}

void condition_close(struct condition *condition)
{
    int result = pthread_cond_destroy(&condition->native);

    assert(result == 0);
    (void) result;
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    int result = pthread_cond_wait(&condition->native, &mutex->native);

    assert(result == 0);
    (void) result;
}

void condition_wake_all(struct condition *condition)
{
    int result = pthread_cond_broadcast(&condition->native);

    assert(result == 0);
    (void) result;
}
