/* Writing a pack's tree into a host directory. */
#include <stdlib.h>
#include <string.h>

#include "vfs/internal.h"

enum { CLOSED = -1, PERMISSIONS = 07777 };

struct extraction {
    const struct pack *pack;
    bool sync_each;   /* no way to sync them all at the end */
    int *directories; /* by node: an open directory, or CLOSED */
};

/* How many blocks from this one on lie one after the other in the pack; start: where they are, NULL for a block of zeros. */
static int64_t find_run(const struct pack *pack, uint32_t first, uint32_t count,
                        const unsigned char **start)
{
    int result = pack_block(pack, first, start);
    const unsigned char *next;
    uint32_t length = 1;

    while (result == 0 && *start && length < count) {
        result = pack_block(pack, first + length, &next);
        if (result < 0 || next != *start + (size_t) length * VFS_BLOCK)
            break;
        length++;
    }
    return result < 0 ? (int64_t) result : length;
}

static int write_content(const struct extraction *extraction, const struct pack_node *node, int fd)
{
    static const unsigned char zeros[VFS_BLOCK];
    const struct pack *pack = extraction->pack;
    uint32_t count = (uint32_t) ((node->size + VFS_BLOCK - 1) / VFS_BLOCK);

    for (uint32_t i = 0; i < count;) {
        const unsigned char *bytes;
        int64_t run = find_run(pack, node->first_index + i, count - i, &bytes);
        uint64_t offset = (uint64_t) i * VFS_BLOCK;
        uint64_t size = (uint64_t) run * VFS_BLOCK;
        int64_t written;

        if (run < 0)
            return (int) run;
        if (size > node->size - offset)
            size = node->size - offset;
        /* Zeros are written too: PostgreSQL counts on its WAL files having all their blocks. */
        written = files_write(fd, bytes ? bytes : zeros, (size_t) size, offset);
        if (written < 0)
            return (int) written;
        if ((uint64_t) written < size)
            return -GE_NOSPC;
        i += (uint32_t) run;
    }
    return 0;
}

static int extract_file(const struct extraction *extraction, const struct pack_node *node,
                        const char *name)
{
    enum files_type type;
    int fd = files_open(extraction->directories[node->parent], name,
                        FILES_WRITE | FILES_CREATE | FILES_EXCLUSIVE, node->mode & PERMISSIONS,
                        &type);
    int result;

    if (fd < 0)
        return fd;
    result = write_content(extraction, node, fd);
    if (result == 0 && extraction->sync_each)
        result = files_sync(fd, false);
    files_close(fd);
    return result;
}

static int extract_link(const struct extraction *extraction, const struct pack_node *node,
                        const char *name)
{
    const unsigned char *block;
    int result = pack_block(extraction->pack, node->first_index, &block);
    char target[VFS_PATH_MAX] = "";

    if (result < 0 || !block)
        return result < 0 ? result : -GE_INVAL;
    memcpy(target, block, (size_t) node->size); /* shorter than VFS_PATH_MAX, see check_content */
    return files_symlink(target, extraction->directories[node->parent], name);
}

static int extract_directory(const struct extraction *extraction, const struct pack_node *node,
                             uint32_t number, const char *name)
{
    int parent = extraction->directories[node->parent];
    enum files_type type;
    int fd;
    int result = files_make_directory(parent, name, node->mode & PERMISSIONS);

    if (result < 0)
        return result;
    fd = files_open(parent, name, FILES_DIRECTORY, 0, &type);
    if (fd < 0)
        return fd;
    extraction->directories[number] = fd;
    return 0;
}

static int extract_node(const struct extraction *extraction, uint32_t number)
{
    char name[VFS_NAME_MAX + 1] = "";
    struct pack_node node;

    pack_node(extraction->pack, number, &node);
    memcpy(name, node.name, node.name_length);
    switch (node.mode & VFS_S_IFMT) {
    case VFS_S_IFDIR:
        return extract_directory(extraction, &node, number, name);
    case VFS_S_IFLNK:
        return extract_link(extraction, &node, name);
    default:
        return extract_file(extraction, &node, name);
    }
}

static int sync_all(const struct extraction *extraction, int host_fd)
{
    int result = 0;

    if (!extraction->sync_each)
        return files_sync_all(host_fd);
    for (uint32_t i = 0; i < pack_node_count(extraction->pack) && result == 0; i++)
        if (extraction->directories[i] != CLOSED)
            result = files_sync(extraction->directories[i], false);
    return result;
}

enum status pack_extract(const struct pack *pack, int host_fd, bool sync, struct error *error)
{
    uint32_t count = pack_node_count(pack);
    struct extraction extraction = {
        .pack = pack,
        .sync_each = sync && !files_can_sync_all(),
        .directories = malloc(count * sizeof *extraction.directories),
    };
    struct pack_node root;
    int result;

    if (!extraction.directories)
        return error_set(error, STATUS_NO_MEMORY, "no memory to unpack");
    for (uint32_t i = 0; i < count; i++)
        extraction.directories[i] = CLOSED;
    pack_node(pack, 0, &root);
    extraction.directories[0] = host_fd;
    result = files_chmod(host_fd, root.mode & PERMISSIONS);
    for (uint32_t i = 1; i < count && result == 0; i++)
        result = extract_node(&extraction, i);
    if (result == 0 && sync)
        result = sync_all(&extraction, host_fd);
    for (uint32_t i = 1; i < count; i++)
        if (extraction.directories[i] != CLOSED)
            files_close(extraction.directories[i]);
    free(extraction.directories);
    if (result < 0)
        return error_set_errno(error, result, "cannot unpack into the directory");
    return STATUS_OK;
}
