;; The base and what was added call each other without end: the stack does.
;; expect: test: trapped: [trap] stack overflow
(table (export "__indirect_function_table") 4 funcref)
(type $unary (func (param i32) (result i32)))
(func (export "apply") (param $index i32) (param i32) (result i32)
  (i32.add (call_indirect (type $unary) (local.get 1) (local.get $index)) (i32.const 1)))

;; added
(import "env" "apply" (func $apply (param i32 i32) (result i32)))
(elem (global.get $table_base) $down)
(func $down (param i32) (result i32)
  (i32.add (call $apply (global.get $table_base) (local.get 0)) (i32.const 1)))
(func (export "test")
  (drop (call $down (i32.const 0))))
