;; Modules of the link table, by the last part of their path; the message for one that is not there.
(import "env" "_dlopen_js" (func $dlopen (param i32) (result i32)))
(data (i32.const 512) "\02\00\00\00\20\02\00\00")                ;; 2 modules, at 544
(data (i32.const 544) "\00\03\00\00\04\00\00\00")                ;; "cube"
(data (i32.const 576) "\08\03\00\00\07\00\00\00")                ;; "plpgsql"
(data (i32.const 768) "cube\00\00\00\00plpgsql\00")
;; Handles: struct dso with its path at 36.
(data (i32.const 1060) "/pglite/lib/plpgsql.so\00")
(data (i32.const 1160) "cube\00")
(data (i32.const 1260) "/lib/plpgsq.so\00")
(data (i32.const 1360) "/lib/100%s.so\00")
(data (i32.const 1460) ".so\00")
(data (i32.const 1560) "\00")
;; What is printf("%s", message) in the real guest: takes the message's first bytes to 2048.
(func (export "__dl_seterr") (param $format i32) (param $arguments i32)
  (call $equal (i32.const 100) (i32.load16_u (local.get $format)) (i32.const 0x7325)) ;; "%s"
  (call $equal (i32.const 101) (i32.and (global.get $sp) (i32.const 15)) (i32.const 0))
  (call $equal (i32.const 102) (i32.le_u (global.get $sp) (local.get $arguments)) (i32.const 1))
  (memory.copy (i32.const 2048) (i32.load (local.get $arguments)) (i32.const 100)))
(func (export "test")
  (call $equal (i32.const 1) (call $dlopen (i32.const 1024)) (i32.const 1))
  (call $equal (i32.const 2) (call $dlopen (i32.const 1124)) (i32.const 1))
  (call $equal (i32.const 3) (i32.load (i32.const 2048)) (i32.const 0)) ;; no message so far
  (call $equal (i32.const 4) (call $dlopen (i32.const 1224)) (i32.const 0))
  (call $equal (i32.const 5) (global.get $sp) (i32.const 65536))
  (call $equal_i64 (i32.const 6) (i64.load (i32.const 2048)) (i64.const 0x6f6e20646c756f63)) ;; "could no"
  (call $equal (i32.const 7) (call $dlopen (i32.const 1324)) (i32.const 0))
  ;; "could not load dynamic lib: /lib/100%s.so": the % is text
  (call $equal (i32.const 8) (i32.load (i32.const 2081)) (i32.const 0x25303031))
  (call $equal (i32.const 9) (call $dlopen (i32.const 1424)) (i32.const 0))
  (call $equal (i32.const 10) (call $dlopen (i32.const 1524)) (i32.const 0))
  (call $equal (i32.const 11) (call $dlopen (global.get $WILD)) (i32.const 0))
  ;; a table that lies outside memory, or whose names do
  (i32.store (i32.const 544) (global.get $WILD))
  (call $equal (i32.const 12) (call $dlopen (i32.const 1124)) (i32.const 0))
  (i32.store (i32.const 512) (i32.const -1))
  (call $equal (i32.const 13) (call $dlopen (i32.const 1024)) (i32.const 0))
  (i32.store (i32.const 512) (i32.const 2))
  (i32.store (i32.const 516) (global.get $WILD))
  (call $equal (i32.const 14) (call $dlopen (i32.const 1024)) (i32.const 0)))
