//! A batch that is cut inside, of each codec: what is kept is what it was, and
//! every reader takes it.

use crate::log::batch::seal;
use crate::log::{Batch, Packing, Rec};
use proptest::prelude::*;
use slackwater_logdir::{BatchHeader, HEADER, for_each};
use slackwater_trim::recode;

fn header(bytes: &[u8]) -> BatchHeader {
    BatchHeader::read(bytes.first_chunk().unwrap(), bytes.len() as u64).unwrap()
}

/// Offset, timestamp, key, value, number of headers.
type Seen = (u64, i64, Option<Vec<u8>>, Option<Vec<u8>>, usize);

fn records(bytes: &[u8]) -> Vec<Seen> {
    let mut found = Vec::new();
    for_each(
        &header(bytes),
        &bytes[HEADER..],
        &mut Vec::new(),
        |record| {
            let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
            found.push((
                record.offset,
                record.timestamp_ms,
                owned(record.key),
                owned(record.value),
                record.headers.len(),
            ));
        },
    )
    .unwrap();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn it_holds_the_records_before_the_cut_and_all_else_is_as_it_was(
        base in 0..1u64 << 40,
        count in 2..60u64,
        at in any::<prop::sample::Index>(),
        packing in prop::sample::select(&Packing::ALL[..]),
        epoch in 0..100i32,
        appended in prop::option::of(1_000_000..2_000_000i64),
        producer in prop::option::of(0..1000i64),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut batch = Batch::numbered(base, count).packed(packing).of_epoch(epoch);
        batch.append_time = appended;
        if let Some(producer) = producer {
            batch = batch.idempotent(producer, 77);
        }
        // The cleaner was here.
        for gone in gone {
            if batch.records.len() > 1 {
                batch.records.remove(gone.index(batch.records.len()));
            }
        }
        let whole = batch.bytes();
        let cut = base + 1 + at.index(count as usize - 1) as u64;
        let short = recode(&whole, cut).unwrap();
        let (before, after) = (header(&whole), header(&short));
        prop_assert_eq!(after.last_offset, cut - 1);
        prop_assert_eq!(after.base_offset, base);
        let mut kept = records(&whole);
        kept.retain(|record| record.0 < cut);
        prop_assert_eq!(after.records as usize, kept.len());
        prop_assert_eq!(records(&short), kept.clone());
        let mut resealed = short.clone();
        seal(&mut resealed);
        prop_assert_eq!(&resealed, &short);
        prop_assert_eq!(after.size, short.len() as u64);
        prop_assert_eq!(
            (after.codec, after.leader_epoch, after.base_timestamp, after.log_append_time),
            (before.codec, before.leader_epoch, before.base_timestamp, before.log_append_time)
        );
        prop_assert_eq!(
            (after.producer_id, after.producer_epoch, after.base_sequence),
            (before.producer_id, before.producer_epoch, before.base_sequence)
        );
        let newest = match appended {
            Some(appended) => appended,
            None => kept.iter().map(|record| record.1).max().unwrap_or(-1),
        };
        prop_assert_eq!(after.max_timestamp, newest);
        // The same bytes each time.
        prop_assert_eq!(recode(&whole, cut).unwrap(), short);
    }

    #[test]
    fn any_bytes_are_cut_or_refused(bytes: Vec<u8>, cut: u64) {
        let _ = recode(&bytes, cut);
    }
}

#[test]
fn a_batch_of_a_transaction_is_never_cut_inside() {
    let batch = Batch::numbered(10, 5).in_transaction(3);
    let refused = recode(&batch.bytes(), 12).unwrap_err();
    assert!(refused.contains("kept whole or dropped whole"), "{refused}");
}

#[test]
fn a_cut_outside_of_the_batch_is_refused() {
    let batch = Batch::of((10..15).map(Rec::numbered).collect());
    for cut in [0, 9, 10, 15, 99] {
        assert!(recode(&batch.bytes(), cut).is_err(), "{cut}");
    }
}

#[test]
fn snappy_stays_in_the_framing_that_it_came_in() {
    for packing in [Packing::SnappyJava, Packing::SnappyBare] {
        let whole = Batch::numbered(0, 9).packed(packing).bytes();
        let short = recode(&whole, 5).unwrap();
        let framed = |bytes: &[u8]| bytes[HEADER..].starts_with(b"\x82SNAPPY\0");
        assert_eq!(framed(&short), framed(&whole));
    }
}
