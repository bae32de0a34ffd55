;; The one quotient that does not fit.
;; expect: test: trapped: [trap] integer overflow
(func (export "test")
  (call $equal (i32.const 1) (i32.div_s (i32.const 0x80000000) (i32.load (i32.const 1024))) (i32.const 0)))
(data (i32.const 1024) "\ff\ff\ff\ff")
