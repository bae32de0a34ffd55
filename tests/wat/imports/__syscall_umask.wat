;; The mask in force before; permission bits only.
(import "env" "__syscall_umask" (func $umask (param i32) (result i32)))
(import "env" "__syscall_fstat64" (func $fstat (param i32 i32) (result i32)))
(data (i32.const 0) "/a\00")
(func (export "test")
  (call $equal (i32.const 1) (call $umask (i32.const 0xfe3f)) (i32.const 0x12)) ;; 022
  (call $equal (i32.const 2) (call $create (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 3) (call $fstat (i32.const 3) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 4) (i32.load (i32.const 1028)) (i32.const 0x8180)) ;; 0644 & ~077
  (call $equal (i32.const 5) (call $umask (i32.const 0)) (i32.const 0x3f)))
