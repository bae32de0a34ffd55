/* Memory: the heap's growth, and files mapped into it.
 *
 * A mapping is a copy: memory from the guest's own allocator, filled from the file, and for a
 * shared, writable one written back when it is unmapped, as upstream's file systems do. Two
 * mappings of one file therefore do not see each other's writes while both live.
 * Upstream writes back through the number the descriptor had; by then that may be closed, or be
 * another file. Here such a mapping keeps a descriptor of its own, whose number lies behind the
 * mapping's last byte: in guest memory, so that mappings that are never unmapped (PGlite defines
 * munmap away) cost the host nothing but that descriptor.
 */
#include "host/abi.h"
#include "host/imports.h"

enum { PROT_WRITE = 2, MAP_PRIVATE = 2 }; /* of prot, of flags */

enum {
    TRAILER_SIZE = 8,
    TRAILER_MAGIC = 0, /* u32 */
    TRAILER_FD = 4,    /* u32 */
    TRAILER_MAGIC_VALUE = 0x50414d47,
    MAPPING_FD_MIN = VFS_DESCRIPTORS_MAX / 2 /* out of the way of open's lowest free number */
};

enum guest_outcome memory_resize_heap(struct guest_call *call)
{
    return return_i32(call, guest_grow(call->guest, arg_u32(call, 0)) == STATUS_OK);
}

enum guest_outcome memory_get_heap_max(struct guest_call *call)
{
    return return_i32(call, (int32_t) (uint32_t) GUEST_MEMORY_MAX);
}

/* Where the trailer of a mapping of so many bytes is. */
static uint64_t trailer_offset(uint32_t length)
{
    return ((uint64_t) length + TRAILER_SIZE - 1) / TRAILER_SIZE * TRAILER_SIZE;
}

static bool writes_back(uint32_t prot, uint32_t flags)
{
    return (prot & PROT_WRITE) && !(flags & MAP_PRIVATE);
}

/* May this descriptor be mapped so? 0 or a negative errno. */
static int check_mapping(struct vfs *vfs, int fd, uint32_t length, uint32_t prot, uint32_t flags,
                         int64_t offset)
{
    struct vfs_stat stat;
    int access = vfs_flags(vfs, fd);
    int error = access < 0 ? access : vfs_fstat(vfs, fd, &stat);

    if (error)
        return error;
    access &= VFS_O_ACCMODE;
    if (access == VFS_O_WRONLY || (writes_back(prot, flags) && access != VFS_O_RDWR))
        return -GE_ACCES;
    if ((stat.mode & VFS_S_IFMT) != VFS_S_IFREG)
        return -GE_NODEV;
    if (length == 0 || offset < 0)
        return -GE_INVAL;
    return 0;
}

/* Zeroed memory of the guest's. *address is 0 when it has none left. */
static enum guest_outcome allocate(struct guest *guest, uint64_t size, uint32_t *address)
{
    const uint64_t args[] = {GUEST_PAGE, size};
    guest_function memalign;
    uint64_t result = 0;

    *address = 0;
    if (!guest_module_function(guest_module_of(guest), "emscripten_builtin_memalign", &memalign))
        return guest_set_trap(guest, "mmap in a module without emscripten_builtin_memalign");
    if (size > UINT32_MAX)
        return GUEST_RETURNED;

    enum guest_outcome outcome = guest_invoke(guest, memalign, args, &result);
    if (outcome != GUEST_RETURNED || (uint32_t) result == 0)
        return outcome;

    void *bytes = guest_at(guest, (uint32_t) result, size);
    if (!bytes)
        return guest_set_trap(guest, "memalign returned memory that does not exist");
    memset(bytes, 0, (size_t) size);
    *address = (uint32_t) result;
    return GUEST_RETURNED;
}

/* Gives the memory of a mapping that failed back; the guest is told why it failed. */
static enum guest_outcome release(struct guest_call *call, uint32_t address, int error)
{
    const uint64_t args[] = {address};
    guest_function free_memory;

    if (!guest_module_function(guest_module_of(call->guest), "free", &free_memory))
        return guest_set_trap(call->guest, "mmap in a module without free");

    enum guest_outcome outcome = guest_invoke(call->guest, free_memory, args, NULL);
    return outcome == GUEST_RETURNED ? return_i32(call, error) : outcome;
}

