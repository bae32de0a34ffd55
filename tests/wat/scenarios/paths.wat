;; A path ends within 4096 bytes and within memory.
(import "env" "__syscall_chdir" (func $chdir (param i32) (result i32)))
(func (export "test")
  (memory.fill (i32.const 65536) (i32.const 0x2f) (i32.const 4096)) ;; "////..."
  (call $equal (i32.const 1) (call $chdir (i32.const 65536)) (global.get $E_NAMETOOLONG))
  (i32.store8 (i32.const 69631) (i32.const 0))
  (call $equal (i32.const 2) (call $chdir (i32.const 65536)) (i32.const 0))
  (i32.store8 (i32.const 2097151) (i32.const 0x2f)) ;; the last byte of memory
  (call $equal (i32.const 3) (call $chdir (i32.const 2097151)) (global.get $E_FAULT))
  (i32.store8 (i32.const 2097150) (i32.const 0x2f))
  (i32.store8 (i32.const 2097151) (i32.const 0))
  (call $equal (i32.const 4) (call $chdir (i32.const 2097150)) (i32.const 0))
  (call $equal (i32.const 5) (call $chdir (i32.const 2097151)) (global.get $E_NOENT)) ;; ""
  (call $equal (i32.const 6) (call $chdir (i32.const 2097152)) (global.get $E_FAULT)))
