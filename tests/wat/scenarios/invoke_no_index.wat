;; The prefix serves any type, the handler only those with an index.
;; expect: test: trapped: invoke_* without a table index
(import "env" "invoke_odd" (func $invoke_odd (param i64) (result i64)))
(func (export "test")
  (drop (call $invoke_odd (i64.const 0))))
