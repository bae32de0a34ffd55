;; Safe points come by themselves, in what was added and in what it calls.
(import "env" "_setitimer_js" (func $setitimer (param i32 f64) (result i32)))
(table (export "__indirect_function_table") 4 funcref)
(func (export "_emscripten_timeout") (param $which i32) (param $now f64)
  (i32.store (i32.const 1024) (i32.const 1)))
(func (export "begin")
  (i32.store (i32.const 1024) (i32.const 0))
  (call $equal (i32.const 1) (call $setitimer (i32.const 0) (f64.const 5)) (i32.const 0)))
(func (export "work") (param i32) (result i32)
  (i32.add (local.get 0) (i32.const 1)))

;; added
(import "env" "begin" (func $begin))
(import "env" "work" (func $work (param i32) (result i32)))
(func $more (param i32) (result i32)
  (i32.add (local.get 0) (i32.const 1)))
(func (export "test")
  (local $n i32)
  (call $begin)
  (loop $until_fired
    (local.set $n (call $more (local.get $n)))
    (br_if $until_fired (i32.eqz (i32.load (i32.const 1024)))))
  (call $begin)
  (loop $until_fired
    (local.set $n (call $work (local.get $n)))
    (br_if $until_fired (i32.eqz (i32.load (i32.const 1024))))))
