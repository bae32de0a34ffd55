;; The sentence is in the log; pointers that are none do not hide it.
;; expect: test: trapped: an assertion failed in the guest; its log says which
;; log: Assertion failed: n > 0 (?: main: 42)
(import "env" "__assert_fail" (func $fail (param i32 i32 i32 i32)))
(data (i32.const 0) "n > 0\00")
(data (i32.const 16) "main\00")
(func (export "test")
  (call $fail (i32.const 0) (global.get $WILD) (i32.const 42) (i32.const 16)))
