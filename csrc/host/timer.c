/* Interval timers: a deadline in the state, fired at safe points.
 *
 * Upstream's _setitimer_js asks the browser for a callback after so many milliseconds, which then
 * calls the guest's _emscripten_timeout(which, now): it re-arms an interval and raises the signal.
 */
#include "host/abi.h"
#include "host/imports.h"

#define NS_PER_MS 1e6
#define TIMER_MS_MAX 9e12 /* 285 years: in nanoseconds still an int64_t */

/* _setitimer_js(which, milliseconds): 0 disarms. */
enum guest_outcome timer_setitimer(struct guest_call *call)
{
    struct host_state *state = host_state(host_of(call));
    uint32_t which = arg_u32(call, 0);
    double ms = arg_f64(call, 1);

    if (which >= HOST_TIMERS)
        return return_i32(call, -GE_INVAL);
    state->timer_deadline_ns[which] = 0;
    if (ms > TIMER_MS_MAX)
        ms = TIMER_MS_MAX;
    if (ms > 0) /* false also when it is not a number */
        state->timer_deadline_ns[which] =
            virtual_clock_deadline_ns(clock_of(call), (int64_t) (ms * NS_PER_MS + 0.5));
    return return_i32(call, 0);
}

int64_t host_timer_deadline_ns(const struct host *host)
{
    const struct host_state *state = host_state(host);
    int64_t earliest = INT64_MAX;

    for (int which = 0; which < HOST_TIMERS; which++)
        if (state->timer_deadline_ns[which] && state->timer_deadline_ns[which] < earliest)
            earliest = state->timer_deadline_ns[which];
    return earliest;
}

bool host_timer_is_due(const struct host *host)
{
    int64_t deadline_ns = host_timer_deadline_ns(host);

    /* The common case: no clock is read. */
    return deadline_ns != INT64_MAX
           && deadline_ns <= virtual_clock_monotonic_ns(virtual_clock_find(host->arena));
}

static enum guest_outcome fire(struct host *host, uint32_t which, int64_t now_ns)
{
    double now_ms = (double) now_ns / NS_PER_MS;
    uint64_t args[2] = {which};
    guest_function timeout;

    if (!guest_module_function(guest_module_of(host->guest), "_emscripten_timeout", &timeout))
        return guest_set_trap(host->guest, "a timer in a module without _emscripten_timeout");
    memcpy(&args[1], &now_ms, sizeof now_ms);
    return guest_invoke(host->guest, timeout, args, NULL);
}

enum guest_outcome host_fire_timers(struct host *host)
{
    struct host_state *state = host_state(host);

    if (host_timer_deadline_ns(host) == INT64_MAX) /* the common case: no clock is read */
        return GUEST_RETURNED;

    int64_t now = virtual_clock_monotonic_ns(virtual_clock_find(host->arena));
    for (uint32_t which = 0; which < HOST_TIMERS; which++) {
        if (!state->timer_deadline_ns[which] || state->timer_deadline_ns[which] > now)
            continue;
        state->timer_deadline_ns[which] = 0; /* first: the guest may arm it again */
        enum guest_outcome outcome = fire(host, which, now);
        if (outcome != GUEST_RETURNED)
            return outcome;
    }
    return GUEST_RETURNED;
}
