;; Once.
(import "wasi_snapshot_preview1" "fd_close" (func $call (param i32) (result i32)))
(data (i32.const 0) "/a\00")
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 2) (call $call (i32.const 3)) (i32.const 0))
  (call $equal (i32.const 3) (call $call (i32.const 3)) (global.get $BADF))
  (call $equal (i32.const 4) (call $call (i32.const -1)) (global.get $BADF))
  (call $equal (i32.const 5) (call $call (i32.const 0x7fffffff)) (global.get $BADF)))
