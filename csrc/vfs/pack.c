/* Packs: validation, and access to what has been validated. Format: docs/PACK.md. */
#include "vfs/pack.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/map.h"
#include "vfs/internal.h"

enum {
    HEADER_SIZE = 64,
    NODE_SIZE = 40,
    INDEX_SIZE = 4,
    MAGIC_SIZE = 8,
    NONE = 0, /* "no sibling yet": node 0 is no node's child */
    PERMISSIONS = 07777
};

struct pack {
    struct map map;
    uint32_t node_count, index_count, block_count, name_bytes;
    const unsigned char *nodes, *index, *names, *blocks;
    uint64_t identity;
};

/* ---- Little-endian numbers, wherever they stand ---- */

static uint32_t load16(const unsigned char *at)
{
    return (uint32_t) at[0] | (uint32_t) at[1] << 8;
}

static uint32_t load32(const unsigned char *at)
{
    return load16(at) | load16(at + 2) << 16;
}

static uint64_t load64(const unsigned char *at)
{
    return (uint64_t) load32(at) | (uint64_t) load32(at + 4) << 32;
}

/* ---- Access ---- */

uint32_t pack_node_count(const struct pack *pack)
{
    return pack->node_count;
}

void pack_node(const struct pack *pack, uint32_t number, struct pack_node *node)
{
    const unsigned char *at = pack->nodes + (size_t) number * NODE_SIZE;

    *node = (struct pack_node){
        .parent = load32(at),
        .name = (const char *) pack->names + load32(at + 4),
        .name_length = load16(at + 8),
        .mode = load32(at + 12),
        .size = load64(at + 16),
        .mtime_ns = (int64_t) load64(at + 24),
        .first_index = load32(at + 32),
    };
}

const unsigned char *pack_block(const struct pack *pack, uint32_t index)
{
    uint32_t block = load32(pack->index + (size_t) index * INDEX_SIZE);

    return block ? pack->blocks + (size_t) (block - 1) * VFS_BLOCK : NULL;
}

uint64_t pack_identity(const struct pack *pack)
{
    return pack->identity;
}

/* ---- Validation: after it the functions above need no checks ---- */

/* Do count items of size bytes at offset lie in the file? */
static bool area_fits(const struct pack *pack, uint64_t offset, uint64_t count, uint64_t size)
{
    return offset >= HEADER_SIZE && offset <= pack->map.size
           && count <= (pack->map.size - offset) / size;
}

static const char *check_header(struct pack *pack)
{
    const unsigned char *base = pack->map.base;
    uint64_t nodes, index, names, blocks;

    if (pack->map.size < HEADER_SIZE || memcmp(base, "PGNPACK1", MAGIC_SIZE) != 0)
        return "it does not start as a pack does";
    pack->node_count = load32(base + 8);
    pack->index_count = load32(base + 12);
    pack->block_count = load32(base + 16);
    pack->name_bytes = load32(base + 20);
    nodes = load64(base + 24);
    index = load64(base + 32);
    names = load64(base + 40);
    blocks = load64(base + 48);
    if (load64(base + 56) != pack->map.size)
        return "it is not as long as it says: the file is damaged or cut off";
    if (!area_fits(pack, nodes, pack->node_count, NODE_SIZE)
        || !area_fits(pack, index, pack->index_count, INDEX_SIZE)
        || !area_fits(pack, names, pack->name_bytes, 1)
        || !area_fits(pack, blocks, pack->block_count, VFS_BLOCK) || blocks % VFS_BLOCK != 0)
        return "its header points outside the file";
    pack->nodes = base + nodes;
    pack->index = base + index;
    pack->names = base + names;
    pack->blocks = base + blocks;
    return NULL;
}

static const char *check_index(const struct pack *pack)
{
    for (uint32_t i = 0; i < pack->index_count; i++)
        if (load32(pack->index + (size_t) i * INDEX_SIZE) > pack->block_count)
            return "its index names a block that is not there";
    return NULL;
}

