/* Module files: their frames found when they are opened, and unpacked when they are needed. */
#include "engine/instance/module_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "engine/instance/limits.h"

static const unsigned char magic[] = {0x28, 0xb5, 0x2f, 0xfd}; /* of a frame: RFC 8878, 3.1.1 */

/* What a frame holds: the code and the data have one each, which the declarations around them are apart from. A file of one
   frame has no use for parts. */
static unsigned part_of(const struct module_file *file, uint32_t frame)
{
    if (file->frame_count == 1)
        return MODULE_WHOLE;
    if (frame % 2 == 0)
        return MODULE_DECLARATIONS;
    return frame == 1 ? MODULE_CODE : MODULE_DATA;
}

static bool find_frames(struct module_file *file)
{
    size_t at = 0;

    while (at < file->map.size) {
        struct compressed_frame *frame = &file->frames[file->frame_count];

        if (file->frame_count == MODULE_FRAMES_MAX
            || !compressed_find(file->map.base + at, file->map.size - at, frame)
            || frame->content_size > SIZE_MAX - file->size)
            return false;
        at += frame->size;
        file->size += frame->content_size;
        file->frame_count++;
    }
    return true;
}

enum status module_file_open(const char *path, struct module_file *file, struct error *error)
{
    int result = map_open(path, &file->map);

    if (result == -GE_NOENT)
        return error_set(error, STATUS_NOT_FOUND, "%s does not exist: is the package complete?",
                         path);
    if (result < 0)
        return error_set_errno(error, result, "cannot map %s", path);
    file->bytes = file->map.base;
    if (file->map.size < sizeof magic || memcmp(file->map.base, magic, sizeof magic) != 0) {
        file->size = file->map.size;
        return STATUS_OK;
    }
    if (!find_frames(file))
        return error_set(error, STATUS_MODULE,
                         "%s is damaged or cut off: install the package again", path);
    map_drop_pages(&file->map); /* where its blocks begin has been read, which is everywhere */
    file->content = calloc(1, file->size + 1); /* of which only what is unpacked takes memory */
    file->monitor = monitor_open();
    file->bytes = file->content;
    return file->content && file->monitor ? STATUS_OK : no_memory_for(error, "a module");
}

void module_file_close(struct module_file *file)
{
    monitor_close(file->monitor);
    free(file->content);
    map_close(&file->map);
    *file = (struct module_file){.bytes = NULL};
}

static enum status unpack(struct module_file *file, unsigned parts, struct error *error)
{
    struct decoder *decoder = decoder_open();
    enum status status = decoder ? STATUS_OK : no_memory_for(error, "unpacking a module");
    size_t at = 0;

    for (uint32_t i = 0; i < file->frame_count && !status; i++) {
        if ((part_of(file, i) & parts)
            && !compressed_unpack(decoder, &file->frames[i], file->content + at))
            status = error_set(error, STATUS_MODULE,
                               "a module of the package is damaged: install it again");
        at += file->frames[i].content_size;
    }
    decoder_close(decoder);
    map_drop_pages(&file->map);
    return status;
}

enum status module_file_need(struct module_file *file, unsigned parts, struct error *error)
{
    enum status status = STATUS_OK;
    unsigned missing;

    if (!file->content || (parts & ~atomic_load_explicit(&file->ready, memory_order_acquire)) == 0)
        return STATUS_OK;
    monitor_enter(file->monitor);
    missing = parts & ~atomic_load_explicit(&file->ready, memory_order_relaxed);
    if (missing)
        status = unpack(file, missing, error);
    if (!status)
        atomic_fetch_or_explicit(&file->ready, missing, memory_order_release);
    monitor_leave(file->monitor);
    return status;
}

void module_file_lock(struct module_file *file)
{
    if (file->monitor)
        monitor_enter(file->monitor);
}

void module_file_unlock(struct module_file *file)
{
    if (file->monitor)
        monitor_leave(file->monitor);
}
