/* Monitors on POSIX threads. */
#include "platform/monitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "platform/clock.h"

enum { NS_PER_S = 1000000000 };

struct monitor {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

struct monitor *monitor_open(void)
{
    struct monitor *monitor = malloc(sizeof *monitor);

    if (!monitor)
        return NULL;
    if (pthread_mutex_init(&monitor->mutex, NULL) != 0)
        goto fail;
    if (pthread_cond_init(&monitor->condition, NULL) != 0)
        goto fail_condition;
    return monitor;

fail_condition:
    pthread_mutex_destroy(&monitor->mutex);
fail:
    free(monitor);
    return NULL;
}

void monitor_close(struct monitor *monitor)
{
    if (!monitor)
        return;
    pthread_cond_destroy(&monitor->condition);
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

/* Conditions wait on the realtime clock (not every system can choose); what is left is taken from
   the monotonic one each time, so a clock that is set shifts one wait at most. */
bool monitor_wait(struct monitor *monitor, int64_t deadline_ns)
{
    int64_t left, at;
    struct timespec until;

    if (deadline_ns == INT64_MAX) {
        pthread_cond_wait(&monitor->condition, &monitor->mutex);
        return true;
    }
    left = deadline_ns - platform_monotonic_ns();
    if (left <= 0)
        return false;
    at = platform_realtime_ns() + left;
    until.tv_sec = (time_t) (at / NS_PER_S);
    until.tv_nsec = (long) (at % NS_PER_S);
    return pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until) == 0;
}

void monitor_notify(struct monitor *monitor)
{
    pthread_cond_broadcast(&monitor->condition);
}
