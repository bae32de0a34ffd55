;; Two draws differ; all of the buffer, and nothing behind it.
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $random (i32.const 1024) (i32.const 16)) (i32.const 0))
  (call $equal (i32.const 2)
    (i64.eq (i64.load (i32.const 1024)) (i64.load (i32.const 1032))) (i32.const 0))
  (call $equal_i64 (i32.const 3) (i64.load (i32.const 1040)) (i64.const 0))
  (call $equal (i32.const 4) (call $random (i32.const 65536) (i32.const 1000000)) (i32.const 0))
  (call $equal (i32.const 8) (i64.eqz (i64.load (i32.const 1065528))) (i32.const 0)) ;; its end
  (call $equal (i32.const 5) (call $random (i32.const 2097152) (i32.const 0)) (i32.const 0))
  (call $equal (i32.const 6) (call $random (i32.const 2097152) (i32.const 1)) (global.get $FAULT))
  (call $equal (i32.const 7) (call $random (i32.const 1024) (i32.const -1)) (global.get $FAULT)))
