;; Count and bytes, NULs included.
;; option: --environment A=1
;; option: --environment NAME=value
(import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $sizes (i32.const 1025) (i32.const 1029)) (i32.const 0))
  (call $equal (i32.const 2) (i32.load (i32.const 1025)) (i32.const 2))
  (call $equal (i32.const 3) (i32.load (i32.const 1029)) (i32.const 15))
  (call $equal (i32.const 4) (call $sizes (global.get $WILD) (i32.const 1024)) (global.get $FAULT))
  (call $equal (i32.const 5) (call $sizes (i32.const 1024) (global.get $WILD)) (global.get $FAULT)))
