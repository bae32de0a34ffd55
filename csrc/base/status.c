/* Status names and messages, from the one table. */
#include "base/status.h"

#include "base/errno.h"

#include <stdarg.h>
#include <stdio.h>

const char *status_name(enum status status)
{
    static const char *const names[] = {
#define STATUS_NAME(name, message) #name,
        STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
    };

    return (size_t) status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

const char *status_message(enum status status)
{
    static const char *const messages[] = {
#define STATUS_MESSAGE(name, message) message,
        STATUS_TABLE(STATUS_MESSAGE)
#undef STATUS_MESSAGE
    };

    return (size_t) status < sizeof messages / sizeof *messages ? messages[status]
                                                                : "unknown status";
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error) {
        va_list args;

        error->status = status;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
    }
    return status;
}

enum status error_set_errno(struct error *error, int result, const char *format, ...)
{
    char what[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return error_set(error, result == -GE_NOMEM ? STATUS_NO_MEMORY : STATUS_IO, "%s: %s", what,
                     errno_text(-result));
}
