/* Clocks. */
#include "host/abi.h"
#include "host/imports.h"
#include "platform/clock.h"

/* WASI's clock ids; both CPU-time clocks are served from the monotonic one, as upstream does. */
enum { CLOCK_ID_REALTIME = 0, CLOCK_ID_THREAD_CPUTIME = 3 };

#define NS_PER_MS 1e6

/* clock_time_get(id, precision, i64 *time_ns) */
enum guest_outcome clock_time_get(struct guest_call *call)
{
    uint32_t id = arg_u32(call, 0);
    void *time = arg_at(call, 2, sizeof(uint64_t));

    if (id > CLOCK_ID_THREAD_CPUTIME)
        return return_wasi(call, -GE_INVAL);
    if (!time)
        return return_wasi(call, -GE_FAULT);
    store_u64(time, (uint64_t) (id == CLOCK_ID_REALTIME ? platform_realtime_ns()
                                                        : platform_monotonic_ns()));
    return return_wasi(call, 0);
}

/* Date.now() gives whole milliseconds; the fraction here gives gettimeofday its microseconds. */
enum guest_outcome clock_date_now(struct guest_call *call)
{
    return return_f64(call, (double) platform_realtime_ns() / NS_PER_MS);
}

enum guest_outcome clock_get_now(struct guest_call *call)
{
    return return_f64(call, (double) platform_monotonic_ns() / NS_PER_MS);
}
