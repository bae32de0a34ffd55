;; Out of many thousand frames of both, and again: nothing of them is left behind.
(import "env" "_emscripten_throw_longjmp" (func $throw))
(table (export "__indirect_function_table") 4 funcref)
(type $unary (func (param i32) (result i32)))
(func (export "apply") (param $index i32) (param i32) (result i32)
  (if (i32.eqz (local.get 1)) (then (call $throw)))
  (i32.add (call_indirect (type $unary) (local.get 1) (local.get $index)) (i32.const 1)))

;; added
(import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
(import "env" "apply" (func $apply (param i32 i32) (result i32)))
(elem (global.get $table_base) $down)
(func $down (param i32) (result i32)
  (i32.add
    (call $apply (global.get $table_base) (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
(func (export "test")
  (local $n i32)
  (loop $again
    (call $equal (i32.const 1)
      (call $invoke_ii (global.get $table_base) (i32.const 20000)) (i32.const 0))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 20)))))
