;; A trap with a reason.
;; expect: test: trapped: the guest called abort()
(import "env" "_abort_js" (func $abort))
(func (export "test")
  (call $abort))
