//! `firstseen index`: reads archives into a saved baseline, which later runs extend.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use firstseen::catalog::LearningScope;
use firstseen::coverage::SomeShards;
use firstseen::index::{AddedObjects, IndexError, IndexSettings, Indexed, ListedShard, index, index_shard};
use firstseen::learn::LearnSettings;
use firstseen::model::Dimensions;
use firstseen::plan::Shard;
use firstseen::report::{IndexReport, IndexedArchive, IndexedObjects, plural};
use firstseen::rules::RuleSet;
use firstseen::scan::ScanError;
use firstseen::source::{ArchiveAccount, ArchiveError, Archives, FileList};
use firstseen::store::{BaselineContents, BaselineFolder, Saved, is_baseline};
use firstseen::time::Bound;

use super::args::{ArchiveArgs, LearningArgs, RuleArgs, RunArgs, S3Args, ShardArgs, check_window};
use super::cluster::{add_clusters, partly_named};
use super::exit::{Hint, RunStatus, UsageError, merge_error, scan_error, store_error};
use super::input::try_archives;
use super::inventory::inventory_files;
use super::messages::messages;
use super::output::Output;
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::run_summary::RunSummary;
use super::settings::FileArgs;
use super::threads;
use super::warnings::{clusters_of_regions, nothing_found, unnamed_clusters};

/// Unlike the commands that ask a question, index does not accept baselines.
const ARCHIVES_HELP: &str =
    "Folders, files, globs or s3://bucket/prefix with log objects; or - for standard input";

/// Read archives once into a baseline that can be asked again and again
///
/// A baseline is a folder that scan, triage, rules, tune, baseline and coverage accept in place of the archives.
///
/// If the baseline already exists, only objects that are not yet in it are read. To resume an interrupted run, run it
/// again.
#[derive(Debug, Args)]
#[command(mut_arg("names", |names| names.help(ARCHIVES_HELP).required_unless_present("shard")))]
pub(crate) struct IndexArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    shard: ShardArgs,
    /// Folder of the baseline, by convention NAME.baseline; it appears only once it is complete
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Identify objects that are already in the baseline by SHA-256, not only by name and size; reads all objects
    #[arg(long)]
    by_checksum: bool,
    /// Save a checkpoint after this many objects: a run that is killed resumes there. One that is interrupted saves what it has
    #[arg(long, value_name = "OBJECTS", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: u32,
    /// Write what was added, and what the baseline now covers, to FILE, as one JSON document
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    s3: S3Args,
}

/// Runs the command.
pub(crate) fn run(args: &IndexArgs) -> anyhow::Result<RunStatus> {
    let input = args.input()?;
    let lists = input.named.lists()?;
    let (faults, summary) = args.guard(&input, &lists)?;
    let rules = args.rules.read()?;
    let inventory_files = inventory_files(&input.learning.iam_inventory)?;
    let place = BaselineFolder::take(&args.output).map_err(store_error)?;
    let known = place.open().map_err(store_error)?;
    let learning = args.settings(&input.learning, known.as_ref(), rules)?;
    let known = known.map(|saved| saved.contents()).transpose().map_err(store_error)?;
    let progress = Bar::new(args.run.quiet)?;
    let archives = input.open(&lists, &learning, known.as_ref())?;
    let settings = IndexSettings {
        learning,
        by_checksum: args.by_checksum,
        checkpoint_every: args.checkpoint_every as usize,
        inventory: inventory_files.inventory,
    };
    let indexed = match &input.shard {
        Some(shard) => {
            let shard = ListedShard {
                plan: shard.plan.clone(),
                shard: SomeShards::one(shard.shard, shard.of),
                listing: shard.listing(&archives).context(SHARD_HINT)?,
            };
            index_shard(&place, known, &archives, shard, &settings, &progress)
        }
        None => index(&place, known, &archives, &settings, &progress),
    };
    progress.clear();
    let mut indexed = indexed.map_err(|error| args.explain(error, &archives))?;
    // That the other shards are elsewhere is no loss here.
    indexed.stored.coverage.unfinished.plans.clear();
    if !args.run.quiet {
        writeln!(messages(), "{}, {} already in the baseline", described(indexed.added), indexed.known)?;
    }
    if let Some(summary) = summary {
        args.write_summary(summary, &archives, &indexed)?;
    }
    let closing = RunSummary {
        traffic: archives.traffic(),
        archives: archives.names(),
        accounts: archives.accounts(),
        counts_new_objects: true,
        inventory: Some(&indexed.stored.baseline.inventory),
        lost_inventory: inventory_files.lost,
        warnings: inventory_files
            .warnings
            .into_iter()
            .chain(replaced_objects(&indexed.replaced))
            .chain(partly_named(&indexed.stored.baseline, &indexed.stored.archives))
            .chain(unnamed_clusters(&indexed.stored.coverage))
            .chain(clusters_of_regions(&indexed.stored.coverage))
            .collect(),
        ..RunSummary::new(&indexed.stored.coverage, faults)
    };
    closing.end(args.run.quiet)
}

