;; A trap is not a longjmp: it passes through every invoke_*.
;; expect: test: trapped: [trap] integer divide by zero
(import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
(table 3 funcref)
(elem (i32.const 1) $divide $outer)
(func $divide (param i32) (result i32)
  (i32.div_u (i32.const 1) (local.get 0)))
(func $outer (param i32) (result i32)
  (call $invoke_ii (i32.const 1) (local.get 0)))
(func (export "test")
  (drop (call $invoke_ii (i32.const 2) (i32.const 0)))
  (unreachable))
