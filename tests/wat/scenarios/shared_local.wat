;; A 64-bit local overwritten while two references to its old value are on the stack, in a block with a
;; result: wasm3 0.5.0 miscompiles it, see vendor/wasm3-edits/60-count-both-slots.toml.
(func $old_twice (param $x i64) (result i64)
  (block (result i64)
    local.get $x
    local.get $x
    (local.set $x (i64.const 7))
    i64.add))
;; The same as PostgreSQL has it, which found it: a remainder by a divisor that takes the local's place.
(func $remainder (param $x i64) (result i64)
  (local $quotient i64)
  (block (result i64)
    local.get $x
    local.get $x
    i64.const 7
    local.tee $x
    i64.div_u
    local.tee $quotient
    local.get $x
    i64.mul
    i64.sub))
(func (export "test")
  (call $equal (i32.const 1) (i32.wrap_i64 (call $old_twice (i64.const 100))) (i32.const 200))
  (call $equal (i32.const 2) (i32.wrap_i64 (call $remainder (i64.const 100))) (i32.const 2)))
