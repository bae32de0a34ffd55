;; What is ready, asked for or not; a timeout that passes, one that a timer or the engine cuts short.
(import "env" "__syscall_poll" (func $poll (param i32 i32 i32) (result i32)))
(import "env" "__syscall_pipe2" (func $pipe (param i32 i32) (result i32)))
(import "env" "_setitimer_js" (func $setitimer (param i32 f64) (result i32)))
(import "env" "emscripten_get_now" (func $now (result f64)))
(import "test" "interrupt" (func $interrupt))
(func (export "_emscripten_timeout") (param $which i32) (param $now f64)
  (i32.store (i32.const 600) (i32.add (i32.load (i32.const 600)) (i32.const 1))))
;; struct pollfd n at 1024 + 8 n
(func $ask (param $n i32) (param $fd i32) (param $events i32)
  (local $at i32)
  (local.set $at (i32.add (i32.const 1024) (i32.shl (local.get $n) (i32.const 3))))
  (i32.store (local.get $at) (local.get $fd))
  (i32.store16 offset=4 (local.get $at) (local.get $events))
  (i32.store16 offset=6 (local.get $at) (i32.const -1)))
(func $answer (param $n i32) (result i32)
  (i32.load16_u offset=1030 (i32.shl (local.get $n) (i32.const 3))))
(func (export "test")
  (local $start f64)
  (call $equal (i32.const 1) (call $pipe (i32.const 2048) (i32.const 0)) (i32.const 0)) ;; 3, 4
  (call $ask (i32.const 0) (i32.const 3) (i32.const 1))   ;; POLLIN: empty
  (call $ask (i32.const 1) (i32.const 4) (i32.const 5))   ;; POLLIN | POLLOUT: writable
  (call $ask (i32.const 2) (i32.const 99) (i32.const 1))  ;; not open
  (call $ask (i32.const 3) (i32.const -1) (i32.const 1))  ;; to be skipped
  (call $equal (i32.const 2) (call $poll (i32.const 1024) (i32.const 4) (i32.const -1)) (i32.const 2))
  (call $equal (i32.const 3) (call $answer (i32.const 0)) (i32.const 0))
  (call $equal (i32.const 4) (call $answer (i32.const 1)) (i32.const 4))
  (call $equal (i32.const 5) (call $answer (i32.const 2)) (i32.const 32)) ;; POLLNVAL
  (call $equal (i32.const 6) (call $answer (i32.const 3)) (i32.const 0))

  (call $equal (i32.const 7) (call $poll (i32.const 1024) (i32.const 1) (i32.const 0)) (i32.const 0))
  (local.set $start (call $now))
  (call $equal (i32.const 8) (call $poll (i32.const 1024) (i32.const 1) (i32.const 20)) (i32.const 0))
  (call $equal (i32.const 9)
    (f64.ge (f64.sub (call $now) (local.get $start)) (f64.const 20)) (i32.const 1))
  (call $equal (i32.const 10) (call $setitimer (i32.const 0) (f64.const 10)) (i32.const 0))
  (call $equal (i32.const 11)
    (call $poll (i32.const 1024) (i32.const 1) (i32.const -1)) (global.get $E_INTR))
  (call $equal (i32.const 12) (i32.load (i32.const 600)) (i32.const 1))
  (call $interrupt)
  (call $equal (i32.const 13)
    (call $poll (i32.const 1024) (i32.const 1) (i32.const -1)) (global.get $E_INTR))

  (call $equal (i32.const 14) (call $write (i32.const 4) (i32.const 0) (i32.const 1)) (i32.const 1))
  (call $equal (i32.const 15) (call $poll (i32.const 1024) (i32.const 1) (i32.const -1)) (i32.const 1))
  (call $equal (i32.const 16) (call $answer (i32.const 0)) (i32.const 1))
  (call $equal (i32.const 17)
    (call $poll (global.get $WILD) (i32.const 4) (i32.const 0)) (global.get $E_FAULT))
  (call $equal (i32.const 18)
    (call $poll (i32.const 1024) (i32.const -1) (i32.const 0)) (global.get $E_INVAL)))
