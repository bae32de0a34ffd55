;; So does one whose every step goes through the host, where more of the native stack is used.
;; expect: test: trapped: [trap] stack overflow
(import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
(table 2 funcref)
(elem (i32.const 1) $forever)
(func $forever (param i32) (result i32)
  (call $invoke_ii (i32.const 1) (i32.add (local.get 0) (i32.const 1))))
(func (export "test")
  (drop (call $forever (i32.const 0))))
