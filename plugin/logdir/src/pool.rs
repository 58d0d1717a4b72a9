//! Many replicas on all cores: the largest first, so that none is left alone
//! at the end.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::segment::SegmentReader;
use crate::survey::Replica;

/// No more threads than this: each holds a buffer of up to
/// [`crate::MAX_HELD`] and what one batch decompresses to, and memory has a
/// bound whatever the machine.
const MAX_THREADS: usize = 16;

/// `work` on each of `replicas`; the answers are in their order.
pub fn on_all_cores<A: Send>(
    replicas: &[&Replica],
    work: impl Fn(&mut SegmentReader, usize, &Replica) -> A + Sync,
) -> Vec<A> {
    let mut order: Vec<usize> = (0..replicas.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(replicas[*at].bytes()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(MAX_THREADS).min(order.len()).max(1);
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<Option<A>>> = Mutex::new(replicas.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut reader = SegmentReader::default();
                while let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = work(&mut reader, *at, replicas[*at]);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers[*at] = Some(answer);
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.into_iter().flatten().collect()
}
