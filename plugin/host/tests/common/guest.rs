//! Components as text.

/// The types of `wit/` that an export needs.
const TYPES: &str = r#"
  (import "slackwater:phase/types@1.0.0-beta.1" (instance $types
    (type $kind' (enum "refused" "failed" "held"))
    (export "failure-kind" (type $kind (eq $kind')))
    (type $failure' (record (field "kind" $kind) (field "reason" string)))
    (export "failure" (type $failure (eq $failure')))
    (type $output' (record (field "key" string) (field "value" string)))
    (export "output" (type $output (eq $output')))
    (type $outcome' (record (field "summary" string) (field "outputs" (list $output))))
    (export "outcome" (type $outcome (eq $outcome')))))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "failure" (type $failure))"#;

/// A component that exports `run` with this body, which ends with the address
/// of its answer: 1024 holds zeros, and those are an outcome without a
/// summary. Its one page of memory starts with `data`.
///
/// It imports nothing but types.
pub fn pure(body: &str) -> String {
    format!(
        r#"(component {TYPES}
  (core module $m
    (memory (export "memory") 1)
    (func $run (export "run") (result i32) {body}))
  (core instance $i (instantiate $m))
  (func (export "run") (result (result $outcome (error $failure)))
    (canon lift (core func $i "run") (memory (core memory $i "memory")))))"#
    )
}

/// The same with the clock and the log: `$write` (level, address, length) and
/// `$sleep` (milliseconds).
pub fn talking(data: &str, body: &str) -> String {
    format!(
        r#"(component {TYPES}
  (import "slackwater:phase/clock@1.0.0-beta.1" (instance $clock
    (export "sleep-ms" (func (param "ms" u64)))))
  (import "slackwater:phase/log@1.0.0-beta.1" (instance $log
    (type $level' (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 0) "{data}"))
  (core instance $mem (instantiate $memory))
  (core func $sleep (canon lower (func $clock "sleep-ms")))
  (core func $write (canon lower (func $log "write") (memory (core memory $mem "memory"))))
  (core module $m
    (import "host" "write" (func $write (param i32 i32 i32)))
    (import "host" "sleep" (func $sleep (param i64)))
    (import "host" "memory" (memory 1))
    (func (export "run") (result i32) (local $n i32) {body}))
  (core instance $i (instantiate $m (with "host" (instance
    (export "write" (func $write))
    (export "sleep" (func $sleep))
    (export "memory" (memory $mem "memory"))))))
  (func (export "run") (result (result $outcome (error $failure)))
    (canon lift (core func $i "run") (memory (core memory $mem "memory")))))"#
    )
}

/// A component that imports an instance of this name with one function.
pub fn wanting(import: &str, function: &str) -> String {
    pure("(i32.const 1024)").replacen(
        "(component",
        &format!(r#"(component (import "{import}" (instance (export "{function}" (func))))"#),
        1,
    )
}
