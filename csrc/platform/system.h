/* Included first by every file of platform/: which system interfaces its headers shall declare. */
#ifndef PGN_PLATFORM_SYSTEM_H
#define PGN_PLATFORM_SYSTEM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* Linux: O_PATH, syncfs, MAP_ANONYMOUS, ... also with -std=c11 */
#endif
#ifdef __APPLE__
#define _DARWIN_C_SOURCE  /* macOS: all of its own, next to _XOPEN_SOURCE */
#define _XOPEN_SOURCE 700 /* macOS: ucontext */
#endif

#endif
