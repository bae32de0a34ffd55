;; One that arms itself anew, as an interval does, fires again and again, and never inside itself.
(import "env" "_setitimer_js" (func $setitimer (param i32 f64) (result i32)))
(func (export "_emscripten_timeout") (param $which i32) (param $now f64)
  (local $n i32)
  (call $equal (i32.const 100) (i32.load (i32.const 1028)) (i32.const 0)) ;; not inside itself
  (i32.store (i32.const 1028) (i32.const 1))
  (loop $busy
    (local.set $n (call $work (local.get $n)))
    (br_if $busy (i32.lt_u (local.get $n) (i32.const 100000))))
  (i32.store (i32.const 1028) (i32.const 0))
  (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
  (if (i32.lt_u (i32.load (i32.const 1024)) (i32.const 5))
    (then
      (call $equal (i32.const 101) (call $setitimer (i32.const 0) (f64.const 1)) (i32.const 0)))))
(func $work (param i32) (result i32)
  (i32.add (local.get 0) (i32.const 1)))
(func (export "test")
  (local $n i32)
  (call $equal (i32.const 1) (call $setitimer (i32.const 0) (f64.const 1)) (i32.const 0))
  (loop $until_fired
    (local.set $n (call $work (local.get $n)))
    (br_if $until_fired (i32.lt_u (i32.load (i32.const 1024)) (i32.const 5)))))
