/* Included first by every file of platform/: which system interfaces its headers shall declare. */
#ifndef PGN_PLATFORM_SYSTEM_H
#define PGN_PLATFORM_SYSTEM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* Linux: O_PATH, syncfs, MAP_ANONYMOUS, ... also with -std=c11 */
#endif
#ifdef __APPLE__
#define _DARWIN_C_SOURCE /* macOS: all of its own */
#endif

/* What only Linux has. Without it, which PLATFORM_PORTABLE brings about on Linux too, everything does what it
   does on macOS: so the tests run that. */
#if defined(__linux__) && !defined(PLATFORM_PORTABLE)
#define PLATFORM_LINUX 1
#endif

#endif
