;; Without end, it ends in a trap.
;; expect: test: trapped: [trap] stack overflow
(func $forever (param i32) (result i32)
  (i32.add (call $forever (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
(func (export "test")
  (drop (call $forever (i32.const 0))))
