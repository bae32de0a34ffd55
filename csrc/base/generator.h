/* A generator of random-looking bytes that a seed determines: xoshiro256**, seeded by splitmix64.
 *
 * Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators. ACM TOMS 47(4), 2021; code in
 * the public domain at https://prng.di.unimi.it/. For repeating a run, not for secrets: who sees
 * some of its output can tell the rest.
 */
#ifndef PGN_BASE_GENERATOR_H
#define PGN_BASE_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

/* No pointers: it may live in an arena, and a copy continues as the original does. */
struct generator {
    uint64_t state[4];
};

void generator_seed(struct generator *generator, uint64_t seed);

uint64_t generator_next(struct generator *generator);

/* Whole numbers are drawn; what is left of the last one is dropped. */
void generator_fill(struct generator *generator, void *bytes, size_t size);

#endif
