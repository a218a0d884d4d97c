//! `firstseen index`: archives into a saved baseline, which later runs add to.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use firstseen::baseline::Inventory;
use firstseen::coverage::{FaultKind, Outcome};
use firstseen::learn::{Keep, LearnSettings, Learnt, learn_listed};
use firstseen::ledger::ObjectEntry;
use firstseen::rules::RuleSet;
use firstseen::scan::{Checksums, Progress, ScanError, checksums, list};
use firstseen::source::{Archives, FileList, Listing, LogObject, S3Settings, is_s3};
use firstseen::store::{Learning, Place, Stored, is_baseline, proven_files};

use super::args::{ArchiveArgs, LearningArgs, RuleArgs, RunArgs, S3Args, check_window};
use super::claims::Claims;
use super::closing::Closing;
use super::doubts::refuse_nothing;
use super::exit::{Answer, Hint, UsageError, merge_error, scan_error, store_error};
use super::inventory::told;
use super::output::Output;
use super::progress::Bar;
use super::settings::FileArgs;
use super::threads;

/// Read archives into a baseline, a folder that scan, tune and baseline read in place of the archives
///
/// On a baseline that is there already, only objects that are not yet in it are read. A run that was interrupted can
/// be run again.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    /// The baseline: a folder, by custom named NAME.baseline; it appears only when it is complete
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Tell known objects by their content (SHA-256), not only by name and size: reads all of them
    #[arg(long)]
    strict: bool,
    /// Save what is known so far after so many objects, so that an interrupted run goes on there
    #[arg(long, value_name = "OBJECTS", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: u32,
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
pub(crate) fn run(args: &IndexArgs) -> anyhow::Result<Answer> {
    let files = args.files.read(None)?;
    let wanted = args.learning.clone().over(files.learning);
    let s3_args = args.s3.clone().over(files.s3);
    let s3 = s3_args.settings(args.archives.names())?;
    if is_s3(&args.output) {
        return Err(UsageError("a baseline is a local folder; -o takes no s3://…".to_owned()).into());
    }
    check_window("--since, --until", wanted.since, wanted.until)?;
    if let Some(baseline) = args.archives.names().iter().find(|name| is_baseline(name)) {
        let what = format!("'{}' is a baseline and no archive", baseline.display());
        let error = anyhow::Error::new(UsageError(what));
        return Err(error.context(Hint("baselines are joined by firstseen merge")));
    }
    let lists = args.archives.lists()?;
    let faults = args.claims(&wanted, &s3_args, &lists)?;
    let rules = args.rules.read()?;
    let told = told(&wanted.iam_inventory)?;
    let place = Place::take(&args.output).map_err(store_error)?;
    let known = place.open().map_err(store_error)?;
    let settings = match &known {
        Some(saved) => {
            wanted
                .check(&args.output, saved.learning(), false)
                .context(Hint("name another output for another baseline, or leave that setting out"))?;
            check_rules(saved.learning(), rules.as_deref())?;
            let like = LearnSettings::like(saved.learning(), threads(args.run.threads));
            LearnSettings { cluster: wanted.k8s_cluster.clone(), rules, ..like }
        }
        None => LearnSettings { rules, ..wanted.settings(None, args.run.threads) },
    };
    let settings = LearnSettings { memory: args.run.memory(), ..settings };
    let known = known.map(|saved| saved.stored()).transpose().map_err(store_error)?;
    let progress = Bar::new(args.run.quiet)?;
    let s3 = S3Settings { max_object_size: settings.max_object_size, ..s3 };
    let archives = Archives::open_all(args.archives.names(), &lists, &s3);
    let archives = archives.map_err(|error| scan_error(error.into()))?.passing_over(proven_files);
    let run = Run { args, place, archives, settings, inventory: &told.inventory, progress };
    let indexed = run.index(known);
    run.progress.clear();
    let Indexed { stored, old, new } = indexed?;
    if !args.run.quiet {
        writeln!(io::stderr(), "{new} objects added, {old} were known already")?;
    }
    let traffic = run.archives.traffic();
    let closing = Closing {
        traffic,
        inventory: Some(&stored.baseline.inventory),
        lost_inventory: told.lost,
        doubts: told.doubts,
        ..Closing::new(&stored.coverage, faults)
    };
    closing.end(args.run.quiet)
}

