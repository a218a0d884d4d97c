//! Flags for what is read of an archive by commands that look at single records.

use clap::Args;
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, ScanSettings};
use firstseen::source::ReadWindow;
use firstseen::time::{Bound, Span};

use super::super::threads;
use super::{RunArgs, byte_count, check_window};

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct ReadingArgs {
    /// Do not open objects delivered before this time, less --delivery-slack
    #[arg(long, value_name = "TIME")]
    read_from: Option<Bound>,
    /// Do not open objects delivered after this time, plus --delivery-slack; a day counts to its end
    #[arg(long, value_name = "TIME")]
    read_to: Option<Bound>,
    /// How long before and after its events an object may be delivered [default: 2d]
    #[arg(long, value_name = "SPAN")]
    delivery_slack: Option<Span>,
    /// Do not decompress any object beyond this many bytes [units: K, M, G] [default: 4G, or as in the baseline]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    max_object_size: Option<u64>,
}

impl ReadingArgs {
    /// The settings of a scan.
    ///
    /// # Errors
    /// If the window ends before it begins (wrong usage).
    pub(crate) fn settings(&self, run: &RunArgs) -> anyhow::Result<ScanSettings> {
        check_window("--read-from, --read-to", self.read_from, self.read_to)?;
        Ok(ScanSettings {
            threads: threads(run.threads),
            window: ReadWindow {
                read_from: self.read_from.map(Bound::start),
                read_to: self.read_to.map(Bound::end),
                slack: self.delivery_slack.unwrap_or(Span::days(2)),
            },
            max_object_size: self.max_object_size.unwrap_or(DEFAULT_MAX_OBJECT_SIZE),
            memory: run.memory(),
            checksums: false,
        })
    }

    /// The limit on the size of an object, if given.
    pub(crate) fn max_object_size(&self) -> Option<u64> {
        self.max_object_size
    }
}
