;; A number that is none has no integer.
;; expect: test: trapped: [trap] invalid conversion to integer
(func (export "test")
  (call $equal (i32.const 1) (i32.trunc_f64_s (f64.load (i32.const 1024))) (i32.const 0)))
(data (i32.const 1024) "\ff\ff\ff\ff\ff\ff\ff\ff")
