;; The first byte behind the memory.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test")
  (i32.store8 (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))
