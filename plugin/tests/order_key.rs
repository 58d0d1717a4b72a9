//! `slackwater logdir plan --order order`, as a process, with the example of a
//! component and with what is none.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../logdir/tests/log/mod.rs"]
mod log;
#[path = "../trim/tests/site/mod.rs"]
mod site;
#[path = "../trim/tests/world/mod.rs"]
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use log::{Batch, Rec};
use sha2::{Digest as _, Sha256};
use site::Site;
use slackwater_cut::Class;
use slackwater_point::{Ordered, Plan};
use world::nodes;

/// The example, as `cargo xtask wasm` builds it.
fn example() -> PathBuf {
    let dir = std::env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm-actions"),
        PathBuf::from,
    );
    dir.join("order-key.component.wasm")
}

fn messages(numbers: &[u64]) -> Vec<Batch> {
    let one = |(offset, number): (usize, &u64)| {
        let mut record = Rec::new(offset as u64, None, Some(&format!("Msg[{number}]")));
        record.timestamp = 1_700_000_000_000 + *number as i64;
        Batch::of(vec![record])
    };
    numbers.iter().enumerate().map(one).collect()
}

/// Msg[1] to Msg[2002] over 16 partitions: 2002 went to partition 15, and 2001,
/// which went to partition 0, came after the copies of that were taken.
fn without_2001() -> Site {
    let mut numbers: Vec<Vec<u64>> = vec![Vec::new(); 16];
    for number in 1..=2000 {
        numbers[(number as usize - 1) % 16].push(number);
    }
    numbers[15].push(2002);
    let mut site = Site::new();
    site.topic("src.msg", Class::Mirrored, 16, Some("msg"));
    for (partition, numbers) in numbers.iter().enumerate() {
        site.all(&format!("src.msg-{partition}"), &messages(numbers));
    }
    let cut = site.cut.to_canonical().unwrap();
    fs::write(site.root.path().join("cut.json"), cut).unwrap();
    site
}

fn plan(site: &Site, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    command.args(["logdir", "plan"]).args(more);
    command.arg(site.root.path().join("cut.json"));
    command.args(nodes(site.root.path())).output().unwrap()
}

fn refused(site: &Site, more: &[&str], says: &str) {
    let output = plan(site, more);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.lines().last().unwrap().contains(says), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn where_2001_is_missing_everything_from_it_on_goes_and_the_plan_says_so() {
    let site = without_2001();
    let (key, file) = (example(), site.root.path().join("plan.json"));
    let (key, save) = (key.to_str().unwrap(), file.to_str().unwrap());
    let output = plan(
        &site,
        &["--order=order", "--order-key", key, "--save", save],
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "messages 1 to 2000 are all kept, and none above",
        "missing: 2001\n",
        "what pulls it back: a record of src.msg-15 at offset 125, number 2002\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let plan = Plan::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    for row in &plan.partitions {
        let cut = match row.partition.partition {
            15 => row.end - 1,
            _ => row.end,
        };
        assert_eq!(row.cut, cut, "{}", row.partition);
    }
    let Ordered::Sequence {
        component,
        first,
        last,
        listed,
        ..
    } = &plan.order
    else {
        panic!("{:?}", plan.order);
    };
    assert_eq!((*first, *last), (1, 2000));
    assert_eq!(listed.as_slice(), [(2001, 2001)]);
    let digest = Sha256::digest(fs::read(key).unwrap());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(*component, digest);
    // And what is cut by it lacks nothing.
    let mut trim = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    trim.args(["logdir", "trim", save])
        .args(nodes(site.root.path()));
    let output = trim.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let again = self::plan(&site, &["--order=order", "--order-key", key]);
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(
        said.contains("messages 1 to 2000") && !said.contains("what pulls it back"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_with_the_component_is_said_in_one_line() {
    let site = without_2001();
    let at = |name: &str| site.root.path().join(name).to_str().unwrap().to_owned();
    let by = |file: &str, says: &str| {
        refused(&site, &["--order=order", "--order-key", file], says);
    };
    refused(&site, &["--order=order"], "--order-key FILE.wasm");
    by(&at("missing.wasm"), "can't read the component");
    fs::write(at("text.wasm"), "#!/bin/sh\n").unwrap();
    by(&at("text.wasm"), "text.wasm is not a component");
    let phase = example().with_file_name("await-drain.component.wasm");
    by(
        phase.to_str().unwrap(),
        "and an order key is granted nothing",
    );
    let key = example();
    let key = key.to_str().unwrap();
    refused(
        &site,
        &["--order=timestamp", "--epsilon=1s", "--order-key", key],
        "--order-key is for the order of numbers",
    );
    refused(
        &site,
        &["--order=timestamp", "--epsilon=1s", "--first=1"],
        "--first is for the order of numbers",
    );
    let keyed = |more: &[&str], says: &str| {
        refused(
            &site,
            &[&["--order=order", "--order-key", key], more].concat(),
            says,
        );
    };
    keyed(&["--epsilon=1s"], "--disorder");
    keyed(&["--first=2003"], "no record has a number from 2003 on");
    keyed(&["--first=9999999999999999999"], "no number is greater");
}

/// The world's types, and a body of the function.
fn guest(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
  (type $header' (record (field "name" string) (field "value" (option (list u8)))))
  (import "header" (type $header (eq $header')))
  (type $message' (record
    (field "topic" string) (field "partition" u32) (field "offset" u64)
    (field "timestamp-ms" (option s64)) (field "key" (option (list u8)))
    (field "value" (option (list u8))) (field "headers" (list $header))))
  (import "message" (type $message (eq $message')))
  (core module $m
    (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
    (func (export "sequence") (param i32 i32 i32 i64 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)
      (result i32) {body}))
  (core instance $i (instantiate $m))
  (func (export "sequence") (param "message" $message) (result (option u64))
    (canon lift (core func $i "sequence") (memory (core memory $i "memory"))
      (realloc (core func $i "realloc")))))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_component_that_is_ended_is_named_with_the_record_and_the_remedy() {
    let site = without_2001();
    let file = site.root.path().join("key.wasm");
    for (body, says) in [
        (
            "unreachable",
            "have it give none for a record that it can't read",
        ),
        (
            "(loop $again (br $again)) (i32.const 0)",
            "used up its fuel",
        ),
        (
            "(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 0)",
            "more memory than its limit",
        ),
        (
            "(i32.store8 (i32.const 0) (i32.const 1))
             (i64.store (i32.const 8) (i64.const -1)) (i32.const 0)",
            "gave it 18446744073709551615, and no number is greater than 9223372036854775807",
        ),
    ] {
        fs::write(&file, guest(body)).unwrap();
        let output = plan(
            &site,
            &["--order=order", "--order-key", file.to_str().unwrap()],
        );
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("the record at offset ") && error.contains("key.wasm"),
            "{error}"
        );
        assert!(
            error.trim_end().ends_with(says) || error.contains(says),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
