;; EMFILE, and they are all usable again afterwards.
(import "env" "__syscall_dup" (func $dup (param i32) (result i32)))
(func (export "test")
  (local $n i32)
  (local $fd i32)
  (loop $more
    (local.set $fd (call $dup (i32.const 1)))
    (local.set $n (i32.add (local.get $n) (i32.ge_s (local.get $fd) (i32.const 0))))
    (br_if $more (i32.ge_s (local.get $fd) (i32.const 0))))
  (call $equal (i32.const 1) (local.get $fd) (global.get $E_MFILE))
  (call $equal (i32.const 2) (local.get $n) (i32.const 1021))
  (call $equal (i32.const 3) (call $close (i32.const 500)) (i32.const 0))
  (call $equal (i32.const 4) (call $dup (i32.const 1)) (i32.const 500)))