/// What is read, and how: of flags and files, or a shard of a plan.
struct IndexInput {
    named: ArchiveArgs,
    learning: LearningArgs,
    s3: S3Args,
    shard: Option<Shard>,
}

impl IndexInput {
    /// Opens the archives. Those of a baseline have the clusters that they have in it.
    fn open(
        &self,
        lists: &[FileList],
        settings: &LearnSettings,
        known: Option<&BaselineContents>,
    ) -> anyhow::Result<Archives> {
        let mut given = self.named.given(&self.s3)?;
        if let (None, Some(known)) = (&settings.cluster, known) {
            add_clusters(&mut given, &known.baseline, &known.archives);
        }
        // A shard without one of its archives would be another one.
        let given = given.into_iter().map(|archive| match &self.shard {
            Some(_) => archive.required(),
            None => archive,
        });
        let archives = try_archives((&given.collect::<Vec<_>>(), lists), settings.max_object_size, &self.s3)?;
        archives.map_err(|error| match error {
            ArchiveError::Open { .. } if self.shard.is_some() => anyhow::Error::new(error).context(Hint(
                "a plan names archives as they were given, or by their labels: give the same --config as to firstseen plan",
            )),
            error => scan_error(error.into()),
        })
    }
}

/// What was added, in words.
fn described(AddedObjects { read, skipped, failed }: AddedObjects) -> String {
    let others = [(skipped, "skipped"), (failed, "not read")].into_iter().filter(|(count, _)| *count > 0);
    let others: String = others.map(|(count, how)| format!(", {count} {how}")).collect();
    format!("{} added{others}", plural(read, "object"))
}

/// What became of the objects of each archive, for a summary.
fn archive_rows(archives: &Archives, added: &[AddedObjects]) -> Vec<IndexedArchive> {
    let rows = (1..).zip(archives.names()).zip(archives.accounts()).zip(added);
    let row = |(((archive, name), account), added): (((u32, &String), ArchiveAccount), &AddedObjects)| {
        let AddedObjects { read, skipped, failed } = *added;
        IndexedArchive { archive, name: name.clone(), read, skipped, failed, bytes: account.bytes }
    };
    rows.map(row).collect()
}

/// Warns of objects that are now in the baseline with their old content and their new one.
fn replaced_objects(replaced: &[String]) -> Option<String> {
    let what = "read before with other content: the baseline has both versions";
    match replaced {
        [] => None,
        [one] => Some(format!("'{one}' was {what}")),
        [first, others @ ..] => Some(format!("'{first}' and {} more were {what}", others.len())),
    }
}

impl IndexArgs {
    /// What to read, from the flags and the files that they name.
    fn input(&self) -> anyhow::Result<IndexInput> {
        let files = self.files.read(None)?;
        if self.shard.shard.is_some() && (!self.archives.names().is_empty() || self.archives.names_lists()) {
            let what = "--shard says what is read: name no archive beside it".to_owned();
            return Err(UsageError(what).into());
        }
        let shard = self.shard.read()?;
        let mut s3 = self.s3.clone().or(files.s3);
        let mut learning = self.learning.clone().or(files.learning);
        let named = match &shard {
            Some(shard) => ArchiveArgs::named(&shard.archives, &files.archives),
            None => self.archives.and(&files.archives, &s3)?,
        };
        if let Some(shard) = &shard {
            s3 = s3.without_mirror_of_file(
                "it needs all objects of a bucket, and a shard names a part of them",
            )?;
            learning = learning_of(&learning, shard, &s3)?;
        }
        check_window("--read-from, --read-to", learning.read_from, learning.read_to)?;
        if let Some(baseline) = named.names().iter().find(|name| is_baseline(name)) {
            let what = format!("'{}' is a baseline, not an archive", baseline.display());
            let error = anyhow::Error::new(UsageError(what));
            return Err(error.context(Hint("use firstseen merge to merge baselines")));
        }
        Ok(IndexInput { named, learning, s3, shard })
    }

    /// Opens the files of `--faults` and `--summary`, which are neither inputs nor parts of the baseline.
    fn guard(
        &self,
        input: &IndexInput,
        lists: &[FileList],
    ) -> anyhow::Result<(Option<Output>, Option<Output>)> {
        let mut guard = OutputGuard::new();
        guard.read_archives(&input.named, lists);
        guard.read_files("shard", &self.shard.shard);
        guard.read_files("settings", self.files.files());
        guard.read_rules(self.rules.files());
        guard.read_files("IAM inventory", &input.learning.iam_inventory);
        guard.take_mirror(&input.s3, input.named.names())?;
        guard.take_baseline(&self.output)?;
        let faults = self.run.faults(&mut guard)?;
        Ok((faults, guard.open_if_named("--summary", self.summary.as_deref())?))
    }

