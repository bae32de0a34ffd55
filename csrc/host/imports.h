/* The import table: which file serves what, under which type.
 *
 * A type is result then parameters: v nothing, i i32, j i64, d f64. Names and types are those of
 * Emscripten's JS library and of wasi_snapshot_preview1, as the guest's import section has them.
 */
#ifndef PGN_HOST_IMPORTS_H
#define PGN_HOST_IMPORTS_H

#include "guest/guest.h"

#define HOST_IMPORTS(ENV, WASI)                                                                    \
    /* sjlj.c: setjmp and longjmp */                                                               \
    ENV("invoke_*", "", sjlj_invoke)                                                               \
    ENV("_emscripten_throw_longjmp", "v", sjlj_throw_longjmp)                                      \
    /* process.c: leaving, signals, identity */                                                    \
    ENV("exit", "vi", process_exit)                                                                \
    WASI("proc_exit", "vi", process_exit)                                                          \
    ENV("_abort_js", "v", process_abort)                                                           \
    ENV("__assert_fail", "viiii", process_assert_fail)                                             \
    ENV("__call_sighandler", "vii", process_call_sighandler)                                       \
    ENV("_emscripten_runtime_keepalive_clear", "v", process_keepalive_clear)                       \
    ENV("pglite_host_signal", "iii", process_signal)                                               \
    ENV("pglite_host_wake", "vi", process_wake)                                                    \
    ENV("pglite_host_keep_template", "ii", process_keep_template)                                  \
    ENV("pglite_host_need_wal_writer", "vi", process_need_wal_writer)                              \
    ENV("__syscall_getuid32", "i", process_identity)                                               \
    ENV("__syscall_geteuid32", "i", process_identity)                                              \
    ENV("__syscall_getgid32", "i", process_identity)                                               \
    ENV("__syscall_getegid32", "i", process_identity)                                              \
    /* environment.c */                                                                            \
    WASI("environ_sizes_get", "iii", environment_sizes_get)                                        \
    WASI("environ_get", "iii", environment_get)                                                    \
    /* clock.c */                                                                                  \
    WASI("clock_time_get", "iiji", clock_time_get)                                                 \
    ENV("emscripten_date_now", "d", clock_date_now)                                                \
    ENV("emscripten_get_now", "d", clock_get_now)                                                  \
    /* calendar.c: broken-down time */                                                             \
    ENV("_tzset_js", "viiii", calendar_tzset)                                                      \
    ENV("_localtime_js", "iji", calendar_gmtime)                                                   \
    ENV("_localtime_js", "vji", calendar_gmtime) /* an older Emscripten's, pg_dump's */            \
    ENV("_gmtime_js", "iji", calendar_gmtime)                                                      \
    ENV("_mktime_js", "ji", calendar_mktime)                                                       \
    /* timer.c */                                                                                  \
    ENV("_setitimer_js", "iid", timer_setitimer)                                                   \
    /* sleep.c */                                                                                  \
    ENV("pglite_host_sleep", "iid", sleep_until_woken)                                             \
    /* random.c */                                                                                 \
    WASI("random_get", "iii", random_get)                                                          \
    /* memory.c: the heap, file mappings */                                                        \
    ENV("emscripten_resize_heap", "ii", memory_resize_heap)                                        \
    ENV("emscripten_get_heap_max", "i", memory_get_heap_max)                                       \
    ENV("_mmap_js", "iiiiijii", memory_mmap)                                                       \
    ENV("_munmap_js", "iiiiiij", memory_munmap)                                                    \
    /* file_open.c: opening, closing, sizing */                                                    \
    ENV("__syscall_openat", "iiiii", file_openat)                                                  \
    WASI("fd_close", "ii", file_close)                                                             \
    ENV("__syscall_truncate64", "iij", file_truncate)                                              \
    ENV("__syscall_ftruncate64", "iij", file_ftruncate)                                            \
    ENV("__syscall_fallocate", "iiijj", file_fallocate)                                            \
    ENV("__syscall_fadvise64", "iijji", file_fadvise)                                              \
    /* clone.c */                                                                                  \
    ENV("pglite_host_clone_file", "iii", clone_file)                                               \
    /* file_io.c: bytes in and out */                                                              \
    WASI("fd_read", "iiiii", file_read)                                                            \
    WASI("fd_write", "iiiii", file_write)                                                          \
    WASI("fd_pread", "iiiiji", file_pread)                                                         \
    WASI("fd_pwrite", "iiiiji", file_pwrite)                                                       \
    WASI("fd_seek", "iijii", file_seek)                                                            \
    WASI("fd_sync", "ii", file_sync)                                                               \
    ENV("__syscall_fdatasync", "ii", file_datasync)                                                \
    /* file_stat.c: what is known of a file */                                                     \
    ENV("__syscall_stat64", "iii", file_stat)                                                      \
    ENV("__syscall_lstat64", "iii", file_lstat)                                                    \
    ENV("__syscall_fstat64", "iii", file_fstat)                                                    \
    ENV("__syscall_newfstatat", "iiiii", file_fstatat)                                             \
    ENV("__syscall_statfs64", "iiii", file_statfs)                                                 \
    ENV("__syscall_utimensat", "iiiii", file_utimensat)                                            \
    /* file_permission.c */                                                                        \
    ENV("__syscall_faccessat", "iiiii", file_faccessat)                                            \
    ENV("__syscall_chmod", "iii", file_chmod)                                                      \
    ENV("__syscall_fchmod", "iii", file_fchmod)                                                    \
    ENV("__syscall_fchmodat2", "iiiii", file_fchmodat)                                             \
    ENV("__syscall_fchown32", "iiii", file_fchown)                                                 \
    ENV("__syscall_fchownat", "iiiiii", file_fchownat)                                             \
    ENV("__syscall_umask", "ii", file_umask)                                                       \
    /* directory.c: entries and the working directory */                                           \
    ENV("__syscall_chdir", "ii", directory_chdir)                                                  \
    ENV("__syscall_getcwd", "iii", directory_getcwd)                                               \
    ENV("__syscall_mkdirat", "iiii", directory_mkdirat)                                            \
    ENV("__syscall_rmdir", "ii", directory_rmdir)                                                  \
    ENV("__syscall_unlinkat", "iiii", directory_unlinkat)                                          \
    ENV("__syscall_renameat", "iiiii", directory_renameat)                                         \
    ENV("__syscall_linkat", "iiiiii", directory_linkat)                                            \
    ENV("__syscall_symlinkat", "iiii", directory_symlinkat)                                        \
    ENV("__syscall_readlinkat", "iiiii", directory_readlinkat)                                     \
    ENV("__syscall_getdents64", "iiii", directory_getdents)                                        \
    /* descriptor.c: descriptors as such */                                                        \
    ENV("__syscall_dup", "ii", descriptor_dup)                                                     \
    ENV("__syscall_dup3", "iiii", descriptor_dup3)                                                 \
    ENV("__syscall_fcntl64", "iiii", descriptor_fcntl)                                             \
    ENV("__syscall_ioctl", "iiii", descriptor_ioctl)                                               \
    ENV("__syscall_pipe2", "iii", descriptor_pipe)                                                 \
    WASI("fd_fdstat_get", "iii", descriptor_fdstat_get)                                            \
    /* poll.c */                                                                                   \
    ENV("__syscall_poll", "iiii", poll_descriptors)                                                \
    /* dlopen.c: side modules, which the linker has linked in */                                   \
    ENV("_dlopen_js", "ii", dlopen_open)                                                           \
    ENV("_dlsym_js", "iiii", dlopen_symbol)                                                        \
    /* socket.c: refused */                                                                        \
    ENV("__syscall_socket", "iiiiiii", socket_create)                                              \
    ENV("__syscall_bind", "iiiiiii", socket_refuse)                                                \
    ENV("__syscall_listen", "iiiiiii", socket_refuse)                                              \
    ENV("__syscall_accept4", "iiiiiii", socket_refuse)                                             \
    ENV("__syscall_connect", "iiiiiii", socket_refuse)                                             \
    ENV("__syscall_sendto", "iiiiiii", socket_refuse)                                              \
    ENV("__syscall_recvfrom", "iiiiiii", socket_refuse)                                            \
    /* address.c: numeric Internet addresses */                                                    \
    ENV("getaddrinfo", "iiiii", address_getaddrinfo)                                               \
    ENV("getnameinfo", "iiiiiiii", address_getnameinfo)                                            \
    /* handshake.c: the client's bytes */                                                          \
    ENV("pglite_host_wait", "ii", handshake_wait)                                                  \
    ENV("pglite_recv", "iii", handshake_receive)                                                   \
    ENV("pglite_send", "iii", handshake_send)

/* subprocess.c. The guest's table gets them too: pgl_set_system_fn and similar exports take an index of that table. */
#define HOST_FUNCTIONS(FUNCTION)                                                                   \
    FUNCTION("system", "ii", subprocess_system)                                                    \
    FUNCTION("popen", "iii", subprocess_popen)                                                     \
    FUNCTION("pclose", "ii", subprocess_pclose)

#define DECLARE_HANDLER(name, type, handler) enum guest_outcome handler(struct guest_call *call);
HOST_IMPORTS(DECLARE_HANDLER, DECLARE_HANDLER)
HOST_FUNCTIONS(DECLARE_HANDLER)
#undef DECLARE_HANDLER

#endif
