/* Mutual exclusion between threads. */
#ifndef PGN_PLATFORM_THREAD_H
#define PGN_PLATFORM_THREAD_H

#include <pthread.h>
#include <stdbool.h>

struct mutex {
    pthread_mutex_t native;
};

struct condition {
    pthread_cond_t native;
};

/* False when the system has no room for one. Not to be copied afterwards. */
bool mutex_open(struct mutex *mutex);
void mutex_close(struct mutex *mutex); /* nobody holds it */
void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

bool condition_open(struct condition *condition);
void condition_close(struct condition *condition); /* nobody waits for it */

/* Gives up the mutex while waiting. May return for no reason: wait in a loop over what is awaited. */
void condition_wait(struct condition *condition, struct mutex *mutex);
void condition_wake_all(struct condition *condition);

#endif
