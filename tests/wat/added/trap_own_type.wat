;; An element of the base, called by an added function as of another type.
;; expect: test: trapped: [trap] indirect call type mismatch
(table (export "__indirect_function_table") 4 funcref)
(elem (i32.const 1) $base)
(type $unary (func (param i32) (result i32)))
(type $none (func))
(func $base (export "base") (param i32) (result i32)
  (local.get 0))
(func (export "apply") (param $index i32) (param i32) (result i32)
  (call_indirect (type $unary) (local.get 1) (local.get $index)))

;; added
(import "env" "apply" (func $apply (param i32 i32) (result i32)))
(import "env" "base" (func $base (param i32) (result i32)))
(type $unary (func (param i32) (result i32)))
(type $none (func))
(elem (global.get $table_base) $added $other)
(func $added (param i32) (result i32)
  (call_indirect (type $none) (i32.const 1)) (local.get 0))
;; Of a type that the base has not.
(func $other (param i32 i64) (result i64)
  (local.get 1))
(func $at (param i32) (result i32)
  (i32.add (global.get $table_base) (local.get 0)))
(func (export "test")
  (drop (call $apply (call $at (i32.const 0)) (i32.const 1))))