impl IndexArgs {
    /// Opens the file of `--faults`, which is neither an input nor a part of the baseline.
    fn claims(
        &self,
        learning: &LearningArgs,
        s3: &S3Args,
        lists: &[FileList],
    ) -> anyhow::Result<Option<Output>> {
        let mut claims = Claims::new();
        claims.read_archives(&self.archives, lists);
        claims.read_files("settings", self.files.files());
        claims.read_rules(self.rules.files());
        claims.read_files("IAM inventory", &learning.iam_inventory);
        claims.take_mirror(s3, self.archives.names())?;
        claims.take_baseline(&self.output)?;
        self.run.faults(&mut claims)
    }
}

/// Refuses other rules than those of the baseline: what they match would be known of a part of it only.
fn check_rules(learnt: &Learning, rules: Option<&RuleSet>) -> anyhow::Result<()> {
    let given = rules.map(RuleSet::checksum);
    let known = learnt.rules.as_ref().map(|rules| rules.checksum);
    if given == known {
        return Ok(());
    }
    let what = match given {
        None => "the baseline was made with rules, and none are given",
        Some(_) if known.is_none() => "the baseline was made without rules",
        Some(_) => "the baseline was made with other rules, or another version of them",
    };
    let error = anyhow::Error::new(UsageError(what.to_owned()));
    Err(error.context(Hint("give the same rules as before, or name another output for another baseline")))
}

/// One run of the command.
struct Run<'a> {
    args: &'a IndexArgs,
    place: Place,
    archives: Archives,
    settings: LearnSettings,
    /// What is added of IAM.
    inventory: &'a Inventory,
    progress: Bar,
}

/// Whether a run read nothing but standard input, and the same had been read before. Only then is that known.
fn is_known_stream(known: &Stored, read: &Stored) -> bool {
    let [only] = &read.ledger.objects[..] else { return false };
    let is_it = |entry: &ObjectEntry| entry.path == only.path && entry.checksum == only.checksum;
    read.archives == ["-"] && known.ledger.objects.iter().any(is_it)
}

/// All that a baseline knows of an object, by the archive's name and the object's path.
type Versions<'s> = HashMap<(&'s str, &'s str), Vec<&'s ObjectEntry>>;

/// What came out of it.
struct Indexed {
    stored: Stored,
    /// Objects of the archives that were known already.
    old: u64,
    /// Objects that were not.
    new: u64,
}

/// All that a baseline knows, by object.
fn versions(stored: &Stored) -> Versions<'_> {
    let mut versions = Versions::new();
    for entry in &stored.ledger.objects {
        let name = (entry.archive as usize).checked_sub(1).and_then(|index| stored.archives.get(index));
        if let Some(name) = name {
            versions.entry((name, &entry.path)).or_default().push(entry);
        }
    }
    versions
}

