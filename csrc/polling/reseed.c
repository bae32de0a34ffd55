/* Reseeding in a copy of an instance: what forks may not share is made anew. */
#include "reseed.h"

#include "postgres-abi.h"

enum { SETSEED = 1599, SEED_BITS = 53 }; /* the function's OID; what a double has of precision */

void pglite_reseed(void)
{
    uint64_t seed[3];
    PGDatum fraction;

    if (!pg_strong_random(seed, sizeof seed))
        return;
    /* Never all zero: the generator would stay there. */
    pg_global_prng_state = (PGPrngState){.s0 = seed[0], .s1 = seed[1] | 1};
    /* random() has a generator of its own, which nothing exports. */
    fraction = Float8GetDatum((double) (seed[2] >> (64 - SEED_BITS))
                              / (double) ((uint64_t) 1 << SEED_BITS));
    OidFunctionCall1Coll(SETSEED, 0, fraction);
    pfree((void *) fraction);
}
