;; Bytes for the engine.
;; sent: abcdef
(import "env" "pglite_send" (func $send (param i32 i32) (result i32)))
(data (i32.const 0) "abcdef")
(func (export "test")
  (call $equal (i32.const 1) (call $send (i32.const 0) (i32.const 4)) (i32.const 4))
  (call $equal (i32.const 2) (call $send (i32.const 4) (i32.const 2)) (i32.const 2))
  (call $equal (i32.const 3) (call $send (i32.const 0) (i32.const 0)) (i32.const 0))
  (call $equal (i32.const 4) (call $send (global.get $WILD) (i32.const 100)) (global.get $E_FAULT))
  (call $equal (i32.const 5) (call $send (i32.const 0) (i32.const -1)) (global.get $E_FAULT)))
