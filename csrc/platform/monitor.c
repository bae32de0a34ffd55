/* Monitors and conditions on POSIX threads. */
#include "platform/monitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "platform/clock.h"

enum { NS_PER_S = 1000000000 };

struct monitor {
    pthread_mutex_t mutex;
};

struct condition {
    pthread_cond_t condition;
};

struct monitor *monitor_open(void)
{
    struct monitor *monitor = malloc(sizeof *monitor);

    if (!monitor)
        return NULL;
    if (pthread_mutex_init(&monitor->mutex, NULL) == 0)
        return monitor;
    free(monitor);
    return NULL;
}

void monitor_close(struct monitor *monitor)
{
    if (!monitor)
        return;
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

void monitor_enter(struct monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
}

void monitor_leave(struct monitor *monitor)
{
    pthread_mutex_unlock(&monitor->mutex);
}

struct condition *condition_open(void)
{
    struct condition *condition = malloc(sizeof *condition);

    if (!condition)
        return NULL;
    if (pthread_cond_init(&condition->condition, NULL) == 0)
        return condition;
    free(condition);
    return NULL;
}

void condition_close(struct condition *condition)
{
    if (!condition)
        return;
    pthread_cond_destroy(&condition->condition);
    free(condition);
}

/* Conditions wait on the realtime clock (not every system can choose); what is left is taken from
   the monotonic one each time, so a clock that is set shifts one wait at most. */
bool condition_wait(struct condition *condition, struct monitor *monitor, int64_t deadline_ns)
{
    int64_t left, at;
    struct timespec until;

    if (deadline_ns == INT64_MAX) {
        pthread_cond_wait(&condition->condition, &monitor->mutex);
        return true;
    }
    left = deadline_ns - platform_monotonic_ns();
    if (left <= 0)
        return false;
    at = platform_realtime_ns() + left;
    until.tv_sec = (time_t) (at / NS_PER_S);
    until.tv_nsec = (long) (at % NS_PER_S);
    return pthread_cond_timedwait(&condition->condition, &monitor->mutex, &until) == 0;
}

void condition_notify(struct condition *condition)
{
    pthread_cond_broadcast(&condition->condition);
}
