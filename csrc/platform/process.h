/* Which process this is, without asking the system each time. */
#ifndef PGN_PLATFORM_PROCESS_H
#define PGN_PLATFORM_PROCESS_H

#include <stdint.h>

/* A note of this process's number, which a child of fork finds empty. */
struct process_note;

/* NULL: the system has no such memory, or none left. */
struct process_note *process_note_open(void);
void process_note_close(struct process_note *note); /* NULL is fine */

/* This process's number. Without a note (NULL) the system is asked. */
int32_t process_number(struct process_note *note);

#endif
