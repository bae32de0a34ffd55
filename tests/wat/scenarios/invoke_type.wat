;; expect: test: trapped: [trap] indirect call type mismatch
(import "env" "invoke_vi" (func $invoke_vi (param i32 i32)))
(table 3 funcref)
(elem (i32.const 1) $takes_i64)
(func $takes_i64 (param i64))
(func (export "test")
  (call $invoke_vi (i32.const 1) (i32.const 1)))
