;; Files in memory need no syncing.
;; expect: sync all
;; expect: test: returned
(import "env" "pglite_host_sync_all" (func $sync_all (result i32)))
(func (export "test")
  (call $equal (i32.const 1) (call $sync_all) (i32.const 0)))
