;; Comes first in every guest: what the tests themselves call. See test_wat.py.
(import "test" "equal" (func $equal (param $check i32) (param $actual i32) (param $expected i32)))
(import "test" "equal_i64"
  (func $equal_i64 (param $check i32) (param $actual i64) (param $expected i64)))
(import "env" "__syscall_openat" (func $openat (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
