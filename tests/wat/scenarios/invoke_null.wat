;; expect: test: trapped: [trap] null table element
(import "env" "invoke_v" (func $invoke_v (param i32)))
(table 3 funcref)
(elem (i32.const 2) $never)
(func $never (unreachable))
(func (export "test")
  (call $invoke_v (i32.const 1)))
