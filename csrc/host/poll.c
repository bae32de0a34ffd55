/* Waiting for descriptors. Nothing outside the guest changes one while it waits, so waiting is
 * sleeping.
 */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

enum { POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 }; /* reported whether asked for or not */

#define NS_PER_MS INT64_C(1000000)

/* How many descriptors have something to report. */
static int poll_once(struct vfs *vfs, unsigned char *fds, uint32_t count)
{
    int ready = 0;

    for (unsigned char *at = fds; at < fds + (size_t) count * POLLFD_SIZE; at += POLLFD_SIZE) {
        int fd = (int) load_u32(at + POLLFD_FD);
        int bits = 0;

        if (fd >= 0) { /* a negative one is to be skipped */
            bits = vfs_poll(vfs, fd);
            bits = bits < 0 ? POLLNVAL
                            : bits & (load_u16(at + POLLFD_EVENTS) | POLLERR | POLLHUP | POLLNVAL);
        }
        store_u16(at + POLLFD_REVENTS, (uint16_t) bits);
        ready += bits != 0;
    }
    return ready;
}

/* poll(struct pollfd *, count, timeout in ms, negative: none) */
enum guest_outcome poll_descriptors(struct guest_call *call)
{
    struct host *host = host_of(call);
    uint32_t count = arg_u32(call, 1);
    unsigned char *fds = arg_at(call, 0, (uint64_t) count * POLLFD_SIZE);
    int32_t timeout_ms = arg_i32(call, 2);

    if (count > VFS_DESCRIPTORS_MAX)
        return return_i32(call, -GE_INVAL);
    if (!fds)
        return return_i32(call, -GE_FAULT);

    int ready = poll_once(host->vfs, fds, count);
    if (ready || timeout_ms == 0)
        return return_i32(call, ready);

    int64_t deadline_ns = timeout_ms < 0
                              ? INT64_MAX
                              : virtual_clock_deadline_ns(clock_of(call), timeout_ms * NS_PER_MS);
    int result;
    enum guest_outcome outcome = host_sleep_until(host, deadline_ns, &result);
    return outcome == GUEST_RETURNED ? return_i32(call, result) : outcome;
}
