/* What the fuzz targets have in common: libFuzzer's entry points, and checks. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process, upon which libFuzzer writes the input down. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The input, taken piece by piece; zeros once it is used up. */
struct input {
    const uint8_t *at, *end;
};

static inline size_t input_left(const struct input *input)
{
    return (size_t) (input->end - input->at);
}

static inline uint64_t input_number(struct input *input, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size && input->at < input->end; i++)
        value |= (uint64_t) *input->at++ << (8 * i);
    return value;
}

static inline uint8_t input_byte(struct input *input)
{
    return (uint8_t) input_number(input, 1);
}

#endif
