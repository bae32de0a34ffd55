/* Packs: validation, and access to what has been validated. Format: docs/PACK.md. */
#include "vfs/pack.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compressed.h"
#include "platform/map.h"
#include "platform/monitor.h"
#include "vfs/internal.h"

enum {
    HEADER_SIZE = 64,
    NODE_SIZE = 40,
    INDEX_SIZE = 4,
    MAGIC_SIZE = 8,
    CHUNK_HEADER_SIZE = 8,
    CHUNK_SIZE = 4, /* of a chunk's size in the table of them */
    CHUNK_BLOCKS_MAX = 1024,
    NONE = 0, /* "no sibling yet": node 0 is no node's child */
    PERMISSIONS = 07777
};

/* The blocks of a compressed pack, chunk by chunk: each is unpacked when the first of its blocks is asked for, and stays
   where all would be. */
struct chunks {
    uint32_t blocks, count; /* blocks in each but the last; chunks */
    uint64_t *positions;    /* in the file, and where the last one ends */
    unsigned char *content;
    atomic_bool *ready;
    struct monitor *monitor; /* of who unpacks one */
    struct decoder *decoder; /* NULL: none has been unpacked yet */
};

struct pack {
    struct map map;
    uint32_t node_count, index_count, block_count, name_bytes;
    const unsigned char *nodes, *index, *names, *blocks;
    bool is_compressed;
    struct chunks chunks;
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

static bool unpack(const struct pack *pack, struct chunks *chunks, uint32_t number)
{
    uint64_t first = (uint64_t) number * chunks->blocks, left = pack->block_count - first;
    uint64_t size = (left < chunks->blocks ? left : chunks->blocks) * VFS_BLOCK;
    uint64_t at = chunks->positions[number];
    struct compressed_frame frame;

    if (!chunks->decoder)
        chunks->decoder = decoder_open();
    return chunks->decoder
           && compressed_find(pack->map.base + at, (size_t) (chunks->positions[number + 1] - at),
                              &frame)
           && frame.content_size == size
           && compressed_unpack(chunks->decoder, &frame, chunks->content + first * VFS_BLOCK);
}

/* False: it is damaged, or memory is out. */
static bool make_ready(const struct pack *pack, uint32_t number)
{
    struct chunks *chunks =
        (struct chunks *) &pack->chunks; /* what is unpacked is no part of what a pack is */
    bool ready;

    if (atomic_load_explicit(&chunks->ready[number], memory_order_acquire))
        return true;
    monitor_enter(chunks->monitor);
    ready = atomic_load_explicit(&chunks->ready[number], memory_order_relaxed)
            || unpack(pack, chunks, number);
    if (ready)
        atomic_store_explicit(&chunks->ready[number], true, memory_order_release);
    monitor_leave(chunks->monitor);
    return ready;
}

int pack_block(const struct pack *pack, uint32_t index, const unsigned char **bytes)
{
    uint32_t block = load32(pack->index + (size_t) index * INDEX_SIZE);

    if (block && pack->is_compressed && !make_ready(pack, (block - 1) / pack->chunks.blocks))
        return -GE_IO;
    *bytes = block ? pack->blocks + (size_t) (block - 1) * VFS_BLOCK : NULL;
    return 0;
}

void pack_lock(const struct pack *pack)
{
    if (pack && pack->is_compressed)
        monitor_enter(pack->chunks.monitor);
}

void pack_unlock(const struct pack *pack)
{
    if (pack && pack->is_compressed)
        monitor_leave(pack->chunks.monitor);
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

    if (pack->map.size < HEADER_SIZE)
        return "it does not start as a pack does";
    pack->is_compressed = memcmp(base, "PGNPACK2", MAGIC_SIZE) == 0;
    if (!pack->is_compressed && memcmp(base, "PGNPACK1", MAGIC_SIZE) != 0)
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
        || !area_fits(pack, blocks, pack->is_compressed ? CHUNK_HEADER_SIZE : pack->block_count,
                      pack->is_compressed ? 1 : VFS_BLOCK)
        || (!pack->is_compressed && blocks % VFS_BLOCK != 0))
        return "its header points outside the file";
    pack->nodes = base + nodes;
    pack->index = base + index;
    pack->names = base + names;
    pack->blocks = base + blocks;
    return NULL;
}

/* The chunks follow their table, back to back up to the file's end. What is in them is looked at as it is unpacked. */
static const char *open_chunks(struct pack *pack)
{
    struct chunks *chunks = &pack->chunks;
    const unsigned char *sizes = pack->blocks + CHUNK_HEADER_SIZE;
    uint64_t at = (uint64_t) (sizes - pack->map.base), needed;

    chunks->blocks = load32(pack->blocks);
    chunks->count = load32(pack->blocks + 4);
    if (chunks->blocks == 0 || chunks->blocks > CHUNK_BLOCKS_MAX)
        return "its chunks have an impossible size";
    needed = ((uint64_t) pack->block_count + chunks->blocks - 1) / chunks->blocks;
    if (chunks->count != needed || !area_fits(pack, at, needed, CHUNK_SIZE))
        return "it has not as many chunks as its blocks make";
    chunks->positions = calloc((size_t) needed + 1, sizeof *chunks->positions);
    chunks->ready = calloc((size_t) needed + 1, sizeof *chunks->ready);
    chunks->content = malloc((size_t) pack->block_count * VFS_BLOCK + 1);
    chunks->monitor = monitor_open();
    if (!chunks->positions || !chunks->ready || !chunks->content || !chunks->monitor)
        return "there is no memory for what is in it";
    at += needed * CHUNK_SIZE;
    for (uint32_t i = 0; i < chunks->count; i++) {
        chunks->positions[i] = at;
        at += load32(sizes + (size_t) i * CHUNK_SIZE);
    }
    chunks->positions[chunks->count] = at;
    pack->blocks = chunks->content;
    return at == pack->map.size ? NULL : "its chunks do not end where it does";
}

static void close_chunks(struct chunks *chunks)
{
    free(chunks->positions);
    free((void *) chunks->ready);
    free(chunks->content);
    monitor_close(chunks->monitor);
    decoder_close(chunks->decoder);
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
    if (!problem && pack->is_compressed)
        problem = open_chunks(pack);
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
    close_chunks(&pack->chunks);
    map_close(&pack->map);
    free(pack);
}
