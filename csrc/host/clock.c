/* Clocks. */
#include "host/abi.h"
#include "host/imports.h"

/* WASI's clock ids; both CPU-time clocks are served from the monotonic one, as upstream does. */
enum { CLOCK_ID_REALTIME = 0, CLOCK_ID_THREAD_CPUTIME = 3 };

#define NS_PER_MS 1e6
#define NS_PER_US 1000
#define US_PER_MS 1e3

/* clock_time_get(id, precision, i64 *time_ns) */
enum guest_outcome clock_time_get(struct guest_call *call)
{
    uint32_t id = arg_u32(call, 0);
    void *time = arg_at(call, 2, sizeof(uint64_t));

    if (id > CLOCK_ID_THREAD_CPUTIME)
        return return_wasi(call, -GE_INVAL);
    if (!time)
        return return_wasi(call, -GE_FAULT);
    store_u64(time,
              (uint64_t) (id == CLOCK_ID_REALTIME ? virtual_clock_realtime_ns(clock_of(call))
                                                  : virtual_clock_monotonic_ns(clock_of(call))));
    return return_wasi(call, 0);
}

/* Date.now() gives whole milliseconds; the fraction here gives gettimeofday its microseconds. It cuts
   off what is below one, and so gets half a one more: a double of this size is some tenths off. */
enum guest_outcome clock_date_now(struct guest_call *call)
{
    int64_t us = virtual_clock_realtime_ns(clock_of(call)) / NS_PER_US;

    return return_f64(call, ((double) us + 0.5) / US_PER_MS);
}

enum guest_outcome clock_get_now(struct guest_call *call)
{
    return return_f64(call, (double) virtual_clock_monotonic_ns(clock_of(call)) / NS_PER_MS);
}
