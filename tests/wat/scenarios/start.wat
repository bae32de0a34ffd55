;; The start function runs first, and once.
;; expect: test: returned
;; expect: after: returned
(start $begin)
(func $begin
  (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1))))
(func (export "test")
  (call $equal (i32.const 1) (i32.load (i32.const 1024)) (i32.const 1)))
(func (export "after")
  (call $equal (i32.const 2) (i32.load (i32.const 1024)) (i32.const 1)))
