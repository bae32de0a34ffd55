#include "fake_postgres.h"

#include "postgres-abi.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf handler;
static int level;
static int sqlstate;
static char message[512];
static char hint[256];
static char text[1024];

void fake_clear_error(void)
{
    text[0] = '\0';
}

jmp_buf *fake_handler(void)
{
    return &handler;
}

const char *fake_error_text(void)
{
    return text;
}

bool errstart(int new_level, const char *domain)
{
    (void) domain;
    level = new_level;
    hint[0] = '\0';
    return true;
}

int errcode(int code)
{
    sqlstate = code;
    return 0;
}

int errmsg(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return 0;
}

int errhint(const char *format, ...)
{
    char rest[sizeof hint - 4];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    snprintf(hint, sizeof hint, " (%s)", rest);
    return 0;
}

void errfinish(const char *file, int line, const char *function)
{
    char code[6] = {0};

    if (level != PG_ERROR)
        abort();
    for (int i = 0; i < 5; i++)
        code[i] = (char) ((sqlstate >> 6 * i & 0x3f) + '0');
    snprintf(text, sizeof text, "%s %s%s @%s:%d %s", code, message, hint, file, line, function);
    longjmp(handler, 1);
}
