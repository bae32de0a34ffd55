;; The strings, and a pointer to each.
;; option: --environment A=1
;; option: --environment NAME=value
(import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $get (i32.const 1025) (i32.const 2049)) (i32.const 0))
  (call $equal (i32.const 2) (i32.load (i32.const 1025)) (i32.const 2049))
  (call $equal (i32.const 3) (i32.load (i32.const 1029)) (i32.const 2053))
  (call $equal (i32.const 4) (i32.load (i32.const 2049)) (i32.const 0x00313d41))
  (call $equal_i64 (i32.const 5) (i64.load (i32.const 2053)) (i64.const 0x6c61763d454d414e))
  (call $equal (i32.const 6) ;; the strings need 15 bytes
    (call $get (i32.const 1024) (i32.const 2097138)) (global.get $FAULT))
  (call $equal (i32.const 7) (call $get (i32.const 1024) (i32.const 2097137)) (i32.const 0))
  (call $equal (i32.const 8) (call $get (global.get $WILD) (i32.const 1024)) (global.get $FAULT)))
