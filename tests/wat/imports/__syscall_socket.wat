;; No address family.
(import "env" "__syscall_socket" (func $socket (param i32 i32 i32 i32 i32 i32) (result i32)))
(func $open (param $family i32) (result i32)
  (call $socket (local.get $family) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0)))
(func (export "test")
  (call $equal (i32.const 1) (call $open (i32.const 1)) (global.get $E_AFNOSUPPORT))
  (call $equal (i32.const 2) (call $open (i32.const 2)) (global.get $E_AFNOSUPPORT))
  (call $equal (i32.const 3) (call $open (i32.const 10)) (global.get $E_AFNOSUPPORT)))
