//! Flags of `coverage`: which accounts, Regions and days are reported.

use clap::Args;
use firstseen::time::Bound;

use super::filters::{FilterArgs, PrincipalArgs};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters (limit what is reported, not what is read)")]
pub(crate) struct CoveredArgs {
    /// Report no day before this time
    #[arg(long, value_name = "TIME")]
    from: Option<Bound>,
    /// Report no day after this time
    #[arg(long, value_name = "TIME")]
    to: Option<Bound>,
    /// Only this account, as the names of objects give it (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "ID,…")]
    account: Vec<String>,
    /// Only this Region, as the names of objects give it; for the audit log of a cluster eks/NAME (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "REGION,…")]
    region: Vec<String>,
}

impl CoveredArgs {
    /// The settings from these flags; the others stay unset.
    pub(crate) fn filters(&self) -> FilterArgs {
        let Self { from, to, account, region } = self;
        let whom =
            PrincipalArgs { account: account.clone(), region: region.clone(), ..PrincipalArgs::default() };
        FilterArgs { from: *from, to: *to, whom }
    }
}
