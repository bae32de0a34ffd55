;; What is not inside is not begun.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test")
  (memory.fill (i32.const 1024) (i32.const 1) (i32.const 0xffffff00)))
