//! The summary at the end of a run: what was read, lost and left out on purpose, and the exit status.

use std::io::{self, Write};

use firstseen::coverage::{Coverage, FaultKind};
use firstseen::geo::GeoDatabases;
use firstseen::model::Inventory;
use firstseen::report::{
    UsedSettings, for_terminal, plural, size, write_faults, write_losses, write_summary,
};
use firstseen::source::{ArchiveAccount, Traffic, is_of_missing_archive};

use super::exit::RunStatus;
use super::geo::described;
use super::input::Input;
use super::inventory::summary;
use super::messages::messages;
use super::output::Output;
use super::warnings::no_event;

/// The flags that limit what is read.
pub(crate) const READ_WINDOW: &str = "--read-from and --read-to (--to implies --read-to)";

/// The summary of a run.
pub(crate) struct RunSummary<'a> {
    pub(crate) coverage: &'a Coverage,
    /// `--faults`
    pub(crate) faults: Option<Output>,
    /// Start of the learning window.
    pub(crate) read_from: Option<&'a str>,
    /// End of the learning window, and the flags that set it.
    pub(crate) read_to: Option<(&'a str, &'a str)>,
    /// Whether a saved baseline was learnt beyond that end.
    pub(crate) is_learnt_beyond: bool,
    /// The flags that may have left out all of the input.
    pub(crate) window: &'a str,
    /// Whether only successful calls count.
    pub(crate) only_success: bool,
    /// Whether the coverage is that of a saved baseline, including what the question leaves out.
    pub(crate) is_saved: bool,
    /// Whether only single objects were read, so that there is no archive to account for.
    pub(crate) is_of_single_objects: bool,
    /// Requests to S3.
    pub(crate) traffic: Option<Traffic>,
    /// Names of the archives, in the order of their numbers.
    pub(crate) archives: &'a [String],
    /// What was read of each; nothing for saved baselines.
    pub(crate) accounts: Vec<ArchiveAccount>,
    /// Whether this is what was added to a baseline, whose coverage is that of all it has.
    pub(crate) counts_new_objects: bool,
    /// The IAM inventory.
    pub(crate) inventory: Option<&'a Inventory>,
    /// Number of files that may belong to the IAM inventory and could not be read.
    pub(crate) lost_inventory: usize,
    /// The geolocation databases.
    pub(crate) geo: Option<&'a GeoDatabases>,
    /// A remark about the answer.
    pub(crate) note: Option<String>,
    /// Reasons why the answer may be misleading.
    pub(crate) warnings: Vec<String>,
}

impl<'a> RunSummary<'a> {
    /// The summary of a run that left nothing out.
    pub(crate) fn new(coverage: &'a Coverage, faults: Option<Output>) -> Self {
        let (read_from, read_to) = (None, None);
        Self {
            coverage,
            faults,
            read_from,
            read_to,
            is_learnt_beyond: false,
            window: READ_WINDOW,
            only_success: false,
            is_saved: false,
            is_of_single_objects: false,
            traffic: None,
            archives: &[],
            accounts: Vec::new(),
            counts_new_objects: false,
            inventory: None,
            lost_inventory: 0,
            geo: None,
            note: None,
            warnings: Vec::new(),
        }
    }

    /// The summary of a run on some input.
    pub(crate) fn of_input(input: &'a Input, faults: Option<Output>, warnings: &[String]) -> Self {
        Self {
            inventory: Some(&input.baseline.inventory),
            lost_inventory: input.inventory_files.lost,
            is_saved: input.is_saved,
            traffic: input.traffic,
            archives: &input.archives,
            accounts: input.accounts.clone(),
            warnings: [&input.inventory_files.warnings, input.other_rules.as_slice(), warnings].concat(),
            ..Self::new(&input.coverage, faults)
        }
    }

    /// The summary of a run on some input with these settings.
    pub(crate) fn of(
        input: &'a Input,
        used: &'a UsedSettings,
        faults: Option<Output>,
        warnings: Vec<String>,
    ) -> Self {
        let learnt_to = input.settings.window.read_to.map(|read_to| read_to.to_string());
        Self {
            read_from: used.read_from.as_deref(),
            is_learnt_beyond: input.is_saved && used.read_to != learnt_to,
            read_to: used.read_to.as_deref().map(|read_to| (read_to, "--read-to, --to")),
            only_success: used.only_success,
            ..Self::of_input(input, faults, &warnings)
        }
    }

    /// Writes the faults to their file and, on stderr, losses and warnings; unless `quiet`, also the coverage. Returns the
    /// exit status.
    pub(crate) fn end(mut self, quiet: bool) -> anyhow::Result<RunStatus> {
        if let Some(faults) = self.faults.take() {
            faults.write(|out| write_faults(self.coverage, out))?;
        }
        let mut stderr = messages();
        if !quiet {
            self.write_account(&mut stderr)?;
        }
        write_losses(self.coverage, self.archives, &mut stderr)?;
        write_denied(self.coverage, &mut stderr)?;
        self.write_unlisted(&mut stderr)?;
        if !quiet {
            self.write_limits(&mut stderr)?;
        }
        let replaced = self.traffic.as_ref().map_or(0, |traffic| traffic.replaced);
        if replaced > 0 {
            writeln!(
                stderr,
                "warning: {replaced} mirrored objects had changed, in the bucket or in the mirror; the old copies are now in \
                 .firstseen-mirror/replaced"
            )?;
        }
        let no_event = no_event(self.coverage, self.window).filter(|_| !self.is_of_single_objects);
        for warn in no_event.iter().chain(&self.warnings) {
            writeln!(stderr, "warning: {}", for_terminal(warn))?;
        }
        let is_complete = self.coverage.is_complete() && self.lost_inventory == 0;
        Ok(if is_complete { RunStatus::Complete } else { RunStatus::WithFaults })
    }

