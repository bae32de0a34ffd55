;; No descriptor is a socket.
(import "env" "__syscall_sendto" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
(func $on (param $fd i32) (result i32)
  (call $call (local.get $fd) (i32.const 1024) (i32.const 16) (i32.const 0) (i32.const 0)
    (i32.const 0)))
(func (export "test")
  (call $equal (i32.const 1) (call $on (i32.const 1)) (global.get $E_NOTSOCK))
  (call $equal (i32.const 2) (call $on (i32.const 99)) (global.get $E_BADF)))
