//! `firstseen scan`: reads archives and reports what is new.

use std::path::PathBuf;

use clap::Args;
use firstseen::model::Text;
use firstseen::query::{Question, WarmupEffect, first_seen_with_warmup_effect, set_covered};
use firstseen::report::{Report, UsedSettings};
use firstseen::source::{FileList, is_stdin};

use super::args::{ArchiveArgs, CaseArgs, FileFormat, OutputArgs, ProofArgs, RuleArgs};
use super::case::Case;
use super::destination::{Destination, FindingsAnswer};
use super::exit::{RunStatus, UsageError};
use super::geo::{derive_values, geo_databases, locate, set_locations};
use super::input::{Input, InputOptions};
use super::integrity::{Integrity, changed_objects};
use super::page::page_context;
use super::run_summary::RunSummary;
use super::saved_name::is_saved;
use super::settings::{Settings, SettingsArgs};
use super::used_settings::{used_geo_databases, used_settings};
use super::verify::Verifying;
use super::warnings::{
    clusters_of_regions, hiding_filters, impossible_kinds, learnt_in_warmup, returns_without_region,
    unmatched_in, unnamed_clusters, warmup, window, without_rules,
};

/// Report what every principal did for the first time after its warmup
///
/// Reads archives in full, or a baseline that firstseen index made of them.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// Report every event that matches a rule: not only the first for each rule and principal, and also those covered by
    /// another finding
    #[arg(long, help_heading = "Rules")]
    all_matches: bool,
    /// Verify the log files with CloudTrail's digests, as firstseen verify does, and mark each finding with the result for its log
    /// file (integrity); reads the archives twice
    #[arg(long, help_heading = "Verification")]
    verify: bool,
    #[command(flatten)]
    proof: ProofArgs,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.settings.read()?;
    let mut question = Question { all_matches: args.all_matches, ..wanted.question()? };
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = wanted.guard(args.settings.files(), &archives, &lists)?;
    guard.read_rules(args.rules.files());
    args.proof.guard(&mut guard);
    let verify = args.verifies(&archives)?;
    let destination = Destination::of_findings(&args.output, &mut guard)?;
    let case = Case::open(&args.case, &mut guard)?;
    let faults = args.output.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    let databases = geo_databases(&wanted.geo, &question)?;
    let reading = InputOptions {
        rules: rules.as_ref(),
        rules_are_of_file: args.rules.are_of_file(args.settings.files()),
        hits: question.hit_retention(wanted.learning.key()),
        with_objects: case.is_some() || matches!(verify, Verify::Yes),
        ..wanted.reading(&args.output.run)
    };
    let mut integrity = match verify {
        Verify::No | Verify::PassedOver => None,
        Verify::Yes => Some(args.integrity(&wanted, (&archives, &lists))?),
    };
    let mut input = Input::read(&archives, &lists, &reading)?;
    let changed = integrity.as_mut().map(|integrity| compared(integrity, &mut input)).unwrap_or_default();
    let not_derived = derive_values(&databases, &question, &mut input.baseline)?;
    if input.rules.is_some() {
        args.settings.add_rules(&mut question)?;
    }
    question.read_to = input.read_to(question.read_to);
    let Input { baseline, coverage, .. } = &input;
    let (mut findings, effect) = first_seen_with_warmup_effect(baseline, &question);
    let locations = locate(&databases, findings.iter())?;
    set_locations(&locations, findings.iter_mut());
    if let Some(integrity) = &integrity {
        integrity.set(findings.iter_mut());
    }
    set_covered(coverage, (question.warmup, input.last_delivery(question.read_to)), findings.iter_mut());
    let used = UsedSettings {
        geo_db: used_geo_databases(&databases),
        ..used_settings(wanted.preset(), &question, &input)
    };
    let report = Report { settings: &used, coverage, archives: &input.archives, findings: &findings };
    let has_page = case.is_some() || destination.includes(FileFormat::Page);
    let page = page_context(has_page, &archives, (&input, &question), findings.iter());
    let answer = FindingsAnswer { report, command: "scan", page };
    if let Some(case) = case {
        write_case(case, &answer, (&input, &used), integrity.as_ref())?;
    }
    let warning = destination.write(&answer)?;
    let mut warnings = doubts(&wanted, (&input, &question), &effect, not_derived);
    if findings.is_empty() {
        warnings.extend(hiding_filters(baseline, &question));
    }
    warnings.extend(warning);
    warnings.extend(args.unverified(verify));
    warnings.extend(integrity.into_iter().flat_map(|integrity| integrity.verified.warnings));
    warnings.extend(changed_objects(&changed));
    let note = learnt_in_warmup(&effect);
    let summary =
        RunSummary { note, geo: Some(&databases), ..RunSummary::of(&input, &used, faults, warnings) };
    let status = summary.end(args.output.run.quiet)?;
    Ok(if changed.is_empty() { status } else { RunStatus::WithFaults })
}

