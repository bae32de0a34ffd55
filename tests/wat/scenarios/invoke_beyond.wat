;; expect: test: trapped: [trap] undefined element
(import "env" "invoke_v" (func $invoke_v (param i32)))
(table 3 funcref)
(func (export "test")
  (call $invoke_v (i32.const -1)))
