/* Files: bytes in and out.
 *
 * An I/O vector is checked whole before a byte moves, so that a bad pointer in it leaves the file
 * as it was. Bytes that have moved are reported, even if a later part failed (POSIX readv, writev).
 */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"
#include "platform/files.h"

enum transfer { TRANSFER_READ, TRANSFER_WRITE };

#define AT_POSITION INT64_C(-1) /* an offset: the descriptor's own position */

struct vector {
    const unsigned char *entries; /* in guest memory, checked */
    uint32_t count;
};

static uint32_t entry_size(const struct vector *vector, uint32_t n)
{
    return load_u32(vector->entries + n * IOVEC_SIZE + IOVEC_LEN);
}

static void *entry_bytes(const struct guest *guest, const struct vector *vector, uint32_t n)
{
    uint32_t base = load_u32(vector->entries + n * IOVEC_SIZE + IOVEC_BASE);

    return guest_at(guest, base, entry_size(vector, n));
}

/* Arguments n and n + 1 of the call as a vector: 0 or a negative errno. */
static int arg_vector(const struct guest_call *call, unsigned n, struct vector *vector)
{
    uint64_t total = 0;

    vector->count = arg_u32(call, n + 1);
    if (vector->count > IOVEC_COUNT_MAX)
        return -GE_INVAL;
    vector->entries = arg_at(call, n, (uint64_t) vector->count * IOVEC_SIZE);
    if (!vector->entries)
        return -GE_FAULT;
    for (uint32_t i = 0; i < vector->count; i++) {
        total += entry_size(vector, i);
        if (total > INT32_MAX)
            return -GE_INVAL;
        if (!entry_bytes(call->guest, vector, i))
            return -GE_FAULT;
    }
    return 0;
}

static int64_t transfer_entry(struct vfs *vfs, enum transfer transfer, int fd, void *bytes,
                              size_t size, int64_t offset)
{
    if (offset == AT_POSITION)
        return transfer == TRANSFER_READ ? vfs_read(vfs, fd, bytes, size)
                                         : vfs_write(vfs, fd, bytes, size);
    return transfer == TRANSFER_READ ? vfs_pread(vfs, fd, bytes, size, (uint64_t) offset)
                                     : vfs_pwrite(vfs, fd, bytes, size, (uint64_t) offset);
}

/* Bytes moved, or a negative errno. */
static int64_t transfer_vector(const struct guest_call *call, enum transfer transfer,
                               const struct vector *vector, int64_t offset)
{
    int64_t total = 0;

    for (uint32_t i = 0; i < vector->count; i++) {
        uint32_t size = entry_size(vector, i);
        void *bytes = entry_bytes(call->guest, vector, i);
        int64_t count = -GE_FAULT; /* what was read before may have changed the vector */

        if (bytes)
            count = transfer_entry(vfs_of(call), transfer, arg_i32(call, 0), bytes, size,
                                   offset == AT_POSITION ? offset : offset + total);
        if (count < 0)
            return total > 0 ? total : count;
        total += count;
        if (count < size)
            break;
    }
    return total;
}

/* A bad descriptor is found also by an empty vector. */
static int check_descriptor(const struct guest_call *call)
{
    int flags = vfs_flags(vfs_of(call), arg_i32(call, 0));

    return flags < 0 ? flags : 0;
}

/* fd_read(fd, iovec *, count, [i64 offset,] u32 *moved), and the other three. */
static enum guest_outcome transfer(struct guest_call *call, enum transfer transfer, int64_t offset,
                                   void *moved)
{
    struct vector vector;
    int error = check_descriptor(call);

    if (!error)
        error = arg_vector(call, 1, &vector);
    if (!error && !moved)
        error = -GE_FAULT;
    if (error)
        return return_wasi(call, error);

    int64_t total = transfer_vector(call, transfer, &vector, offset);
    if (total < 0)
        return return_wasi(call, (int) total);
    store_u32(moved, (uint32_t) total);
    return return_wasi(call, 0);
}

static enum guest_outcome transfer_at(struct guest_call *call, enum transfer direction)
{
    int64_t offset = arg_i64(call, 3);

    if (offset < 0 || offset > INT64_MAX - INT32_MAX)
        return return_wasi(call, -GE_INVAL);
    return transfer(call, direction, offset, arg_at(call, 4, sizeof(uint32_t)));
}

enum guest_outcome file_read(struct guest_call *call)
{
    return transfer(call, TRANSFER_READ, AT_POSITION, arg_at(call, 3, sizeof(uint32_t)));
}

enum guest_outcome file_write(struct guest_call *call)
{
    return transfer(call, TRANSFER_WRITE, AT_POSITION, arg_at(call, 3, sizeof(uint32_t)));
}

enum guest_outcome file_pread(struct guest_call *call)
{
    return transfer_at(call, TRANSFER_READ);
}

enum guest_outcome file_pwrite(struct guest_call *call)
{
    return transfer_at(call, TRANSFER_WRITE);
}

/* fd_seek(fd, i64 offset, whence, i64 *position) */
enum guest_outcome file_seek(struct guest_call *call)
{
    uint32_t whence = arg_u32(call, 2);
    void *position = arg_at(call, 3, sizeof(uint64_t));

    if (!position)
        return return_wasi(call, -GE_FAULT);
    if (whence > VFS_SEEK_END)
        return return_wasi(call, -GE_INVAL);

    int64_t result = vfs_seek(vfs_of(call), arg_i32(call, 0), arg_i64(call, 1),
                              (enum vfs_whence) whence);
    if (result < 0)
        return return_wasi(call, (int) result);
    store_u64(position, (uint64_t) result);
    return return_wasi(call, 0);
}

static enum guest_outcome sync_file(struct guest_call *call, bool data_only, int *result)
{
    const struct host *host = host_of(call);
    int host_fd;

    *result = vfs_to_sync(host->vfs, arg_i32(call, 0), &host_fd);
    if (*result < 0 || host_fd < 0)
        return GUEST_RETURNED;
    if (host->upcalls->sync)
        return host->upcalls->sync(host->engine, host_fd, data_only, result);
    *result = files_sync(host_fd, data_only);
    return GUEST_RETURNED;
}

enum guest_outcome file_sync(struct guest_call *call)
{
    int result;
    enum guest_outcome outcome = sync_file(call, false, &result);

    return outcome == GUEST_RETURNED ? return_wasi(call, result) : outcome;
}

enum guest_outcome file_datasync(struct guest_call *call)
{
    int result;
    enum guest_outcome outcome = sync_file(call, true, &result);

    return outcome == GUEST_RETURNED ? return_i32(call, result) : outcome;
}