/* Reads until the mapping is full or the file ends: what lies beyond is zero. */
static int fill(struct vfs *vfs, int fd, unsigned char *bytes, uint32_t length, uint64_t offset)
{
    for (uint32_t done = 0; done < length;) {
        int64_t count = vfs_pread(vfs, fd, bytes + done, length - done, offset + done);
        if (count < 0)
            return (int) count;
        if (count == 0)
            return 0;
        done += (uint32_t) count;
    }
    return 0;
}

static int keep_descriptor(struct vfs *vfs, int fd, unsigned char *trailer)
{
    int own_fd = vfs_dup(vfs, fd, MAPPING_FD_MIN);

    if (own_fd < 0)
        return own_fd;
    store_u32(trailer + TRAILER_MAGIC, TRAILER_MAGIC_VALUE);
    store_u32(trailer + TRAILER_FD, (uint32_t) own_fd);
    return 0;
}

/* _mmap_js(length, prot, flags, fd, i64 offset, i32 *allocated, u32 *address) */
enum guest_outcome memory_mmap(struct guest_call *call)
{
    struct guest *guest = call->guest;
    struct vfs *vfs = vfs_of(call);
    uint32_t length = arg_u32(call, 0);
    uint32_t prot = arg_u32(call, 1);
    uint32_t flags = arg_u32(call, 2);
    int fd = arg_i32(call, 3);
    int64_t offset = arg_i64(call, 4);
    void *allocated = arg_at(call, 5, sizeof(uint32_t));
    void *address_result = arg_at(call, 6, sizeof(uint32_t));
    uint64_t trailer = trailer_offset(length);
    uint32_t address;

    if (!allocated || !address_result)
        return return_i32(call, -GE_FAULT);
    int error = check_mapping(vfs, fd, length, prot, flags, offset);
    if (error)
        return return_i32(call, error);

    enum guest_outcome outcome = allocate(guest, trailer + TRAILER_SIZE, &address);
    if (outcome != GUEST_RETURNED)
        return outcome;
    if (!address)
        return return_i32(call, -GE_NOMEM);

    unsigned char *bytes = guest_at(guest, address, trailer + TRAILER_SIZE);
    error = fill(vfs, fd, bytes, length, (uint64_t) offset);
    if (!error && writes_back(prot, flags))
        error = keep_descriptor(vfs, fd, bytes + trailer);
    if (error)
        return release(call, address, error);
    store_u32(allocated, 1); /* the guest's munmap frees it */
    store_u32(address_result, address);
    return return_i32(call, 0);
}

/* Writes what the file still has room for: a mapping never makes its file longer. */
static int write_back(struct vfs *vfs, int fd, const unsigned char *bytes, uint32_t length,
                      uint64_t offset)
{
    struct vfs_stat stat;
    int error = vfs_fstat(vfs, fd, &stat);

    if (error)
        return error;
    if (stat.size <= offset)
        return 0;
    if (length > stat.size - offset)
        length = (uint32_t) (stat.size - offset);
    for (uint32_t done = 0; done < length;) {
        int64_t count = vfs_pwrite(vfs, fd, bytes + done, length - done, offset + done);
        if (count <= 0)
            return count < 0 ? (int) count : -GE_IO;
        done += (uint32_t) count;
    }
    return 0;
}

/* _munmap_js(address, length, prot, flags, fd, i64 offset): before the guest frees the memory. */
enum guest_outcome memory_munmap(struct guest_call *call)
{
    uint32_t length = arg_u32(call, 1);
    int64_t offset = arg_i64(call, 5);
    uint64_t trailer = trailer_offset(length);
    unsigned char *bytes = arg_at(call, 0, trailer + TRAILER_SIZE);

    if (!bytes)
        return return_i32(call, -GE_FAULT);
    if (!writes_back(arg_u32(call, 2), arg_u32(call, 3)))
        return return_i32(call, 0);
    if (load_u32(bytes + trailer + TRAILER_MAGIC) != TRAILER_MAGIC_VALUE || offset < 0)
        return return_i32(call, -GE_INVAL);

    int fd = (int) load_u32(bytes + trailer + TRAILER_FD);
    int error = write_back(vfs_of(call), fd, bytes, length, (uint64_t) offset);
    int close_error = vfs_close_fd(vfs_of(call), fd);
    store_u32(bytes + trailer + TRAILER_MAGIC, 0);
    return return_i32(call, error ? error : close_error);
}
