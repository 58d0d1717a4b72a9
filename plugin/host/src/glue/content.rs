//! What lies on volumes.

use slackwater_ports as ports;
use wasmtime::Result;

use crate::bindings::slackwater::phase::types::PortError;
use crate::bindings::slackwater::phase::volume_content as wit;
use crate::convert::Convert as _;
use crate::state::State;

type Seen<T> = std::result::Result<T, PortError>;

impl wit::Host for State {
    fn survey(&mut self) -> Result<Seen<wit::ContentSurvey>> {
        Ok(self.port(|ports| &ports.volume_content)?.survey().convert())
    }

    fn scan(
        &mut self,
        depth: wit::ContentDepth,
        wanted: Vec<wit::ScanWanted>,
    ) -> Result<Seen<Vec<wit::ScanRow>>> {
        let port = self.port(|ports| &ports.volume_content)?;
        let wanted: Vec<ports::ScanWanted> = wanted.convert();
        Ok(port.scan(depth.convert(), &wanted).convert())
    }

    fn range(&mut self, wanted: Vec<wit::RangeWanted>) -> Result<Seen<Vec<wit::RangeRow>>> {
        let port = self.port(|ports| &ports.volume_content)?;
        let wanted: Vec<ports::RangeWanted> = wanted.convert();
        Ok(port.range(&wanted).convert())
    }

    fn transactions(&mut self) -> Result<Seen<wit::TransactionsSeen>> {
        let port = self.port(|ports| &ports.volume_content)?;
        Ok(port.transactions().convert())
    }

    fn metadata(&mut self) -> Result<Seen<Vec<wit::MetadataSeen>>> {
        Ok(self
            .port(|ports| &ports.volume_content)?
            .metadata()
            .convert())
    }
}