    /// The settings of the baseline, if there is one, which those that are wanted must not contradict; else those that are wanted.
    fn settings(
        &self,
        wanted: &LearningArgs,
        known: Option<&Saved>,
        rules: Option<Arc<RuleSet>>,
    ) -> anyhow::Result<LearnSettings> {
        let settings = match known {
            Some(saved) => {
                wanted
                    .check(&self.output, saved.scope(), false)
                    .context(Hint("leave that setting out, or make a new baseline with another --output"))?;
                check_rules(saved.scope(), rules.as_deref())?;
                let like = LearnSettings::like(saved.scope(), threads(self.run.threads));
                LearnSettings { cluster: wanted.k8s_cluster.clone(), rules, ..like }
            }
            None => LearnSettings {
                rules,
                dimensions: Dimensions::ALL,
                ..wanted.settings(None, self.run.threads)
            },
        };
        Ok(LearnSettings { memory: self.run.memory(), ..settings })
    }

    /// Writes what was added to `--summary`.
    fn write_summary(&self, summary: Output, archives: &Archives, indexed: &Indexed) -> anyhow::Result<()> {
        let Indexed { stored, known, added, added_by_archive, replaced } = indexed;
        let report = IndexReport {
            baseline: &self.output.to_string_lossy(),
            objects: IndexedObjects {
                known: *known,
                read: added.read,
                skipped: added.skipped,
                failed: added.failed,
                replaced: replaced.len() as u64,
            },
            archives: &archive_rows(archives, added_by_archive),
            coverage: &stored.coverage,
        };
        summary.write(|out| report.write(out))
    }

    /// The error of a failed run, with a hint.
    fn explain(&self, error: IndexError, archives: &Archives) -> anyhow::Error {
        match error {
            // A window would make another baseline: the advice for scans would mislead.
            IndexError::Scan(ScanError::Stopped) => {
                anyhow::anyhow!("interrupted before a whole object was read; nothing is saved")
                    .context(Hint("run it again"))
            }
            IndexError::Scan(error) => scan_error(error),
            IndexError::Store(error) => store_error(error),
            IndexError::Merge(error) => merge_error(error),
            IndexError::NoLogs(coverage) => nothing_found(&coverage, archives.names()),
            error @ IndexError::OtherShard(_) => anyhow::Error::new(error)
                .context(Hint("give each shard a folder of its own, and merge them with firstseen merge")),
            IndexError::Interrupted => {
                anyhow::anyhow!("interrupted; '{}' contains everything that was read", self.output.display())
                    .context(Hint("run it again: it resumes from there"))
            }
        }
    }
}

/// The hint for a shard whose content cannot be used.
const SHARD_HINT: Hint = Hint("make the plan again: firstseen plan");

/// What is learnt from a shard: what is asked for, in the window of the plan.
fn learning_of(wanted: &LearningArgs, shard: &Shard, s3: &S3Args) -> anyhow::Result<LearningArgs> {
    if s3.mirror.is_some() {
        let what = "--mirror needs all objects of a bucket, and a shard names a part of them".to_owned();
        return Err(UsageError(what).into());
    }
    let window = shard.window().context(SHARD_HINT)?;
    let differs = wanted.read_from.is_some_and(|from| Some(from.start()) != window.read_from)
        || wanted.read_to.is_some_and(|to| Some(to.end()) != window.read_to)
        || wanted.delivery_slack.is_some_and(|slack| slack != window.slack)
        || wanted.max_object_size.is_some_and(|size| size != shard.max_object_size);
    if differs {
        let what = "--read-from, --read-to, --delivery-slack or --max-object-size is not that of the plan"
            .to_owned();
        return Err(anyhow::Error::new(UsageError(what))
            .context(Hint("give them to firstseen plan: the shard says what they are")));
    }
    Ok(LearningArgs {
        read_from: window.read_from.map(Bound::Instant),
        read_to: window.read_to.map(Bound::Instant),
        delivery_slack: Some(window.slack),
        max_object_size: Some(shard.max_object_size),
        ..wanted.clone()
    })
}

/// Refuses rules that differ from those of the baseline: their matches would cover only a part of it.
fn check_rules(learnt: &LearningScope, rules: Option<&RuleSet>) -> anyhow::Result<()> {
    let given = rules.map(RuleSet::checksum);
    let known = learnt.rules.as_ref().map(|rules| rules.checksum);
    if given == known {
        return Ok(());
    }
    let what = match given {
        None => "the baseline was made with rules, but none are given",
        Some(_) if known.is_none() => "the baseline was made without rules",
        Some(_) => "the baseline was made with other rules, or another version of them",
    };
    let error = anyhow::Error::new(UsageError(what.to_owned()));
    Err(error.context(Hint("give the same rules as before, or make a new baseline with another --output")))
}
