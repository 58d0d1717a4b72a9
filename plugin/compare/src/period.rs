//! Whether all that was matched repeats itself.
//!
//! Where one side's log starts or ends elsewhere than the other's, the records
//! alone say how the two lie beside each other. If they have a period, the
//! copy fits as well a period further on.

use slackwater_ports::Digest128;

/// Periods up to half of this many records are found: a log without
/// timestamps that repeats itself does so within a few records.
const KEPT: usize = 8192;

/// Fed with every matched record, in order. (The failure function of Knuth,
/// Morris and Pratt over the first records gives their shortest period; from
/// there on it is enough to see that it holds.)
#[derive(Debug, Default)]
pub(crate) struct Period {
    first: Vec<Digest128>,
    /// For each prefix the length of its longest border.
    borders: Vec<u32>,
    /// Records seen.
    count: u64,
    /// A record has broken the period that the first ones had.
    broken: bool,
}

impl Period {
    pub(crate) fn push(&mut self, identity: Digest128) {
        let at = self.count;
        self.count += 1;
        if self.broken {
            return;
        }
        if self.first.len() < KEPT {
            self.grow(identity);
            if self.first.len() == KEPT && self.shortest() > KEPT / 2 {
                self.end();
            }
            return;
        }
        let place = usize::try_from(at % self.shortest() as u64).unwrap_or(0);
        if self.first[place] != identity {
            self.end();
        }
    }

    fn end(&mut self) {
        self.broken = true;
        self.first = Vec::new();
        self.borders = Vec::new();
    }

    fn grow(&mut self, identity: Digest128) {
        let mut border = self.borders.last().map_or(0, |border| *border as usize);
        while border > 0 && self.first[border] != identity {
            border = self.borders[border - 1] as usize;
        }
        if self.first.get(border) == Some(&identity) {
            border += 1;
        }
        self.first.push(identity);
        self.borders.push(u32::try_from(border).unwrap_or(u32::MAX));
    }

    fn shortest(&self) -> usize {
        let border = self.borders.last().map_or(0, |border| *border as usize);
        self.first.len() - border
    }

    /// Whether the records have a period of at most half their number. A
    /// single one has every period.
    pub(crate) fn holds(&self) -> bool {
        match self.count {
            0 => false,
            1 => true,
            _ => !self.broken && self.shortest() <= (self.first.len() / 2).max(1),
        }
    }

    /// Whether it would still hold with this record as the next one.
    pub(crate) fn goes_on_with(&self, identity: Digest128) -> bool {
        if !self.holds() {
            return false;
        }
        let place = usize::try_from(self.count % self.shortest() as u64).unwrap_or(0);
        self.first[place] == identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(run: impl IntoIterator<Item = u128>) -> bool {
        let mut period = Period::default();
        for one in run {
            period.push(Digest128(one));
        }
        period.holds()
    }

    #[test]
    fn the_record_after_a_run_goes_on_with_its_period_or_does_not() {
        let mut period = Period::default();
        for one in [1, 2, 1, 2, 1] {
            period.push(Digest128(one));
        }
        assert!(period.goes_on_with(Digest128(2)));
        assert!(!period.goes_on_with(Digest128(1)));
    }

    #[test]
    fn a_run_that_repeats_itself_holds_and_one_that_stops_doing_so_does_not() {
        assert!(holds([7; 3]));
        assert!(holds((0..100).map(|n| n % 7)));
        assert!(holds((0..50_000).map(|n| n % 700)));
        assert!(!holds((0..50_000).map(|n| if n == 40_000 {
            9
        } else {
            n % 7
        })));
        assert!(!holds(0..100));
        assert!(!holds(0..50_000));
        assert!(!holds([1, 1, 2]));
    }
}