static bool is_name(const char *name, uint32_t length)
{
    if (length < 1 || length > VFS_NAME_MAX || memchr(name, '/', length) || memchr(name, 0, length))
        return false;
    return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* Byte order, as memcmp and then the shorter first. */
static bool name_less(const struct pack_node *a, const struct pack_node *b)
{
    uint32_t shorter = a->name_length < b->name_length ? a->name_length : b->name_length;
    int order = memcmp(a->name, b->name, shorter);

    return order < 0 || (order == 0 && a->name_length < b->name_length);
}

static const char *check_content(const struct pack *pack, const struct pack_node *node)
{
    uint64_t blocks = node->size / VFS_BLOCK + (node->size % VFS_BLOCK != 0);

    switch (node->mode & VFS_S_IFMT) {
    case VFS_S_IFDIR:
        return NULL;
    case VFS_S_IFLNK:
        if (node->size == 0 || node->size >= VFS_PATH_MAX)
            return "a symbolic link's target has an impossible length";
        break;
    case VFS_S_IFREG:
        break;
    default:
        return "a node is neither file, directory nor symbolic link";
    }
    if (node->first_index > pack->index_count || blocks > pack->index_count - node->first_index)
        return "a file's blocks lie outside the index";
    return NULL;
}

/* last_child: for each node the one of its children seen last. */
static const char *check_node(const struct pack *pack, uint32_t number, uint32_t *last_child)
{
    const unsigned char *at = pack->nodes + (size_t) number * NODE_SIZE;
    struct pack_node node, parent, sibling;

    if (load32(at + 4) > pack->name_bytes || load16(at + 8) > pack->name_bytes - load32(at + 4))
        return "a name lies outside the name area";
    pack_node(pack, number, &node);
    if (node.mode & ~(uint32_t) (VFS_S_IFMT | PERMISSIONS))
        return "a node's mode has unknown bits";
    if (number == 0)
        return node.parent == 0 && node.name_length == 0 && (node.mode & VFS_S_IFMT) == VFS_S_IFDIR
                   ? NULL
                   : "its root is not a directory";
    if (node.parent >= number)
        return "a node comes before its directory";
    if (!is_name(node.name, node.name_length))
        return "a name is not one that a file can have";
    pack_node(pack, node.parent, &parent);
    if ((parent.mode & VFS_S_IFMT) != VFS_S_IFDIR)
        return "a node lies in something that is no directory";
    if (last_child[node.parent] != NONE) {
        pack_node(pack, last_child[node.parent], &sibling);
        if (!name_less(&sibling, &node))
            return "the names in a directory are not in order";
    }
    last_child[node.parent] = number;
    return check_content(pack, &node);
}

static const char *check_nodes(const struct pack *pack)
{
    const char *problem = NULL;
    uint32_t *last_child;

    if (pack->node_count == 0)
        return "it has no root";
    last_child = calloc(pack->node_count, sizeof *last_child);
    if (!last_child)
        return "there is no memory to check it";
    for (uint32_t i = 0; i < pack->node_count && !problem; i++)
        problem = check_node(pack, i, last_child);
    free(last_child);
    return problem;
}

/* FNV-1a over everything but the blocks, which are too many to read at each start. */
static uint64_t hash_area(uint64_t hash, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t identify(const struct pack *pack)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = hash_area(hash, pack->map.base, HEADER_SIZE);
    hash = hash_area(hash, pack->nodes, (size_t) pack->node_count * NODE_SIZE);
    hash = hash_area(hash, pack->index, (size_t) pack->index_count * INDEX_SIZE);
    return hash_area(hash, pack->names, pack->name_bytes);
}

/* NULL, or what is wrong. */
static const char *check(struct pack *pack)
{
    const char *problem = check_header(pack);

    if (!problem)
        problem = check_index(pack);
    return problem ? problem : check_nodes(pack);
}

enum status pack_open(const char *path, struct pack **opened, struct error *error)
{
    struct pack *pack = calloc(1, sizeof *pack);
    enum status status = STATUS_OK;
    const char *problem;
    int result;

    if (!pack)
        return error_set(error, STATUS_NO_MEMORY, "no memory to open the pack %s", path);
    result = map_open(path, &pack->map);
    problem = result == 0 ? check(pack) : NULL;
    if (result == -GE_NOENT)
        status = error_set(error, STATUS_NOT_FOUND, "the pack %s does not exist", path);
    else if (result < 0)
        status = error_set_errno(error, result, "cannot map the pack %s", path);
    else if (problem)
        status = error_set(error, STATUS_PACK, "%s is not a usable pack: %s", path, problem);
    if (status != STATUS_OK) {
        pack_close(pack);
        return status;
    }
    pack->identity = identify(pack);
    *opened = pack;
    return STATUS_OK;
}

void pack_close(struct pack *pack)
{
    if (!pack)
        return;
    map_close(&pack->map);
    free(pack);
}
