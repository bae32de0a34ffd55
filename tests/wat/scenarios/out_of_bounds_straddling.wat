;; The last bytes of the memory, and some behind it.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test")
  (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i64.const 1)))
