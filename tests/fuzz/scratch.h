/* A directory of the host's, empty for each input, that nothing may leave. */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

/* Its descriptor, which is the caller's. */
int scratch_begin(void);

/* Removes it with all that is in it. There must be nothing beside it. */
void scratch_end(void);

#endif
