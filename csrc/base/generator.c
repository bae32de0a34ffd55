/* xoshiro256** and splitmix64, as their authors give them. */
#include "base/generator.h"

static uint64_t rotate_left(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* Four outputs of splitmix64 in a row are never all zero, which xoshiro's state must not be. */
void generator_seed(struct generator *generator, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        generator->state[i] = splitmix64(&seed);
}

uint64_t generator_next(struct generator *generator)
{
    uint64_t *s = generator->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

void generator_fill(struct generator *generator, void *bytes, size_t size)
{
    unsigned char *at = bytes;
    uint64_t drawn = 0;

    /* Byte by byte, the lowest first: the same on every processor. */
    for (size_t i = 0; i < size; i++) {
        drawn = i % sizeof drawn ? drawn >> 8 : generator_next(generator);
        at[i] = (unsigned char) drawn;
    }
}
