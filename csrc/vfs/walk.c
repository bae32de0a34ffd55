/* Path walk: from a path to a directory and a name in it, one component at a time.
 *
 * The one place that splits paths and follows symbolic links. The order of checks is Linux's
 * (fs/namei.c, link_path_walk), so that of two errors the guest sees the same one.
 */
#include <string.h>

#include "vfs/internal.h"

/* What is left to walk, at the end of the buffer: a link's target is put before it. */
struct rest {
    char text[2 * VFS_PATH_MAX];
    char *at;
    int links; /* followed so far */
};

static int start(struct vfs *vfs, int dirfd, const char *path, struct place *place)
{
    struct file *file;

    if (*path == '\0')
        return -GE_NOENT;
    if (strlen(path) >= VFS_PATH_MAX)
        return -GE_NAMETOOLONG;
    if (*path == '/') {
        place_at_node(vfs, vfs->super->root, place);
        return 0;
    }
    if (dirfd == VFS_AT_CWD)
        file = arena_at(vfs->arena, vfs->super->cwd);
    else
        file = descriptor_file(vfs, dirfd);
    if (!file)
        return -GE_BADF;
    if (!file_operations(file)->place)
        return -GE_NOTDIR;
    return file_operations(file)->place(vfs, file, place);
}

/* Puts the target of the link before the rest, which is empty or starts with a slash. */
static int follow(struct vfs *vfs, struct place *place, const char *name, struct rest *rest)
{
    size_t room = (size_t) (rest->at - rest->text);
    int length = tree_operations(place)->readlink(vfs, place, name, rest->text, room);

    if (length < 0)
        return length;
    if (++rest->links > VFS_LINK_MAX)
        return -GE_LOOP;
    if (length == 0)
        return -GE_NOENT;
    if ((size_t) length == room || length >= VFS_PATH_MAX)
        return -GE_LOOP; /* links within links without end, or as good as that */
    rest->at -= length;
    memmove(rest->at, rest->text, (size_t) length);
    if (*rest->at == '/') {
        place_release(place);
        place_at_node(vfs, vfs->super->root, place);
    }
    return 0;
}

/* The next component, without the slashes before it, cut off at VFS_NAME_MAX; its length, 0 at the
   end. */
static size_t next_name(struct rest *rest, char name[VFS_NAME_MAX + 1])
{
    size_t length, kept;

    rest->at += strspn(rest->at, "/");
    length = strcspn(rest->at, "/");
    kept = length < VFS_NAME_MAX ? length : VFS_NAME_MAX;
    memcpy(name, rest->at, kept);
    name[kept] = '\0';
    rest->at += length;
    return length;
}

/* The walk is over and has arrived in a directory. */
static int arrive(struct walk *walk, enum walk_last last)
{
    strcpy(walk->name, ".");
    walk->last = last;
    return 0;
}

/* A component that leads on: a directory, or a link to follow. */
static int descend(struct vfs *vfs, struct walk *walk, struct rest *rest)
{
    int result = tree_operations(&walk->place)->enter(vfs, &walk->place, walk->name);

    return result == -GE_LOOP ? follow(vfs, &walk->place, walk->name, rest) : result;
}

/* The last component, with no slash after it or not to be touched. 1: it was a link, go on. */
static int finish(struct vfs *vfs, struct walk *walk, struct rest *rest, int mode)
{
    struct place *place = &walk->place;

    walk->last = LAST_NAME;
    if (mode & WALK_PARENT)
        return 0;
    if (tree_operations(place)->is_mount(vfs, place, walk->name)) {
        int result = tree_operations(place)->enter(vfs, place, walk->name);

        strcpy(walk->name, ".");
        return result;
    }
    if (mode & WALK_FOLLOW) {
        int result = follow(vfs, place, walk->name, rest);

        if (result == 0)
            return 1;
        if (result != -GE_INVAL && result != -GE_NOENT) /* not a link, not there: the caller's */
            return result;
    }
    return 0;
}

static int walk_rest(struct vfs *vfs, struct walk *walk, struct rest *rest, int mode)
{
    enum walk_last last = LAST_ROOT;

    for (;;) {
        size_t length = next_name(rest, walk->name);
        bool final = rest->at[strspn(rest->at, "/")] == '\0';
        int result;

        if (length == 0)
            return arrive(walk, last);
        if (strcmp(walk->name, ".") == 0) {
            last = LAST_DOT;
            continue;
        }
        if (strcmp(walk->name, "..") == 0) {
            last = LAST_DOTDOT;
            result = tree_operations(&walk->place)->leave(vfs, &walk->place);
            if (result < 0)
                return result;
            continue;
        }
        last = LAST_NAME;
        walk->slash = *rest->at == '/';
        if (final && walk->slash && (mode & WALK_CREATE))
            return -GE_ISDIR;
        if (length > VFS_NAME_MAX)
            return -GE_NAMETOOLONG;
        if (tree_operations(&walk->place)->is_reserved(&walk->place, walk->name))
            return -GE_ACCES;
        if (final && (!walk->slash || (mode & WALK_PARENT))) {
            result = finish(vfs, walk, rest, mode);
            if (result <= 0)
                return result;
        } else {
            result = descend(vfs, walk, rest);
            if (result < 0)
                return result;
        }
    }
}

int walk_path(struct vfs *vfs, int dirfd, const char *path, int mode, struct walk *walk)
{
    struct rest rest;
    int result;

    walk->place.host_fd_owned = false;
    walk->slash = false;
    result = start(vfs, dirfd, path, &walk->place);
    if (result < 0)
        return result;
    rest.at = rest.text + sizeof rest.text - (strlen(path) + 1);
    strcpy(rest.at, path);
    rest.links = 0;
    result = walk_rest(vfs, walk, &rest, mode);
    if (result < 0)
        walk_release(walk);
    return result;
}

void walk_release(struct walk *walk)
{
    place_release(&walk->place);
}
