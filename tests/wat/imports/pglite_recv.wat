;; Bytes of the engine's, until there are none.
;; option: --input abcdef
(import "env" "pglite_recv" (func $receive (param i32 i32) (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $receive (i32.const 1025) (i32.const 4)) (i32.const 4))
  (call $equal (i32.const 2) (i32.load (i32.const 1025)) (i32.const 0x64636261))
  (call $equal (i32.const 4) (call $receive (global.get $WILD) (i32.const 100)) (global.get $E_FAULT))
  (call $equal (i32.const 5) (call $receive (i32.const 1025) (i32.const -1)) (global.get $E_FAULT))
  (call $equal (i32.const 6) (call $receive (i32.const 1025) (i32.const 100)) (i32.const 2))
  (call $equal (i32.const 7) (call $receive (i32.const 1025) (i32.const 100)) (i32.const 0)))
