;; xoshiro256** from the seed 7: the import and the device draw from one generator.
;; option: --seed 7
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(data (i32.const 1) "/dev/urandom\00")
(func (export "test")
  (call $equal (i32.const 1) (call $random (i32.const 1024) (i32.const 8)) (i32.const 0))
  (call $equal_i64 (i32.const 2) (i64.load (i32.const 1024)) (i64.const 12923355070828475994))
  (call $equal (i32.const 3)
    (call $openat (i32.const -100) (i32.const 1) (i32.const 0) (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 4)
    (call $read (i32.const 3) (i32.const 1024) (i32.const 16)) (i32.const 16))
  (call $equal_i64 (i32.const 5) (i64.load (i32.const 1024)) (i64.const 5142052590334782674))
  (call $equal_i64 (i32.const 6) (i64.load (i32.const 1032)) (i64.const 15488392906492639638)))
