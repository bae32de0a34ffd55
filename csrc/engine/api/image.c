/* The C interface to images. */
#include "engine/instance/image.h"

#include "engine/api/gate.h"

int pgn_image_open(pgn_runtime *runtime, int fd, bool is_known, pgn_image **image,
                   pgn_error *pgn_error)
{
    struct error error;

    if (image_open(runtime, fd, is_known, image, &error))
        return api_error(pgn_error, &error);
    return STATUS_OK;
}

int pgn_image_save(const pgn_image *image, int fd, pgn_error *pgn_error)
{
    struct error error;

    return image_save(image, fd, &error) ? api_error(pgn_error, &error) : STATUS_OK;
}

uint64_t pgn_image_size(const pgn_image *image)
{
    return image_file_size(image);
}

void pgn_image_drop(pgn_image **image)
{
    image_release(*image);
    *image = NULL;
}
