/* What the errno numbers mean, from the one table. */
#include "base/errno.h"

const char *errno_text(int error)
{
    switch (error) {
    case GE_OK:
        return "success";
#define ERRNO_CASE(name, number, text)                                                             \
    case number:                                                                                   \
        return text;
        ERRNO_NUMBERS(ERRNO_CASE)
#undef ERRNO_CASE
    default:
        return "unknown error";
    }
}
