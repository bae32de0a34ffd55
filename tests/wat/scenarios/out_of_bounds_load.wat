;; The largest address with the largest offset: host memory is not to be seen.
;; expect: test: trapped: [trap] out of bounds memory access
(func (export "test")
  (call $equal (i32.const 1) (i32.load offset=0xfffffff0 (i32.const 0xfffffff0)) (i32.const 0)))
