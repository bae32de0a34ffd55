/* Putting back: what an engine has written to is as in its image again. docs/IMAGE.md has the reasons. */
#ifndef PGN_ENGINE_PUT_BACK_H
#define PGN_ENGINE_PUT_BACK_H

#include "engine/instance/image.h"

/* Brings parts that were mapped from this very image back to it by writing to the pages that were written to since: they
   stay, so using them again does not fault. False where they are many or the system does not say which: the parts
   are then to be mapped again. */
bool put_back(const pgn_image *image, const struct image_part parts[IMAGE_REGIONS]);

#endif
