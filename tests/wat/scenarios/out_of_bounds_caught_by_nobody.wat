;; A trap unwinds through invoke_*, which catches only longjmp, and through the host.
;; expect: test: trapped: [trap] out of bounds memory access
(import "env" "invoke_v" (func $invoke (param i32)))
(table 2 funcref)
(elem (i32.const 1) $reach)
(func $reach (i32.store (i32.const 0xf0000000) (i32.const 1)))
(func (export "test")
  (call $invoke (i32.const 1))
  (call $equal (i32.const 1) (i32.const 0) (i32.const 1)))