/// Compares what was scanned with what was verified. Returns the paths of log files that are not the same. The requests of both are
/// those of the run.
fn compared(integrity: &mut Integrity, input: &mut Input) -> Vec<Text> {
    let verifying = integrity.verified.traffic.unwrap_or_default();
    input.traffic = input.traffic.map(|reading| reading.and(verifying));
    integrity.compare(&input.objects)
}

/// Writes a case with findings and, if the log files were verified, the verdicts.
fn write_case(
    mut case: Case,
    answer: &FindingsAnswer<'_>,
    (input, used): (&Input, &UsedSettings),
    integrity: Option<&Integrity>,
) -> anyhow::Result<()> {
    case.add_answer("findings", answer)?;
    if let Some(Integrity { verified, .. }) = integrity {
        case.add_verification(verified)?;
    }
    case.finish(input, used)
}

/// Why the answer may be misleading, as far as the question and the input tell; `not_derived` are warnings about derived dimensions.
fn doubts(
    wanted: &Settings,
    (input, question): (&Input, &Question),
    effect: &WarmupEffect,
    not_derived: Vec<String>,
) -> Vec<String> {
    let baseline = &input.baseline;
    let mut warnings = unmatched_in(baseline, &question.filter, &wanted.filters, wanted.preset());
    warnings.extend(not_derived);
    warnings.extend(returns_without_region(question, question.forget.is_some()));
    warnings.extend(without_rules(baseline, &question.filter));
    warnings.extend(unnamed_clusters(&input.coverage));
    warnings.extend(clusters_of_regions(&input.coverage));
    warnings.extend(window(&input.coverage, question));
    warnings.extend(warmup(effect));
    warnings.extend(impossible_kinds(&wanted.question, question, input.rules.is_some()));
    warnings
}

/// Whether the digests are asked about the log files.
enum Verify {
    No,
    Yes,
    /// A configuration file says so, but a baseline has no log files.
    PassedOver,
}

impl ScanArgs {
    /// Whether to verify. Refuses flags that `--verify` needs or cannot have.
    fn verifies(&self, archives: &ArchiveArgs) -> anyhow::Result<Verify> {
        let names = archives.names();
        let is_of_file = self.verify && self.settings.files().sets("verify");
        if is_of_file && !names.is_empty() && names.iter().all(|name| is_saved(name)) {
            return Ok(Verify::PassedOver);
        }
        let has_proof = self.proof.keys_named().next().is_some();
        let cannot = |name: &&PathBuf| is_stdin(name) || is_saved(name);
        let what = match names.iter().find(cannot) {
            _ if !self.verify && has_proof && self.proof_is_of_file() => return Ok(Verify::No),
            _ if !self.verify && has_proof => {
                "--public-keys and --side-file are used to verify: add --verify".to_owned()
            }
            Some(name) if self.verify => {
                let name = name.display();
                format!(
                    "--verify reads the archives twice, which '{name}' does not allow: name folders or buckets"
                )
            }
            _ if self.verify => return Ok(Verify::Yes),
            _ => return Ok(Verify::No),
        };
        Err(UsageError(what).into())
    }

    /// Whether a configuration file names the keys and side files, which may serve firstseen verify.
    fn proof_is_of_file(&self) -> bool {
        self.proof.keys_named().all(|key| self.settings.files().sets(key))
    }

    /// What a configuration file says of verifying and is passed over.
    fn unverified(&self, verify: Verify) -> Option<String> {
        match verify {
            Verify::No => self.unused_proof(),
            Verify::Yes => None,
            Verify::PassedOver => Some(
                "verify of --config is passed over: a baseline has no log files (name the archives)"
                    .to_owned(),
            ),
        }
    }

    /// Keys and side files of a configuration file that are not used.
    fn unused_proof(&self) -> Option<String> {
        let named: Vec<&str> = self.proof.keys_named().collect();
        (!named.is_empty()).then(|| {
            let are = if named.len() == 1 { "is" } else { "are" };
            format!("{} of --config {are} passed over: used only to verify (--verify)", named.join(" and "))
        })
    }

    /// What the digests say of the log files.
    fn integrity(
        &self,
        wanted: &Settings,
        (archives, lists): (&ArchiveArgs, &[FileList]),
    ) -> anyhow::Result<Integrity> {
        let (proof, s3, run) = (&self.proof, &wanted.s3, &self.output.run);
        let verifying = Verifying { proof, s3, run, from: None, is_before_scan: true };
        verifying.verify(archives, lists).map(Integrity::of)
    }
}
