;; As many parameters as a call can have, each in its place.
(import "env" "invoke_wide"
  (func $invoke_wide
    (param i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
(table 3 funcref)
(elem (i32.const 1) $wide)
(func $wide
  (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
  (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
  (call $equal_i64 (i32.const 1) (local.get 0) (i64.const 1))
  (call $equal_i64 (i32.const 2) (local.get 14) (i64.const 15))
  (call $equal_i64 (i32.const 3) (local.get 29) (i64.const 30))
  (local.get 30))
(func (export "test")
  (call $equal_i64 (i32.const 4)
    (call $invoke_wide (i32.const 1)
      (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12)
      (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17) (i64.const 18)
      (i64.const 19) (i64.const 20) (i64.const 21) (i64.const 22) (i64.const 23) (i64.const 24)
      (i64.const 25) (i64.const 26) (i64.const 27) (i64.const 28) (i64.const 29) (i64.const 30)
      (i64.const -31))
    (i64.const -31)))
