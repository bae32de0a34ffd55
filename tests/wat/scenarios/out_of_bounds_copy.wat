;; From behind the memory.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test")
  (memory.copy (i32.const 1024) (i32.const 0xffffff00) (i32.const 512)))
