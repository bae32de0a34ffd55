/* The operations of each kind of tree and of open file. Kinds are numbers, as what has one lies in the
 * arena, which copies of an instance have at other addresses. */
#include "vfs/internal.h"

const struct tree_operations *tree_operations(const struct place *place)
{
    static const struct tree_operations *const trees[TREES] = {
        [TREE_MEMORY] = &memory_tree,
        [TREE_HOST] = &host_tree,
    };

    return trees[place->tree];
}

const struct file_operations *file_operations(const struct file *file)
{
    static const struct file_operations *const kinds[FILE_KINDS] = {
        [FILE_MEMORY] = &memory_files,
        [FILE_HOST] = &host_files,
        [FILE_DEVICE] = &device_files,
        [FILE_PIPE] = &pipe_files,
    };

    return kinds[file->kind];
}
