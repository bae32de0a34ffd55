/* The polling transport: two buffers and a control block that guest and host share.
 *
 * Who writes what, and when, is in docs/HANDSHAKE.md. Host and guest take turns (the host acts between
 * guest calls and inside pglite_host_wait), so plain loads and stores do. The layouts are part of the
 * contract and asserted in the .c file. */
#ifndef PGLITE_COMM_POLLING_H
#define PGLITE_COMM_POLLING_H

#include "guest-libc.h"

enum {
    PGLITE_BUFFER_SIZE_MIN = 4 * 1024,
    PGLITE_BUFFER_SIZE_DEFAULT = 64 * 1024,
    PGLITE_BUFFER_SIZE_MAX = 64 * 1024 * 1024,
};

typedef enum PGliteBufferStatus {
    PGLITE_BUFFER_EMPTY = 0,
    PGLITE_BUFFER_READY = 1,
} PGliteBufferStatus;

typedef struct PGliteBuffer {
    uint32_t status; /* PGliteBufferStatus */
    uint32_t length; /* valid bytes in data */
    uint8_t data[];
} PGliteBuffer;

typedef enum PGliteWait {
    PGLITE_WAIT_NONE = 0,
    PGLITE_WAIT_NEED_INPUT = 1,
    PGLITE_WAIT_OUTPUT_FULL = 2,
} PGliteWait;

#define PGLITE_CONTROL_MAGIC UINT32_C(0x434c4750) /* "PGLC" in memory */
#define PGLITE_CONTROL_VERSION 1

typedef struct PGliteControl {
    uint32_t magic;
    uint32_t version;
    uint32_t buffer_size; /* capacity of each buffer's data; 0 before there are buffers */
    uint32_t input;       /* addresses of the PGliteBuffers, likewise 0 */
    uint32_t output;
    uint32_t input_offset; /* bytes of input.data already taken */
    uint32_t waiting;      /* PGliteWait of the pglite_host_wait in progress */
    uint32_t reserved;
    uint64_t bytes_in; /* counters, since the start */
    uint64_t bytes_out;
    uint64_t input_waits;
    uint64_t output_waits;
} PGliteControl;

/* The one import. 0: look again; anything else: the client is gone. */
GUEST_IMPORT(pglite_host_wait) int pglite_host_wait(PGliteWait reason);

/* For the host. */
GUEST_EXPORT(pglite_get_control) PGliteControl *pglite_get_control(void);
GUEST_EXPORT(pglite_get_input_buffer) PGliteBuffer *pglite_get_input_buffer(void);
GUEST_EXPORT(pglite_get_output_buffer) PGliteBuffer *pglite_get_output_buffer(void);
GUEST_EXPORT(pglite_get_buffer_size) uint32_t pglite_get_buffer_size(void);
/* Replaces both buffers. 0, or -1 and nothing changed: size out of range, bytes in flight, a wait in
 * progress, or no memory. */
GUEST_EXPORT(pglite_set_buffer_size) int pglite_set_buffer_size(uint32_t size);
/* The host has put `length` bytes into an EMPTY input. 0, or -1 if that cannot be. */
GUEST_EXPORT(pglite_signal_input_ready) int pglite_signal_input_ready(uint32_t length);
GUEST_EXPORT(pglite_has_output) int pglite_has_output(void);
GUEST_EXPORT(pglite_get_output_length) uint32_t pglite_get_output_length(void);
GUEST_EXPORT(pglite_ack_output) void pglite_ack_output(void);
/* Drops the bytes in flight. */
GUEST_EXPORT(pglite_reset_buffers) void pglite_reset_buffers(void);

/* For the transport: allocates buffers of the default size if there are none. 0, or -1: no memory. */
GUEST_LOCAL int pglite_polling_prepare(void);
/* As recv: 1..max_length bytes, 0 at end of file, -1 with errno EPROTO if the host broke the contract. */
GUEST_LOCAL ssize_t pglite_polling_read(void *bytes, size_t max_length);
/* As a blocking send: all of `length`, or -1 with errno EPIPE (client gone) or EPROTO. */
GUEST_LOCAL ssize_t pglite_polling_write(const void *bytes, size_t length);

#endif
