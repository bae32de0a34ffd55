;; The kinds; no character device, for musl takes one for a terminal.
(import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
(data (i32.const 0) "/a\00")
(data (i32.const 16) "/dev\00")
(func $kind (param $fd i32) (result i32)
  (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 32))
  (call $equal (i32.const 100) (call $fdstat (local.get $fd) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 101) (i32.load (i32.const 1048)) (i32.const -1)) ;; not ours
  (i32.load (i32.const 1024))) ;; with the flags in the upper half
(func (export "test")
  (call $equal (i32.const 1) (call $kind (i32.const 1)) (i32.const 0))
  (call $equal (i32.const 2) ;; O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK
    (call $openat (global.get $AT_CWD) (i32.const 0) (i32.const 0xc42) (i32.const 1024)) (i32.const 3))
  (call $equal (i32.const 3) (call $kind (i32.const 3)) (i32.const 0x50004))
  (call $equal (i32.const 4)
    (call $openat (global.get $AT_CWD) (i32.const 16) (i32.const 0) (i32.const 0)) (i32.const 4))
  (call $equal (i32.const 5) (call $kind (i32.const 4)) (i32.const 3))
  (call $equal (i32.const 6) (call $fdstat (i32.const 99) (i32.const 1024)) (global.get $BADF))
  (call $equal (i32.const 7) (call $fdstat (i32.const 3) (global.get $WILD)) (global.get $FAULT)))
