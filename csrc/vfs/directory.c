/* Directories in memory: a treap of entries, ordered by a hash of the name.
 *
 * The key is the hash with a few low bits that tell apart names of equal hash. It serves lookup, and
 * it is the readdir cookie: "the next key above" is right whatever was added or removed.
 * Priorities are a second hash, of the key: the shape depends on nothing but the names.
 */
#include <string.h>

#include "vfs/internal.h"

enum { DISCRIMINATOR_BITS = 8 };

#define DISCRIMINATOR_MASK ((UINT64_C(1) << DISCRIMINATOR_BITS) - 1)

/* Keys have bit 62 set and bit 63 clear: they are above the cookies of "." and "..", and positive
   as a file position. */
#define KEY_BASE (UINT64_C(1) << 62)

static uint64_t mix(uint64_t x)
{
    /* The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom generators). */
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The smallest key a name may have. */
static uint64_t name_key(const char *name, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char) name[i]) * UINT64_C(0x100000001b3);
    return ((mix(hash) & (KEY_BASE - 1)) | KEY_BASE) & ~DISCRIMINATOR_MASK;
}

static bool above(uint64_t a, uint64_t b)
{
    return mix(a) > mix(b);
}

static size_t entry_size(size_t name_length)
{
    return sizeof(struct entry) + name_length;
}

arena_offset directory_after(struct vfs *vfs, const struct node *directory, uint64_t key)
{
    arena_offset at = directory->directory.entries;
    arena_offset found = 0;

    while (at) {
        const struct entry *entry = entry_at(vfs, at);

        if (entry->key > key) {
            found = at;
            at = entry->left;
        } else {
            at = entry->right;
        }
    }
    return found;
}

arena_offset directory_find(struct vfs *vfs, const struct node *directory, const char *name)
{
    size_t length = strlen(name);
    uint64_t first = name_key(name, length);
    arena_offset at = directory_after(vfs, directory, first - 1);

    while (at) {
        const struct entry *entry = entry_at(vfs, at);

        if (entry->key > (first | DISCRIMINATOR_MASK))
            return 0;
        if (entry->length == length && memcmp(entry->name, name, length) == 0)
            return at;
        at = directory_after(vfs, directory, entry->key);
    }
    return 0;
}

/* The first key of the name's that no other name has. 0: all are taken. */
static uint64_t free_key(struct vfs *vfs, const struct node *directory, const char *name,
                         size_t length)
{
    uint64_t first = name_key(name, length);

    for (uint64_t key = first; key <= (first | DISCRIMINATOR_MASK); key++) {
        arena_offset at = directory_after(vfs, directory, key - 1);

        if (!at || entry_at(vfs, at)->key != key)
            return key;
    }
    return 0;
}

arena_offset directory_insert(struct vfs *vfs, struct node *directory, const char *name,
                              arena_offset node)
{
    size_t length = strlen(name);
    uint64_t key = free_key(vfs, directory, name, length);
    arena_offset offset = key ? arena_allocate(vfs->arena, entry_size(length)) : 0;
    arena_offset *link = &directory->directory.entries;
    arena_offset *left, *right;
    arena_offset rest;
    struct entry *entry;

    if (!offset)
        return 0;
    entry = entry_at(vfs, offset);
    entry->key = key;
    entry->node = node;
    entry->length = (uint32_t) length;
    memcpy(entry->name, name, length);
    vfs->super->names_used++;

    while (*link && above(entry_at(vfs, *link)->key, key)) {
        struct entry *at = entry_at(vfs, *link);

        link = key < at->key ? &at->left : &at->right;
    }
    /* What stands there is split by the key and goes below. */
    left = &entry->left;
    right = &entry->right;
    for (rest = *link; rest;) {
        struct entry *at = entry_at(vfs, rest);

        if (at->key < key) {
            *left = rest;
            left = &at->right;
            rest = at->right;
        } else {
            *right = rest;
            right = &at->left;
            rest = at->left;
        }
    }
    *left = *right = 0;
    *link = offset;
    return offset;
}

void directory_remove(struct vfs *vfs, struct node *directory, arena_offset entry)
{
    uint64_t key = entry_at(vfs, entry)->key;
    arena_offset left = entry_at(vfs, entry)->left;
    arena_offset right = entry_at(vfs, entry)->right;
    arena_offset *link = &directory->directory.entries;

    while (*link != entry) {
        struct entry *at = entry_at(vfs, *link);

        link = key < at->key ? &at->left : &at->right;
    }
    /* Its two subtrees, merged, take its place. */
    while (left && right) {
        struct entry *l = entry_at(vfs, left), *r = entry_at(vfs, right);

        if (above(l->key, r->key)) {
            *link = left;
            link = &l->right;
            left = l->right;
        } else {
            *link = right;
            link = &r->left;
            right = r->left;
        }
    }
    *link = left ? left : right;
    vfs->super->names_used--;
    arena_free(vfs->arena, entry, entry_size(entry_at(vfs, entry)->length));
}
