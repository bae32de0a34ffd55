#include "model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_fill(unsigned char *bytes, size_t size, uint32_t fill)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char) ((fill + i) * 2654435761u >> 24);
}

uint64_t model_hash(const unsigned char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void model_text_stat(struct outcome *outcome, uint32_t mode, uint64_t size, uint64_t links,
                     int64_t mtime_ns)
{
    bool directory = (mode & VFS_S_IFMT) == VFS_S_IFDIR;
    char mtime[32] = "now";

    if (mtime_ns < INT64_C(1000000000000)) /* set by OP_UTIMENS */
        snprintf(mtime, sizeof mtime, "%" PRId64, mtime_ns);
    if (directory) /* size and links are the file system's own business */
        snprintf(outcome->text, sizeof outcome->text, "%o %s", mode, mtime);
    else
        snprintf(outcome->text, sizeof outcome->text, "%o %s size %" PRIu64 " links %" PRIu64, mode,
                 mtime, size, links);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

void model_text_names(struct outcome *outcome, char **names, size_t count)
{
    size_t length = 0;

    qsort(names, count, sizeof *names, compare_names);
    outcome->text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        length += (size_t) snprintf(outcome->text + length, sizeof outcome->text - length, "%s\n",
                                    names[i]);
}

/* ---- The tree, by operations that every world has ---- */

struct tree_walk {
    performer perform;
    void *world;
    struct outcome *outcome;
    size_t length;
};

static void add(struct tree_walk *walk, const char *text)
{
    size_t room = MODEL_TEXT - walk->length;
    int written = snprintf(walk->outcome->text + walk->length, room, "%s", text);

    walk->length += (size_t) written < room ? (size_t) written : room - 1;
}

static void ask(struct tree_walk *walk, struct outcome *answer, enum operation_kind kind,
                const char *path)
{
    struct operation operation = {.kind = kind, .slot = MODEL_SLOTS - 1, .other = -1};

    operation.size = MODEL_BYTES;
    if (kind == OP_OPEN)
        operation.flags = VFS_O_RDONLY | VFS_O_NOFOLLOW;
    snprintf(operation.path, sizeof operation.path, "%s", path);
    walk->perform(walk->world, &operation, answer);
}

static void walk_directory(struct tree_walk *walk, const char *path, int depth)
{
    struct outcome *answer = malloc(sizeof *answer);
    char *names, *rest, *name;

    ask(walk, answer, OP_OPEN, *path ? path : "/");
    ask(walk, answer, OP_LIST, path);
    names = strdup(answer->text);
    ask(walk, answer, OP_CLOSE, path);
    for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        char child[MODEL_PATH];

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, name) >= (int) sizeof child || depth > 8)
            continue;
        ask(walk, answer, OP_LSTAT, child);
        add(walk, child);
        add(walk, " ");
        add(walk, answer->text);
        if (strncmp(answer->text, "40", 2) == 0) {
            add(walk, "\n");
            walk_directory(walk, child, depth + 1);
            continue;
        }
        if (strncmp(answer->text, "12", 2) == 0) {
            ask(walk, answer, OP_READLINK, child);
        } else {
            ask(walk, answer, OP_OPEN, child);
            ask(walk, answer, OP_READ, child);
            add(walk, " content ");
            add(walk, answer->text);
            ask(walk, answer, OP_CLOSE, child);
            answer->text[0] = '\0';
        }
        add(walk, " ");
        add(walk, answer->text);
        add(walk, "\n");
    }
    free(names);
    free(answer);
}

void model_tree(performer perform, void *world, struct outcome *outcome)
{
    struct tree_walk walk = {.perform = perform, .world = world, .outcome = outcome};

    outcome->result = 0;
    outcome->text[0] = '\0';
    walk_directory(&walk, "", 0);
}

void model_describe(const struct operation *operation, char *text, size_t size)
{
    static const char *const names[OP_KINDS] = {
        "open",      "close",    "dup",      "read",    "write",      "pread",  "pwrite", "seek",
        "ftruncate", "truncate", "allocate", "sync",    "set_append", "mkdir",  "unlink", "rmdir",
        "rename",    "link",     "copy",     "symlink", "readlink",   "stat",   "lstat",  "fstat",
        "chmod",     "fchmod",   "access",   "utimens", "chdir",      "getcwd", "umask",  "list",
    };

    snprintf(text, size,
             "%s slot %d other %d flags 0x%x mode 0%o offset %" PRId64
             " size %u \"%.300s\" \"%.300s\"",
             names[operation->kind], operation->slot, operation->other, (unsigned) operation->flags,
             operation->mode, operation->offset, operation->size, operation->path,
             operation->target);
}