    /// Writes what was read.
    fn write_account(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.archives.len() > 1 && !self.is_of_single_objects {
            let object = if self.counts_new_objects { "new object" } else { "object" };
            for (number, name) in (1_usize..).zip(self.archives) {
                let account = self
                    .accounts
                    .get(number - 1)
                    .map_or(String::new(), |account| of_archive(account, object));
                writeln!(out, "archive {number}: {}{account}", for_terminal(name))?;
            }
        }
        if !self.is_of_single_objects {
            write_summary(self.coverage, out)?;
        }
        if let Some(traffic) = &self.traffic {
            write_traffic(traffic, out)?;
        }
        if self.is_saved && self.read_to.is_some() {
            writeln!(out, "these lines account for the whole baseline, including what was left out")?;
        }
        if let Some(inventory) = self.inventory.filter(|inventory| !inventory.is_empty()) {
            writeln!(out, "{}", summary(inventory))?;
        }
        for database in self.geo.into_iter().flat_map(GeoDatabases::iter) {
            writeln!(out, "geolocation database: {}", for_terminal(&described(database)))?;
        }
        Ok(())
    }

    /// Writes hints for archives that could not be opened, and folders of buckets that could not be listed.
    fn write_unlisted(&self, out: &mut dyn Write) -> io::Result<()> {
        let of_lists = || self.coverage.faults.iter().filter(|fault| fault.kind == FaultKind::List);
        if self.is_saved {
            return Ok(());
        }
        if of_lists().any(is_of_missing_archive) {
            writeln!(
                out,
                "hint: to leave an archive out that cannot be opened, remove its [[archive]] table; firstseen plan --check says \
                 what is in the way"
            )?;
        }
        if self.traffic.is_some() && of_lists().any(|fault| !is_of_missing_archive(fault)) {
            writeln!(
                out,
                "hint: what lies below a folder that could not be listed, or only in part, is not in this answer: run it again, and ask \
                 the owner of the store if it stays so"
            )?;
        }
        Ok(())
    }

    /// Writes which events were not learnt or do not count on purpose, and which were learnt but not reported.
    fn write_limits(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(read_from) = self.read_from {
            writeln!(
                out,
                "events before {read_from} were not learnt, so older behaviours count as new (--read-from)"
            )?;
        }
        if let Some((read_to, flags)) = self.read_to {
            let what = if self.is_learnt_beyond { "do not count" } else { "were not learnt" };
            writeln!(out, "events after {read_to} {what} ({flags})")?;
        }
        if self.only_success {
            writeln!(out, "learnt from successful calls only (--only-success)")?;
        }
        self.note.iter().try_for_each(|note| writeln!(out, "{note}"))
    }
}

/// What was read of an archive, in brackets; `object` is the word for what is counted.
fn of_archive(ArchiveAccount { read, failed, bytes }: &ArchiveAccount, object: &str) -> String {
    let failed = if *failed > 0 { format!(", {failed} not read") } else { String::new() };
    format!(" ({}, {}{failed})", plural(*read, object), size(*bytes))
}

/// Writes the network activity. It differs between runs, so it is not part of an answer.
pub(crate) fn write_traffic(traffic: &Traffic, out: &mut dyn Write) -> io::Result<()> {
    let Traffic { lists, gets, retries, bytes, from_mirror, kept, .. } = traffic;
    let (requests, bytes) = (lists + gets, size(*bytes));
    write!(out, "S3: {requests} requests ({lists} lists, {gets} objects), {retries} retried, {bytes}")?;
    if from_mirror + kept > 0 {
        write!(out, "; mirror: {from_mirror} objects reused, {kept} added")?;
    }
    writeln!(out)
}

/// Writes hints for objects that S3 refuses.
pub(crate) fn write_denied(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let failed = |kind| coverage.objects.failed.get(&kind).copied().unwrap_or(0);
    if failed(FaultKind::AccessDenied) > 0 {
        writeln!(
            out,
            "hint: reading objects needs s3:GetObject on them, for your identity and in the bucket's policy"
        )?;
    }
    let mut of_keys = coverage.faults.iter().filter(|fault| fault.kind == FaultKind::KmsDenied).peekable();
    // KMS itself says of such a key in which state it is.
    let is_unusable = of_keys.peek().is_some() && of_keys.all(|fault| fault.detail.starts_with("KMS."));
    if failed(FaultKind::KmsDenied) > 0 && is_unusable {
        writeln!(
            out,
            "hint: the key of encrypted objects cannot be used now: its owner can enable it, or cancel its deletion"
        )?;
    } else if failed(FaultKind::KmsDenied) > 0 {
        writeln!(
            out,
            "hint: reading encrypted objects needs kms:Decrypt on their key, also in the key policy"
        )?;
    }
    Ok(())
}
