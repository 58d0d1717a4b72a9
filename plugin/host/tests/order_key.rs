//! A component that numbers records: what it is asked, and each limit with a guest
//! that hits it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::{Path, PathBuf};

use common::component;
use slackwater_host::{
    Header, Host, HostOptions, Message, OrderKey, OrderKeyError, PhaseComponent,
};

fn key(component: &PhaseComponent) -> Result<OrderKey, OrderKeyError> {
    Host::new(HostOptions::default())
        .unwrap()
        .order_key(component)
}

/// A component of the world, which answers with the three numbers of this body: a
/// discriminant at the address that it gives, and 8 bytes after it the number. All
/// lists are copied to one place.
fn guest(body: &str, more: &str) -> PhaseComponent {
    component(&format!(
        r#"(component
  (type $header' (record (field "name" string) (field "value" (option (list u8)))))
  (import "header" (type $header (eq $header')))
  (type $message' (record
    (field "topic" string) (field "partition" u32) (field "offset" u64)
    (field "timestamp-ms" (option s64)) (field "key" (option (list u8)))
    (field "value" (option (list u8))) (field "headers" (list $header))))
  (import "message" (type $message (eq $message')))
  (core module $m
    (memory (export "memory") 40)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
    {more}
    (func $sequence (export "sequence") (param i32 i32) (param $partition i32) (param $offset i64)
      (param i32 i64 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      {body}))
  (core instance $i (instantiate $m))
  (func (export "sequence") (param "message" $message) (result (option u64))
    (canon lift (core func $i "sequence") (memory (core memory $i "memory"))
      (realloc (core func $i "realloc")))))"#
    ))
}

fn plain(offset: u64) -> Message<'static> {
    Message {
        topic: "src.t",
        partition: 7,
        offset,
        timestamp_ms: Some(1),
        key: None,
        value: Some(b"Msg[1]"),
        headers: &[],
    }
}

fn ended(body: &str) -> OrderKeyError {
    key(&guest(body, ""))
        .unwrap()
        .sequence(plain(1))
        .unwrap_err()
}

const LOOP: &str = "(loop $again (br $again)) (i32.const 0)";

#[test]
fn a_record_is_given_as_it_is_and_its_number_comes_back() {
    let body = "(if (i64.eq (local.get $offset) (i64.const 5)) (then (return (i32.const 1024))))
      (i32.store8 (i32.const 0) (i32.const 1))
      (i64.store (i32.const 8) (i64.add (local.get $offset)
        (i64.extend_i32_u (local.get $partition))))
      (i32.const 0)";
    let key = key(&guest(body, "")).unwrap();
    assert_eq!(key.sequence(plain(10)).unwrap(), Some(17));
    assert_eq!(key.sequence(plain(5)).unwrap(), None);
    assert_eq!(key.sequence(plain(11)).unwrap(), Some(18));
}

#[test]
fn one_that_loops_runs_out_of_fuel() {
    let error = ended(LOOP);
    assert!(matches!(error, OrderKeyError::OutOfFuel { .. }), "{error}");
    assert!(
        error.to_string().contains("fuel, 1000000000 units"),
        "{error}"
    );
}

#[test]
fn fuel_is_for_each_record_anew() {
    // 6 of 10 parts of it for each.
    let body = "(local $n i32)
      (loop $again
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 90000000))))
      (i32.const 1024)";
    let key = key(&guest(body, "")).unwrap();
    for offset in 0..3 {
        assert_eq!(key.sequence(plain(offset)).unwrap(), None);
    }
}

#[test]
fn one_that_loops_before_it_is_asked_is_not_taken() {
    let guest = guest(
        "(i32.const 0)",
        "(start $first) (func $first (loop $again (br $again)))",
    );
    let error = key(&guest).unwrap_err();
    assert!(matches!(error, OrderKeyError::OutOfFuel { .. }), "{error}");
}

#[test]
fn one_that_eats_memory_hits_the_limit_that_is_named() {
    let error =
        ended("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 0)");
    assert!(
        matches!(error, OrderKeyError::OutOfMemory { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("268435456 bytes"), "{error}");
}

#[test]
fn what_it_never_gives_back_piles_up_to_the_same_limit() {
    let key = key(&guest(
        "(drop (memory.grow (i32.const 1000))) (i32.const 1024)",
        "",
    ))
    .unwrap();
    let mut records = (0..10).map(|offset| key.sequence(plain(offset)));
    assert!(matches!(
        records.find_map(Result::err),
        Some(OrderKeyError::OutOfMemory { .. })
    ));
}

#[test]
fn one_that_eats_table_entries_hits_the_limit_that_is_named() {
    let body = "(drop (table.grow $t (ref.null func) (i32.const 1000000))) (i32.const 0)";
    let guest = guest(body, "(table $t 1 funcref)");
    let error = key(&guest).unwrap().sequence(plain(1)).unwrap_err();
    assert!(error.to_string().contains("entries in a table"), "{error}");
}

#[test]
fn one_that_traps_is_named_with_the_remedy_and_the_next_record_is_asked_of_another() {
    let body =
        "(if (i64.eq (local.get $offset) (i64.const 5)) (then unreachable)) (i32.const 1024)";
    let key = key(&guest(body, "")).unwrap();
    let error = key.sequence(plain(5)).unwrap_err();
    assert!(matches!(error, OrderKeyError::Trapped { .. }), "{error}");
    assert!(
        error.to_string().contains("unreachable")
            && error.to_string().contains("have it give none"),
        "{error}"
    );
    assert_eq!(key.sequence(plain(6)).unwrap(), None);
}

#[test]
fn what_is_no_component_of_the_world_is_refused_in_one_line() {
    let refused = |component: &PhaseComponent| key(component).unwrap_err();
    let module = PhaseComponent::load(wat::parse_str("(module)").unwrap()).unwrap();
    let error = refused(&module);
    assert!(
        matches!(error, OrderKeyError::NotAComponent { .. }),
        "{error}"
    );
    assert!(!error.to_string().contains('\n'), "{error}");

    let phase = component(&common::guest::talking("", "(i32.const 1024)"));
    let error = refused(&phase);
    assert!(matches!(error, OrderKeyError::Wants { .. }), "{error}");
    assert!(
        error.to_string().contains("slackwater:phase/clock@"),
        "{error}"
    );

    let wasi = component(&common::guest::wanting(
        "wasi:cli/environment@0.2.0",
        "initial-cwd",
    ));
    let error = refused(&wasi).to_string();
    assert!(
        error.contains("wants wasi:cli/environment@0.2.0"),
        "{error}"
    );

    for other in [
        common::guest::pure("(i32.const 1024)"),
        "(component)".to_owned(),
    ] {
        let error = refused(&component(&other));
        assert!(matches!(error, OrderKeyError::OtherWorld { .. }), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

/// The example, as `cargo xtask wasm` builds it.
fn example() -> OrderKey {
    let dir = std::env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm-actions"),
        PathBuf::from,
    );
    let component = PhaseComponent::read(&dir.join("order-key.component.wasm"))
        .unwrap_or_else(|error| panic!("{error}; build it with `cargo xtask wasm`"));
    key(&component).unwrap()
}

#[test]
fn the_example_reads_the_number_out_of_the_value_whatever_else_there_is() {
    let key = example();
    let headers = [
        Header {
            name: "trace",
            value: Some(b"x"),
        },
        Header {
            name: "none",
            value: None,
        },
    ];
    let of = |value| {
        key.sequence(Message {
            key: Some(b"k"),
            value,
            headers: &headers,
            ..plain(3)
        })
    };
    assert_eq!(of(Some(b"Msg[2001]")).unwrap(), Some(2001));
    assert_eq!(of(Some(b"something else")).unwrap(), None);
    assert_eq!(of(None).unwrap(), None);
    let large = [b"Msg[7]".as_slice(), &vec![b'x'; 64 << 20]].concat();
    assert_eq!(of(Some(&large)).unwrap(), Some(7));
}

#[test]
fn several_threads_ask_one_key_at_once() {
    let key = example();
    std::thread::scope(|scope| {
        for first in 0..4u64 {
            let key = &key;
            scope.spawn(move || {
                for number in (first * 1000)..(first * 1000 + 500) {
                    let value = format!("Msg[{number}]");
                    let message = Message {
                        value: Some(value.as_bytes()),
                        ..plain(1)
                    };
                    assert_eq!(key.sequence(message).unwrap(), Some(number));
                }
            });
        }
    });
}
