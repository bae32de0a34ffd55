;; Memory that was grown can be used to its last byte, and not beyond.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test") (local $end i32)
  (call $equal (i32.const 1) (memory.grow (i32.const 3)) (i32.sub (memory.size) (i32.const 3)))
  (local.set $end (i32.mul (memory.size) (i32.const 65536)))
  (i64.store (i32.sub (local.get $end) (i32.const 8)) (i64.const 7))
  (call $equal (i32.const 2) (i32.load (i32.sub (local.get $end) (i32.const 8))) (i32.const 7))
  (i32.store8 (local.get $end) (i32.const 1)))
