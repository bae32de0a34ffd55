/* Leaving calls: setjmp and longjmp, without the signal mask, which they would save by a system call, and without running
 * what a language or system would on the way.
 *
 *     if (jump_mark(place) == 0) ...       and from a call made there: jump_to(place, 1)
 */
#ifndef PGN_PLATFORM_JUMP_H
#define PGN_PLATFORM_JUMP_H

#include <setjmp.h>

#ifdef _WIN32
#define jump_mark(place) _setjmp(place, NULL) /* no frame: else longjmp unwinds all up to it */
#define jump_to(place, value) longjmp(place, value)
#else
#define jump_mark(place) _setjmp(place)
#define jump_to(place, value) _longjmp(place, value)
#endif

#endif
