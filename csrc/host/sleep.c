/* Sleeping: until the time is over, a timer's signal comes, or the engine wants attention. */
#include "host/abi.h"
#include "host/imports.h"

#define NS_PER_MS 1e6
#define DEADLINE_MS_MAX 9e12 /* beyond: none. In nanoseconds still an int64_t */

enum guest_outcome host_sleep_until(struct host *host, int64_t deadline_ns, int *result)
{
    struct virtual_clock *clock = virtual_clock_find(host->arena);
    int64_t timer_ns = host_timer_deadline_ns(host);
    int64_t until_ns = timer_ns < deadline_ns ? timer_ns : deadline_ns;
    /* Where the clocks stand the time has come, but others may still run before. */
    int64_t system_ns = virtual_clock_skip_to(clock, until_ns)
                            ? 0
                            : virtual_clock_system_ns(clock, until_ns);
    bool woken;
    enum guest_outcome outcome = host->upcalls->sleep_until(host->engine, system_ns, &woken);

    *result = -GE_INTR;
    if (outcome || woken)
        return outcome;
    if (timer_ns <= deadline_ns)
        return host_fire_timers(host); /* a handled signal interrupts the sleep */
    *result = 0;
    return GUEST_RETURNED;
}

/* pglite_host_sleep(int *wake, deadline in ms of emscripten_get_now's clock, infinity: none). Timers
   fire at safe points, of which there is none between looking at *wake and sleeping. */
enum guest_outcome sleep_until_woken(struct guest_call *call)
{
    struct host *host = host_of(call);
    double deadline_ms = arg_f64(call, 1);
    int64_t deadline_ns = INT64_MAX;

    if (arg_u32(call, 0) != 0) {
        const uint32_t *wake = arg_at(call, 0, sizeof *wake);

        if (!wake)
            return return_i32(call, -GE_FAULT);
        if (__atomic_load_n(wake, __ATOMIC_ACQUIRE)) /* pgn_cancel sets it from another thread */
            return return_i32(call, -GE_INTR);
    }
    if (!(deadline_ms > 0)) /* true also when it is not a number */
        return return_i32(call, 0);
    if (deadline_ms < DEADLINE_MS_MAX)
        deadline_ns = (int64_t) (deadline_ms * NS_PER_MS);

    int result;
    enum guest_outcome outcome = host_sleep_until(host, deadline_ns, &result);
    return outcome == GUEST_RETURNED ? return_i32(call, result) : outcome;
}
