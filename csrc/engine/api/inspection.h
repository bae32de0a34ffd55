/* What tests, benchmarks and the build ask of an engine, and programs do not. Read by cffi, too. */
#ifndef PGLITE_NATIVE_INSPECTION_H
#define PGLITE_NATIVE_INSPECTION_H

#include "engine/api/pglite_native.h"

/* cffi: begin */

/* Compiles all of the guest's code now, not each function when it is first called. */
int pgn_runtime_compile(pgn_runtime *runtime, pgn_error *error);

/* For the build: which functions of the guest's have been called so far, by index, where wasm3 runs it; up to
   size; how many there are. */
size_t pgn_runtime_called(const pgn_runtime *runtime, uint32_t *functions, size_t size);

/* For benchmarks: statistics has guest_ns from now on. Costs ten looks at the clock in a SELECT 1. */
int pgn_measure_guest(pgn_session *session, pgn_error *error);

/* Fault injection for tests: the guest traps at its next safe point. */
int pgn_trap(pgn_session *session, pgn_error *error);

/* cffi: end */

#endif
