//! What a run says at its end: what was read and lost, what was left out on purpose, and the exit status.

use std::io::{self, Write};

use firstseen::coverage::{Coverage, FaultKind};
use firstseen::model::Inventory;
use firstseen::report::{UsedSettings, for_terminal, write_faults, write_losses, write_summary};
use firstseen::source::Traffic;

use super::exit::RunStatus;
use super::input::Input;
use super::inventory::summary;
use super::output::Output;
use super::warnings::no_event;

/// What there is to say.
pub(crate) struct RunSummary<'a> {
    pub(crate) coverage: &'a Coverage,
    /// `--faults`
    pub(crate) faults: Option<Output>,
    /// The first instant that was learnt from.
    pub(crate) read_from: Option<&'a str>,
    /// The last instant that was learnt from, and the flags that say so.
    pub(crate) read_to: Option<(&'a str, &'a str)>,
    /// Whether only successful calls count.
    pub(crate) only_success: bool,
    /// Whether the coverage is that of a saved baseline, also of what was left out.
    pub(crate) is_saved: bool,
    /// What was asked of S3.
    pub(crate) traffic: Option<Traffic>,
    /// Names of the archives, in the order of their numbers.
    pub(crate) archives: &'a [String],
    /// What IAM knew.
    pub(crate) inventory: Option<&'a Inventory>,
    /// Number of files that may have told more of IAM and could not be read.
    pub(crate) lost_inventory: usize,
    /// What else there is to know of the answer.
    pub(crate) note: Option<String>,
    /// Why the answer may mislead.
    pub(crate) warnings: Vec<String>,
}

impl<'a> RunSummary<'a> {
    /// The end of a run that left nothing out.
    pub(crate) fn new(coverage: &'a Coverage, faults: Option<Output>) -> Self {
        let (read_from, read_to) = (None, None);
        Self {
            coverage,
            faults,
            read_from,
            read_to,
            only_success: false,
            is_saved: false,
            traffic: None,
            archives: &[],
            inventory: None,
            lost_inventory: 0,
            note: None,
            warnings: Vec::new(),
        }
    }

    /// The end of a run on some input with these settings.
    pub(crate) fn of(
        input: &'a Input,
        used: &'a UsedSettings,
        faults: Option<Output>,
        warnings: Vec<String>,
    ) -> Self {
        let warnings = [&input.inventory_files.warnings[..], &warnings].concat();
        Self {
            inventory: Some(&input.baseline.inventory),
            lost_inventory: input.inventory_files.lost,
            read_from: used.read_from.as_deref(),
            read_to: used.read_to.as_deref().map(|read_to| (read_to, "--read-to, --to")),
            only_success: used.only_success,
            is_saved: input.is_saved,
            traffic: input.traffic,
            archives: &input.archives,
            warnings,
            ..Self::new(&input.coverage, faults)
        }
    }

    /// Writes the faults; on stderr the coverage of the run, unless `quiet`, and in any case what was lost and what
    /// may make the answer misleading. Gives how the run ended.
    pub(crate) fn end(mut self, quiet: bool) -> anyhow::Result<RunStatus> {
        if let Some(faults) = self.faults.take() {
            faults.write(|out| write_faults(self.coverage, out))?;
        }
        let mut stderr = io::stderr().lock();
        if !quiet {
            self.write_account(&mut stderr)?;
        }
        write_losses(self.coverage, self.archives, &mut stderr)?;
        write_denied(self.coverage, &mut stderr)?;
        if !quiet {
            self.write_limits(&mut stderr)?;
        }
        let replaced = self.traffic.as_ref().map_or(0, |traffic| traffic.replaced);
        if replaced > 0 {
            writeln!(
                stderr,
                "warning: {replaced} kept objects had changed, in the bucket or in the mirror; what lay there is now in \
                 .firstseen-mirror/replaced"
            )?;
        }
        for warn in no_event(self.coverage).iter().chain(&self.warnings) {
            writeln!(stderr, "warning: {}", for_terminal(warn))?;
        }
        let is_complete = self.coverage.fault_count == 0 && self.lost_inventory == 0;
        Ok(if is_complete { RunStatus::Complete } else { RunStatus::WithFaults })
    }

    /// Says what was read.
    fn write_account(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.archives.len() > 1 {
            for (number, name) in (1..).zip(self.archives) {
                writeln!(out, "archive {number}: {}", for_terminal(name))?;
            }
        }
        write_summary(self.coverage, out)?;
        if let Some(traffic) = &self.traffic {
            write_traffic(traffic, out)?;
        }
        if self.is_saved && self.read_to.is_some() {
            writeln!(out, "these lines account for the whole baseline, also for what was left out")?;
        }
        if let Some(inventory) = self.inventory.filter(|inventory| !inventory.is_empty()) {
            writeln!(out, "{}", summary(inventory))?;
        }
        Ok(())
    }

    /// Says what was not learnt from on purpose, and what was learnt and not reported.
    fn write_limits(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(read_from) = self.read_from {
            writeln!(
                out,
                "learnt from nothing before {read_from}: what is older counts as new (--read-from)"
            )?;
        }
        if let Some((read_to, flags)) = self.read_to {
            writeln!(out, "learnt from nothing after {read_to} ({flags})")?;
        }
        if self.only_success {
            writeln!(out, "learnt from successful calls only (--only-success)")?;
        }
        self.note.iter().try_for_each(|note| writeln!(out, "{note}"))
    }
}

/// What the network was asked for. It is not the same twice, so it stands here and in no answer.
fn write_traffic(traffic: &Traffic, out: &mut dyn Write) -> io::Result<()> {
    let Traffic { lists, gets, retries, bytes, from_mirror, kept, .. } = traffic;
    let (requests, megabytes) = (lists + gets, *bytes as f64 / 1e6);
    write!(
        out,
        "S3: {requests} requests ({lists} lists, {gets} objects), {retries} repeated, {megabytes:.1} MB"
    )?;
    if from_mirror + kept > 0 {
        write!(out, "; mirror: {from_mirror} objects were there, {kept} added")?;
    }
    writeln!(out)
}

/// What to do about objects that S3 does not hand out.
fn write_denied(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let failed = |kind| coverage.objects.failed.get(&kind).copied().unwrap_or(0);
    if failed(FaultKind::AccessDenied) > 0 {
        writeln!(
            out,
            "hint: reading objects needs s3:GetObject on them, for your identity and in the bucket's policy"
        )?;
    }
    if failed(FaultKind::KmsDenied) > 0 {
        writeln!(
            out,
            "hint: these objects are encrypted: reading them needs kms:Decrypt on their key, also in its policy"
        )?;
    }
    Ok(())
}
