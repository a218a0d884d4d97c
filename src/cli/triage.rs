//! `firstseen triage`: ranks what is new, most surprising first.

use clap::Args;
use firstseen::model::Dimensions;
use firstseen::query::{
    Finding, KnownAssets, Label, Question, TriageQuestion, Weights, label_report, set_covered, triage,
};
use firstseen::report::{Format, LabelledReport, Report, TriageReport, UsedSettings};
use firstseen::source::{FileList, ObjectKey};
use firstseen::time::Bound;

use super::args::{
    ArchiveArgs, CaseArgs, FileFormat, GeoArgs, LabelArgs, LearningArgs, NewnessArgs, RankedOutputArgs,
    RankedPeriodArgs, RankingArgs, RuleArgs, S3Args,
};
use super::case::Case;
use super::destination::{Destination, RankingAnswer};
use super::exit::{RunStatus, UsageError};
use super::geo::{geo_databases, locate, set_locations};
use super::input::{Input, InputOptions};
use super::output_guard::OutputGuard;
use super::page::page_context;
use super::run_summary::RunSummary;
use super::settings::{FileArgs, Settings, read_known, read_weights};
use super::used_settings::{used_geo_databases, used_settings};
use super::warnings::{
    clusters_of_regions, nothing_ranked, unmatched_in, unmatched_known, unnamed_clusters, window,
    without_rules,
};

/// Rank what is new by how surprising it is, as incidents, with reasons
///
/// Reads archives in full, or a baseline that firstseen index made of them.
#[derive(Debug, Args)]
pub(crate) struct TriageArgs {
    #[command(flatten)]
    archives: ArchiveArgs,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    ranking: RankingArgs,
    #[command(flatten)]
    labels: LabelArgs,
    #[command(flatten)]
    newness: NewnessArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    period: RankedPeriodArgs,
    #[command(flatten)]
    geo: GeoArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    output: RankedOutputArgs,
}

/// How many incidents the text shows.
const SHOWN: usize = 10;

/// The name of a baseline of several sources, in a command to copy.
const ONE_BASELINE: &str = "all.baseline";

/// How a ranking is kept.
const CASE_NOTE: &str = "--case DIR saves this ranking and its evidence for another examiner";

/// Runs the command.
pub(crate) fn run(args: &TriageArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    // What is ranked does not depend on --report, nor what is learnt on --to.
    let read_to = wanted.learning.read_to.map(Bound::end);
    let mut base = Question { report: Vec::new(), read_to, ..wanted.question()? };
    let weights = args.ranking.weights.as_deref().map(read_weights).transpose()?.unwrap_or_default();
    let known = args.ranking.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    let (labels, unused) = args.labels.read()?.unzip();
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let lists = archives.lists()?;
    let mut guard = args.guard(&wanted, (&archives, &lists))?;
    let destination = args.destination(&mut guard)?;
    let shown = destination.is_only(FileFormat::Own(Format::Text)).then_some(SHOWN);
    let case = Case::open(&args.case, &mut guard)?;
    let faults = args.output.run.faults(&mut guard)?;
    let rules = args.rules.read()?;
    let databases = geo_databases(&wanted.geo, &base)?;
    // The window limits what is reported: an episode may begin before it, and what comes later tells deployments from
    // intrusions.
    let reading = InputOptions {
        rules: rules.as_ref(),
        rules_are_of_file: args.rules.are_of_file(&args.files),
        from: None,
        to: None,
        dimensions: Dimensions::ALL,
        with_objects: case.is_some(),
        ..wanted.reading(&args.output.run)
    };
    let input = Input::read(&archives, &lists, &reading)?;
    base.read_to = input.read_to(base.read_to);
    let Input { baseline, coverage, .. } = &input;
    let question = args.ranking.question(&base, weights, known);
    let mut triage = triage(baseline, &question);
    let locations = locate(&databases, triage.findings())?;
    set_locations(&locations, triage.findings_mut());
    set_covered(coverage, (base.warmup, input.last_delivery(base.read_to)), triage.findings_mut());
    let used = UsedSettings {
        geo_db: used_geo_databases(&databases),
        ..used_settings(wanted.preset(), &base, &input)
    };
    let trace_source = archives.trace_source(args.files.config(), &input.archives);
    let one_baseline = archives.one_baseline(ONE_BASELINE).filter(|_| trace_source.is_none());
    let traced_baseline = archives.traced_baseline(ONE_BASELINE, &input.archives);
    let report = TriageReport {
        settings: &used,
        coverage,
        archives: &input.archives,
        source: &archives.words(),
        trace_source: trace_source.as_deref(),
        one_baseline: one_baseline.as_deref().map(|command| (command, &*traced_baseline)),
        is_saved: input.is_saved,
        delivery_day: |object| ObjectKey::parse(object).delivery().map(|delivery| delivery.day),
        question: &question,
        top: args.ranking.top(),
        triage: &triage,
    };
    let has_page = case.is_some() || destination.includes(FileFormat::Page);
    let page = page_context(has_page, &archives, (&input, &base), triage.findings());
    let mut answer = RankingAnswer { report, page };
    if let Some(case) = case {
        write_case(case, &answer, (&input, &used))?;
    }
    // A case has all incidents, also beside a text that shows some.
    answer.report.top = answer.report.top.or(shown);
    let warning = match labels {
        Some(labels) => write_labelled(&answer.report, &labels, destination).map(|()| None)?,
        None => destination.write(&answer)?,
    };
    let mut warnings = doubts(&wanted, (&input, &base), unused.flatten(), &question.known);
    warnings.extend(warning);
    warnings.extend(nothing_ranked(&triage.overview, question.warmup));
    let read_to = used.read_to.as_deref().map(|read_to| (read_to, "--read-to"));
    let is_kept = args.case.case.is_some() || args.labels.labels.is_some() || triage.incidents.is_empty();
    let note = shown.filter(|_| !is_kept).map(|_| CASE_NOTE.to_owned());
    RunSummary { read_to, geo: Some(&databases), note, ..RunSummary::of(&input, &used, faults, warnings) }
        .end(args.output.run.quiet)
}

