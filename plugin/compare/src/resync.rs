//! Where two logs that have parted meet again.
//!
//! The mirror's next records are looked for in the history and in what lies
//! ahead on the source, near by first. A record that is found once is taken at
//! its word; one that is found in several places is judged by the records
//! after it. Before a run counts as a repeat, or a record as a stranger,
//! everything that may be looked ahead at is: if it fits there, it is what
//! follows a hole.

use crate::Items;
use crate::walk::{Place, Walk};

/// How far ahead is looked before everything is: most holes and repeats are
/// found with the first.
const NEAR: [usize; 3] = [64, 1024, 16_384];

/// Records in a row that confirm a place.
const CONFIRMED: usize = 32;

/// What a search came to.
enum Search {
    /// The mirror's record at this position belongs there.
    Found(usize, Place),
    /// It may be a repeat, or come after strangers: look further ahead first.
    Further,
    Nothing,
}

impl<S, M> Walk<'_, S, M>
where
    S: Items,
    M: Items<Error = S::Error>,
{
    /// Goes on where the two meet again; else takes records of the side that
    /// lies behind, and leaves it to the next call.
    pub(crate) fn resync(&mut self) -> Result<(), S::Error> {
        let all = self.how.limits.ahead.max(1);
        let mut near = NEAR.into_iter().filter(|near| *near < all);
        loop {
            let look = near.next().unwrap_or(all);
            self.fill_ahead(look)?;
            self.fill_pending(look)?;
            let mut last = look == all || (self.source_over && self.mirror_over);
            let mut search = self.search(last);
            if matches!(search, Search::Further) {
                self.fill_ahead(all)?;
                self.fill_pending(all)?;
                last = true;
                search = self.search(true);
            }
            match search {
                Search::Found(at, place) => {
                    self.meet(at, place);
                    return Ok(());
                }
                _ if last => {
                    self.slide();
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn meet(&mut self, at: usize, place: Place) {
        let skipped = match place {
            Place::Back(_) => 0,
            Place::Ahead(number) => number - self.ahead.front(),
        };
        self.note_parting(at, skipped);
        for _ in 0..at {
            self.take_strange();
        }
        self.go_on_at(place);
    }

    /// The first record of the mirror that is known at all is held to be what
    /// it is like; those before it are strangers. `all`: nothing further ahead
    /// will be looked at.
    fn search(&mut self, all: bool) -> Search {
        for at in 0..self.pending.len() {
            let identity = self.pending[at].identity;
            let ahead = self.ahead.find(identity).into_iter().rev();
            let mut places: Vec<Place> = ahead.map(Place::Ahead).collect();
            places.extend(self.history.find(identity).into_iter().map(Place::Back));
            let mut longest = (0, None);
            for place in &places {
                let run = self.run(at, *place);
                // Of equal ones the first counts: ahead before back, and near
                // before far.
                if run > longest.0 {
                    longest = (run, Some(*place));
                }
            }
            let (run, Some(place)) = longest else {
                continue;
            };
            let is_next = at == 0 && matches!(place, Place::Ahead(_));
            let is_sure = places.len() == 1 || run >= CONFIRMED;
            return match all || self.source_over || (is_next && is_sure) {
                true => Search::Found(at, place),
                false => Search::Further,
            };
        }
        Search::Nothing
    }

    /// How many records from position `at` on are those from `place` on, up
    /// to [`CONFIRMED`]. The history goes on with what lies ahead.
    fn run(&self, at: usize, place: Place) -> usize {
        self.pending
            .range(at..)
            .take(CONFIRMED)
            .zip(0..)
            .take_while(|(mirror, step)| {
                let source = match place {
                    Place::Ahead(number) => self.ahead.get(number + step),
                    Place::Back(number) => {
                        let number = number + step;
                        match number.checked_sub(self.history.end()) {
                            None => self.history.get(number),
                            Some(past) => self.ahead.get(self.ahead.front() + past),
                        }
                    }
                };
                source.is_some_and(|source| source.identity == mirror.identity)
            })
            .count()
    }

    /// Nothing that either side has within reach is on the other one: takes
    /// half of what is within reach on the side that lies behind.
    fn slide(&mut self) {
        if self.is_mirror_behind() {
            let all = self.source_over && self.mirror_over;
            let count = if all {
                self.pending.len()
            } else {
                self.pending.len().div_ceil(2)
            };
            self.note_parting(count, 0);
            for _ in 0..count {
                self.take_strange();
            }
        } else {
            let count = self.ahead.len().div_ceil(2);
            self.note_parting(0, count as u64);
            for _ in 0..count {
                self.skip(true);
            }
        }
    }

    /// Which side lies behind is told by what can be, else by timestamps. If
    /// they mislead, too much is reported, never too little.
    fn is_mirror_behind(&self) -> bool {
        if self.source_over || self.mirror_over {
            return self.source_over;
        }
        let at_the_start = !self.begun && !self.tally.is_compacted();
        if at_the_start && self.how.source_start == 0 {
            return false;
        }
        if at_the_start && self.how.mirror_start == 0 {
            return true;
        }
        self.newest.1 < self.newest.0
    }
}
