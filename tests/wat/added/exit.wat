;; exit(code) ends both, from wherever.
;; expect: test: exited 7
(import "env" "exit" (func $exit (param i32)))
(table (export "__indirect_function_table") 4 funcref)
(type $unary (func (param i32) (result i32)))
(func (export "apply") (param $index i32) (param i32) (result i32)
  (call_indirect (type $unary) (local.get 1) (local.get $index)))
(func (export "leave") (param i32) (result i32)
  (call $exit (local.get 0))
  (i32.const 0))

;; added
(import "env" "apply" (func $apply (param i32 i32) (result i32)))
(import "env" "leave" (func $leave (param i32) (result i32)))
(elem (global.get $table_base) $down)
(func $down (param i32) (result i32)
  (call $leave (local.get 0)))
(func (export "test")
  (drop (call $apply (global.get $table_base) (i32.const 7)))
  (call $equal (i32.const 1) (i32.const 0) (i32.const 1)))
