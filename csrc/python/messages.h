/* The backend's messages as bytes: what the modules of this folder have in common.
 *
 * Bytes come from the server and are not trusted: whatever its lengths say, nothing is read outside.
 */
#ifndef PGN_PYTHON_MESSAGES_H
#define PGN_PYTHON_MESSAGES_H

#include "api.h"

#include <stdint.h>
#include <string.h>

enum {
    HEAD_SIZE = 5,    /* a message's type and length; the length counts itself */
    NULL_LENGTH = -1, /* of a value */
};

struct span {
    const unsigned char *at, *end;
};

static inline uint32_t load16(const unsigned char *at)
{
    return (uint32_t) at[0] << 8 | at[1];
}

static inline uint32_t load32(const unsigned char *at)
{
    return load16(at) << 16 | load16(at + 2);
}

static inline uint64_t load64(const unsigned char *at)
{
    return (uint64_t) load32(at) << 32 | load32(at + 4);
}

static inline Py_ssize_t span_size(const struct span *span)
{
    return span->end - span->at;
}

static inline PyObject *damaged(void)
{
    PyErr_SetString(PyExc_ValueError, "a message of the server is damaged");
    return NULL;
}

/* Cuts the next message off when it is whole and of this kind. */
static inline int take_message(struct span *input, char kind, struct span *payload)
{
    size_t size;

    if (span_size(input) < HEAD_SIZE || input->at[0] != (unsigned char) kind)
        return 0;
    size = load32(input->at + 1);
    if (size < HEAD_SIZE - 1 || size > (size_t) (span_size(input) - 1))
        return 0;
    *payload = (struct span) {input->at + HEAD_SIZE, input->at + 1 + size};
    input->at = payload->end;
    return 1;
}

/* Cuts the next value of a row off; one that is NULL has no place. */
static inline int take_value(struct span *row, struct span *value)
{
    int32_t size;

    if (span_size(row) < 4)
        return 0;
    size = (int32_t) load32(row->at);
    row->at += 4;
    if (size == NULL_LENGTH) {
        *value = (struct span) {NULL, NULL};
        return 1;
    }
    if (size < 0 || size > span_size(row))
        return 0;
    *value = (struct span) {row->at, row->at + size};
    row->at += size;
    return 1;
}

static inline int open_span(PyObject *bytes, Py_ssize_t start, struct span *span)
{
    char *base;
    Py_ssize_t size;

    if (PyBytes_AsStringAndSize(bytes, &base, &size) < 0)
        return -1;
    if (start < 0 || start > size) {
        PyErr_SetString(PyExc_ValueError, "the start lies outside");
        return -1;
    }
    *span = (struct span) {(unsigned char *) base + start, (unsigned char *) base + size};
    return 0;
}

#endif
