;; system, popen and pclose, which are put in the table: the command runs at once to be read from,
;; with pclose when it was written to; "locale -a" is a file.
;; expect: run: initdb --boot
;; expect: run: postgres --check > /pglite/pgstdout
;; expect: run: postgres --single < /pglite/pgstdin
;; expect: test: returned
(type $system (func (param i32) (result i32)))
(type $popen (func (param i32 i32) (result i32)))
(import "env" "__syscall_mkdirat" (func $mkdir (param i32 i32 i32) (result i32)))
(table 4 funcref)
(data (i32.const 16) "/pglite\00")
(data (i32.const 32) "initdb --boot\00")
(data (i32.const 64) "postgres --check\00")
(data (i32.const 96) "postgres --single\00")
(data (i32.const 128) "locale -a\00")
(data (i32.const 160) "r\00")
(data (i32.const 164) "w\00")
(data (i32.const 168) "rw\00")
;; What the guest's C library does, as far as popen needs it. A stream is 1000 more than its
;; descriptor; errno is at 1000.
(func (export "pgl_set_system_fn") (param i32) (i32.store (i32.const 1004) (local.get 0)))
(func (export "pgl_set_popen_fn") (param i32) (i32.store (i32.const 1008) (local.get 0)))
(func (export "pgl_set_pclose_fn") (param i32) (i32.store (i32.const 1012) (local.get 0)))
(func (export "__errno_location") (result i32) (i32.const 1000))
(func (export "fopen") (param $path i32) (param $mode i32) (result i32)
  (call $equal (i32.const 100) (i32.lt_u (global.get $sp) (i32.const 65536)) (i32.const 1))
  (i32.store (i32.const 1016) (i32.load8_u (local.get $mode)))
  (i32.add (i32.const 1000) (call $create (local.get $path))))
(func (export "fclose") (param $stream i32) (result i32)
  (call $close (i32.sub (local.get $stream) (i32.const 1000))))
(func $do_system (param $command i32) (result i32)
  (call_indirect (type $system) (local.get $command) (i32.load (i32.const 1004))))
(func $do_popen (param $command i32) (param $mode i32) (result i32)
  (call_indirect (type $popen) (local.get $command) (local.get $mode) (i32.load (i32.const 1008))))
(func $do_pclose (param $stream i32) (result i32)
  (call_indirect (type $system) (local.get $stream) (i32.load (i32.const 1012))))
(func (export "test")
  (call $equal (i32.const 1)
    (call $mkdir (global.get $AT_CWD) (i32.const 16) (i32.const 0x1ff)) (i32.const 0))
  (call $equal (i32.const 2) (call $do_system (i32.const 0)) (i32.const 0)) ;; is there a shell?
  (call $equal (i32.const 3) (call $do_system (i32.const 32)) (i32.const 256))
  (call $equal (i32.const 4) (call $do_system (global.get $WILD)) (i32.const -1))
  ;; to read
  (call $equal (i32.const 5) (call $do_popen (i32.const 64) (i32.const 160)) (i32.const 1003))
  (call $equal (i32.const 6) (i32.load (i32.const 1016)) (i32.const 0x72))
  (call $equal (i32.const 7) (global.get $sp) (i32.const 65536))
  (call $equal (i32.const 8) (call $do_pclose (i32.const 1003)) (i32.const 256))
  (call $equal (i32.const 9) (call $do_popen (i32.const 128) (i32.const 160)) (i32.const 1003))
  (call $equal (i32.const 10) (call $do_pclose (i32.const 1003)) (i32.const 0))
  ;; to write
  (call $equal (i32.const 11) (call $do_popen (i32.const 96) (i32.const 164)) (i32.const 1003))
  (call $equal (i32.const 12) (i32.load (i32.const 1016)) (i32.const 0x77))
  (call $equal (i32.const 13) (call $do_pclose (i32.const 1003)) (i32.const 256))
  ;; not at all
  (call $equal (i32.const 14) (call $do_popen (i32.const 64) (i32.const 168)) (i32.const 0))
  (call $equal (i32.const 15) (i32.load (i32.const 1000)) (global.get $INVAL))
  (call $equal (i32.const 16) (call $do_popen (global.get $WILD) (i32.const 160)) (i32.const 0))
  (call $equal (i32.const 17) (i32.load (i32.const 1000)) (global.get $FAULT)))
