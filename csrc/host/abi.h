/* The ABI of an import: decoding arguments, encoding results. Every guest pointer a handler uses
 * has passed guest_at here or in the handler; a bad one is the guest's error EFAULT.
 */
#ifndef PGN_HOST_ABI_H
#define PGN_HOST_ABI_H

#include <string.h>

#include "base/errno.h"
#include "guest/guest.h"
#include "host/host.h"
#include "platform/virtual_clock.h"

static inline uint16_t load_u16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline void store_u16(void *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline uint64_t load_u64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static inline struct host *host_of(const struct guest_call *call)
{
    return call->context;
}

static inline struct vfs *vfs_of(const struct guest_call *call)
{
    return host_of(call)->vfs;
}

static inline uint32_t arg_u32(const struct guest_call *call, unsigned n)
{
    return (uint32_t) call->args[n];
}

static inline int32_t arg_i32(const struct guest_call *call, unsigned n)
{
    return (int32_t) (uint32_t) call->args[n];
}

static inline int64_t arg_i64(const struct guest_call *call, unsigned n)
{
    return (int64_t) call->args[n];
}

static inline double arg_f64(const struct guest_call *call, unsigned n)
{
    double value;

    memcpy(&value, &call->args[n], sizeof value);
    return value;
}

static inline struct virtual_clock *clock_of(const struct guest_call *call)
{
    return virtual_clock_find(host_of(call)->arena);
}

/* Argument n as the address of size bytes; NULL when they are not all in memory. */
static inline void *arg_at(const struct guest_call *call, unsigned n, uint64_t size)
{
    return guest_at(call->guest, arg_u32(call, n), size);
}

/* Argument n as a path: 0, -GE_FAULT or -GE_NAMETOOLONG. The path stays in guest memory. */
static inline int arg_path(const struct guest_call *call, unsigned n, const char **path)
{
    *path = guest_string(call->guest, arg_u32(call, n), VFS_PATH_MAX);
    if (*path)
        return 0;
    return arg_at(call, n, VFS_PATH_MAX) ? -GE_NAMETOOLONG : -GE_FAULT;
}

/* Argument n of a variadic system call (open, fcntl, ioctl) is the address of the int that the
   caller passed for "...". */
static inline int arg_variadic(const struct guest_call *call, unsigned n, int32_t *value)
{
    const void *at = arg_at(call, n, sizeof *value);

    if (!at)
        return -GE_FAULT;
    *value = (int32_t) load_u32(at);
    return 0;
}

static inline enum guest_outcome return_i32(struct guest_call *call, int32_t value)
{
    call->result = (uint32_t) value;
    return GUEST_RETURNED;
}

static inline enum guest_outcome return_i64(struct guest_call *call, int64_t value)
{
    call->result = (uint64_t) value;
    return GUEST_RETURNED;
}

static inline enum guest_outcome return_f64(struct guest_call *call, double value)
{
    memcpy(&call->result, &value, sizeof value);
    return GUEST_RETURNED;
}

/* WASI's sign: result is 0 or a negative errno. */
static inline enum guest_outcome return_wasi(struct guest_call *call, int result)
{
    return return_i32(call, -result);
}

#endif
