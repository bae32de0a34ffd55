/* A file without a name, in memory: what a snapshot is written to, and mapped from. */
#ifndef PGN_PLATFORM_MEMORY_FILE_H
#define PGN_PLATFORM_MEMORY_FILE_H

/* An empty file that is gone with its descriptor: files.h has what to do with one. The descriptor, or
   -GE_*. */
int memory_file_open(void);

#endif