impl Run<'_> {
    fn index(&self, known: Option<Stored>) -> anyhow::Result<Indexed> {
        let mut listing = list(&self.archives, &self.settings.scan(), &self.progress).map_err(scan_error)?;
        let mut known = known;
        let mut to_save = known.is_none();
        if let Some(stored) = &mut known {
            to_save = stored.forget_unread(&self.archive_numbers(stored));
            to_save |= !stored.baseline.inventory.covers(self.inventory);
        }
        if let Some(known) = &mut known {
            self.replace_unlisted(known, &mut listing);
        }
        let content = match &known {
            Some(known) if self.args.strict => {
                let versions = versions(known);
                // Standard input can be read but once.
                let is_known = |object: &&LogObject| {
                    let name = &self.archives.names()[object.archive as usize - 1];
                    **name != *"-" && !self.versions_of(&versions, object).is_empty()
                };
                let objects = listing.objects.iter().filter(is_known).cloned().collect();
                checksums(&self.archives, objects, self.settings.threads, &self.progress)
                    .map_err(scan_error)?
            }
            _ => Checksums::new(),
        };
        let old = known.as_ref().map_or(0, |stored| self.forget_known(&mut listing, stored, &content));
        if self.progress.stopped() {
            return Err(self.explain(ScanError::Stopped, known.is_some()));
        }
        let new = listing.coverage.objects.listed;
        let (is_new, mut nothing) = (known.is_none(), None);
        to_save |= new > 0 || !listing.coverage.faults.is_empty();
        while to_save || !listing.objects.is_empty() || !listing.to_keep.is_empty() {
            to_save = false;
            let part = listing.cut(self.args.checkpoint_every as usize);
            let stored = self.read(part).map_err(|error| self.explain(error, known.is_some()))?;
            let mut stored = match known {
                None => stored,
                Some(mut known) if is_known_stream(&known, &stored) => {
                    if !known.baseline.inventory.covers(self.inventory) {
                        known.baseline.add_inventory(self.inventory.clone());
                        self.place.save(&known).map_err(store_error)?;
                    }
                    return Ok(Indexed { old: old + 1, new: new - 1, stored: known });
                }
                Some(known) => known.merge(stored).map_err(merge_error)?,
            };
            stored.baseline.add_inventory(self.inventory.clone());
            // What holds no log is not saved; the next objects may be some.
            if is_new {
                nothing = refuse_nothing(&stored.coverage, self.archives.names()).err();
            }
            if nothing.is_none() {
                self.place.save(&stored).map_err(store_error)?;
            }
            known = Some(stored);
        }
        if let Some(nothing) = nothing {
            return Err(nothing);
        }
        let stored = known.ok_or_else(|| anyhow::anyhow!("nothing was read"))?;
        Ok(Indexed { stored, old, new })
    }

    fn read(&self, listing: Listing) -> Result<Stored, ScanError> {
        let learnt = learn_listed(&self.archives, listing, &self.settings, Keep::Ledger, &self.progress)?;
        let Learnt { baseline, coverage, ledger } = learnt;
        let archives = self.archives.names().to_vec();
        Ok(Stored { learning: self.settings.learning(), archives, baseline, coverage, ledger })
    }

    fn explain(&self, error: ScanError, is_saved: bool) -> anyhow::Error {
        match error {
            ScanError::Stopped if is_saved => anyhow::anyhow!(
                "interrupted; '{}' holds what was read up to the last checkpoint",
                self.args.output.display()
            )
            .context(Hint("run it again: it goes on from there")),
            error => scan_error(error),
        }
    }

    /// The numbers that the archives of this run have in a baseline.
    fn archive_numbers(&self, stored: &Stored) -> HashSet<u32> {
        let named = self.archives.names();
        (1..)
            .zip(&stored.archives)
            .filter(|(_, name)| named.contains(name))
            .map(|(number, _)| number)
            .collect()
    }

    /// Counts folders that are not listed once, however often archives are listed. They are not told apart by archive: if
    /// this run lists some archives of the baseline and not all, what was counted before stands.
    fn replace_unlisted(&self, known: &mut Stored, listing: &mut Listing) {
        let again = self.archive_numbers(known).len();
        if again == known.archives.len() {
            known.coverage.objects.unlisted = std::mem::take(&mut listing.coverage.objects.unlisted);
        } else if again > 0 {
            listing.coverage.objects.unlisted.clear();
        }
    }

    /// Takes objects that a baseline knows off the listing; gives their number. What was left alone then and is left
    /// alone now is known by its name; what is to be read is known only if it was read.
    fn forget_known(&self, listing: &mut Listing, stored: &Stored, content: &Checksums) -> u64 {
        let versions = versions(stored);
        listing.forget(
            |object| {
                let known = self.versions_of(&versions, object);
                !self.progress.stopped() && known.iter().any(|entry| self.is_same(object, entry, content))
            },
            |skipped| self.versions_of(&versions, &skipped.object).iter().any(|entry| entry.size.is_none()),
        )
    }

    fn versions_of<'v>(&'v self, versions: &'v Versions<'v>, object: &'v LogObject) -> &'v [&'v ObjectEntry] {
        let name = &self.archives.names()[object.archive as usize - 1];
        versions.get(&(&**name, &*object.path)).map_or(&[], Vec::as_slice)
    }

    /// Whether an object to read still is what a baseline read.
    fn is_same(&self, object: &LogObject, entry: &ObjectEntry, content: &Checksums) -> bool {
        match (entry.outcome, entry.size) {
            (Outcome::Failed(kind), _) if kind.is_absence() => false,
            (_, None) => false,
            // It was not fetched for its size, and the ceiling is the baseline's.
            (Outcome::Failed(FaultKind::TooLarge), Some(0)) => true,
            (_, Some(_)) if self.args.strict => content
                .get(&(object.archive, object.path.clone()))
                .is_some_and(|checksum| Some(*checksum) == entry.checksum),
            (_, Some(size)) => self.archives.size(object).is_ok_and(|now| now == size),
        }
    }
}