/// Why the ranking may be misleading, as far as the question and the input tell; `unused` is a warning about the file of `--labels`.
fn doubts(
    wanted: &Settings,
    (input, base): (&Input, &Question),
    unused: Option<String>,
    known: &KnownAssets,
) -> Vec<String> {
    let baseline = &input.baseline;
    let mut warnings = unmatched_in(baseline, &base.filter, &wanted.filters, wanted.preset());
    warnings.extend(unused);
    warnings.extend(without_rules(baseline, &base.filter));
    warnings.extend(unnamed_clusters(&input.coverage));
    warnings.extend(clusters_of_regions(&input.coverage));
    warnings.extend(window(&input.coverage, base));
    warnings.extend(unmatched_known(baseline, known));
    warnings
}

/// Writes a case with a ranking and its findings.
fn write_case(
    mut case: Case,
    answer: &RankingAnswer<'_>,
    (input, used): (&Input, &UsedSettings),
) -> anyhow::Result<()> {
    case.add_answer("incidents", answer)?;
    let findings: Vec<Finding<'_>> = answer.report.triage.findings().cloned().collect();
    let report =
        Report { settings: used, coverage: &input.coverage, archives: &input.archives, findings: &findings };
    case.add("findings.csv", |out| report.write(Format::Csv, out))?;
    case.finish(input, used)
}

/// Writes where a ranking has labelled incidents.
fn write_labelled(
    ranking: &TriageReport<'_>,
    labels: &[Label],
    destination: Destination,
) -> anyhow::Result<()> {
    let labels = label_report(ranking.triage, labels);
    let report = LabelledReport { ranking, labels: &labels };
    destination.write_own(|format, out| report.write(format, out))
}

impl TriageArgs {
    /// A guard for all files that are read.
    fn guard(
        &self,
        wanted: &Settings,
        (archives, lists): (&ArchiveArgs, &[FileList]),
    ) -> anyhow::Result<OutputGuard> {
        let mut guard = wanted.guard(&self.files, archives, lists)?;
        guard.read_files("weights", self.ranking.weights.as_slice());
        guard.read_files("known assets", self.ranking.known.as_slice());
        guard.read_files("labels", self.labels.labels.as_slice());
        guard.read_rules(self.rules.files());
        Ok(guard)
    }

    /// Where the answer goes. Labels measure a ranking, which no other system reads.
    fn destination(&self, guard: &mut OutputGuard) -> anyhow::Result<Destination> {
        let formats = self.output.formats()?;
        if self.labels.labels.is_some() {
            formats.check_own("--labels")?;
            if self.case.case.is_some() {
                let what = "--labels measures a ranking: a case has no place for that".to_owned();
                return Err(UsageError(what).into());
            }
        }
        Destination::open(formats, self.output.output.as_deref(), self.output.screen.color, guard)
    }

    /// The settings that a ranking shares with other questions.
    fn wanted(&self) -> anyhow::Result<Settings> {
        let flags = Settings {
            geo: self.geo.clone(),
            question: self.newness.question(),
            learning: self.learning.clone(),
            filters: self.period.filters(),
            s3: self.s3.clone(),
            ..Settings::default()
        };
        Ok(flags.or(self.files.read(None)?))
    }
}

impl RankingArgs {
    /// The question of a ranking.
    fn question(&self, base: &Question, weights: Weights, known: KnownAssets) -> TriageQuestion {
        TriageQuestion {
            warmup: base.warmup,
            anchor: base.anchor,
            gap: self.gap(),
            from: base.from,
            to: base.to,
            read_to: base.read_to,
            only_success: base.only_success,
            filter: base.filter.clone(),
            weights,
            known,
            as_of_then: self.as_of_then,
            by: self.unit(),
        }
    }
}
