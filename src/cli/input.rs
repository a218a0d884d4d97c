//! The input of a command: archives, read in full, or saved baselines.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstseen::baseline::{Baseline, HitRetention};
use firstseen::catalog::{AppliedRules, LearningScope, ObjectEntry};
use firstseen::coverage::Coverage;
use firstseen::learn::{Keep, LearnSettings, Learnt, learn_and_keep};
use firstseen::model::{Dimensions, Text};
use firstseen::report::UsedRules;
use firstseen::rules::RuleSet;
use firstseen::source::{
    ArchiveAccount, ArchiveError, Archives, FileList, GivenArchive, ReadWindow, S3Settings, Traffic, is_s3,
    name_bytes,
};
use firstseen::store::{BaselineContents, Saved, StoreError, proven_files};
use firstseen::time::{Bound, Day, Timestamp};

use super::args::{ArchiveArgs, LearningArgs, RunArgs, S3Args};
use super::exit::{Hint, OwnedHint, UsageError, merge_error, scan_error, store_error};
use super::inventory::{InventoryFiles, inventory_files};
use super::progress::Bar;
use super::saved_name::is_saved;
use super::warnings::refuse_nothing;

/// A baseline, and the input it was learnt from.
pub(crate) struct Input {
    /// Never freed: the process ends once the question is answered, and freeing it piece by piece takes a fortieth of a whole scan.
    pub(crate) baseline: ManuallyDrop<Baseline>,
    pub(crate) coverage: Coverage,
    /// The settings it was learnt with.
    pub(crate) settings: LearnSettings,
    /// Whether it is a saved baseline, which may cover more than the question.
    pub(crate) is_saved: bool,
    /// Requests to S3.
    pub(crate) traffic: Option<Traffic>,
    /// What was read of each archive; nothing for saved baselines.
    pub(crate) accounts: Vec<ArchiveAccount>,
    /// Names of the archives, in the order of their numbers.
    pub(crate) archives: Vec<String>,
    /// Every listed object, in delivery order; none unless they were asked for.
    pub(crate) objects: Vec<ObjectEntry>,
    /// The names of those objects as they are stored whose path may show bytes that are not UTF-8.
    pub(crate) odd_names: HashMap<(u32, Text), Vec<u8>>,
    /// The rules that events were matched against.
    pub(crate) rules: Option<UsedRules>,
    /// That a saved baseline was not matched against the rules that a configuration file names.
    pub(crate) other_rules: Option<String>,
    /// Problems with the files of `--iam-inventory`; the inventory itself is in the baseline.
    pub(crate) inventory_files: InventoryFiles,
}

/// How to read an input.
pub(crate) struct InputOptions<'a> {
    pub(crate) learning: &'a LearningArgs,
    pub(crate) s3: &'a S3Args,
    /// `--to`: nothing after it needs to be learnt.
    pub(crate) to: Option<Bound>,
    /// Whether the question can leave out what a baseline learnt after `--read-to`.
    pub(crate) leaves_out_later: bool,
    /// The rules to match events against.
    pub(crate) rules: Option<&'a Arc<RuleSet>>,
    /// Whether a configuration file names them. It may serve the command that made a baseline, and those that ask it.
    pub(crate) rules_are_of_file: bool,
    /// `--from`: rule matches before it are not needed.
    pub(crate) from: Option<Bound>,
    /// Which events that match rules are kept.
    pub(crate) hits: HitRetention,
    /// The dimensions that the question is about, besides the action.
    pub(crate) dimensions: Dimensions,
    /// Whether what became of each object is wanted, too.
    pub(crate) with_objects: bool,
    pub(crate) run: &'a RunArgs,
}

impl Input {
    /// The end of what counts: that of the question, or that of a saved baseline if it is earlier.
    pub(crate) fn read_to(&self, asked: Option<Timestamp>) -> Option<Timestamp> {
        asked.into_iter().chain(self.settings.window.read_to).min()
    }

    /// The last day of delivery that counts for a question that ends there. Objects of later days are not read, but are in saved baselines.
    pub(crate) fn last_delivery(&self, read_to: Option<Timestamp>) -> Option<Day> {
        ReadWindow { read_to, ..self.settings.window }.last_day()
    }

    /// The name of an object as it is stored, from its path.
    pub(crate) fn stored_name<'o>(&'o self, archive: u32, path: &'o str) -> Cow<'o, [u8]> {
        let may_be_odd = !self.odd_names.is_empty();
        let odd = may_be_odd.then(|| self.odd_names.get(&(archive, path.into()))).flatten();
        Cow::Borrowed(odd.map_or(path.as_bytes(), Vec::as_slice))
    }

    /// Reads all named archives or baselines.
    pub(crate) fn read(
        archives: &ArchiveArgs,
        lists: &[FileList],
        options: &InputOptions<'_>,
    ) -> anyhow::Result<Self> {
        let names = archives.names();
        let given = archives.given(options.s3)?;
        let rules = options.rules.map(Arc::clone);
        // A correlation that is complete in the window may begin before it.
        let span = rules.as_ref().map(|rules| rules.longest_span()).unwrap_or_default();
        let settings = LearnSettings {
            rules,
            rules_from: options.from.map(|from| from.start().minus(span)),
            hits: options.hits.clone(),
            dimensions: options.dimensions,
            memory: options.run.memory(),
            ..options.learning.settings(options.to, options.run.threads)
        };
        let mut inventory_files = inventory_files(&options.learning.iam_inventory)?;
        let input = match names.iter().filter(|name| is_saved(name)).count() {
            0 => Self::of_archives((&given, lists), &settings, options),
            all if all == names.len() && !archives.names_lists() => Self::of_baselines(names, options, settings.threads),
            _ => Err(UsageError(
                "archives and baselines cannot be read together: add the archives to a baseline with firstseen index"
                    .to_owned(),
            )
            .into()),
        };
        let mut input = input?;
        inventory_files.add_to(&mut input.baseline);
        let baseline = ManuallyDrop::into_inner(input.baseline).resolved(input.settings.principal_key);
        Ok(Self { inventory_files, baseline: ManuallyDrop::new(baseline), ..input })
    }

    fn of_archives(
        given: GivenArchives<'_>,
        settings: &LearnSettings,
        options: &InputOptions<'_>,
    ) -> anyhow::Result<Self> {
        let progress = Bar::new(options.run.quiet)?;
        let archives = open_archives(given, settings.max_object_size, options.s3)?;
        let keep = if options.with_objects { Keep::Objects } else { Keep::Baseline };
        let learnt = learn_and_keep(&archives, settings, keep, &progress);
        progress.clear();
        let Learnt { baseline, coverage, catalog } = learnt.map_err(scan_error)?;
        let odd_names = odd_names(&catalog.objects, |archive, path| archives.stored_name(archive, path));
        let (traffic, accounts) = (archives.traffic(), archives.accounts());
        let archives = archives.names().to_vec();
        refuse_nothing(&coverage, &archives)?;
        let rules = settings.scope().rules.map(|rules| used_rules(&baseline, rules));
        Ok(Self {
            baseline: ManuallyDrop::new(baseline),
            coverage,
            settings: settings.clone(),
            is_saved: false,
            traffic,
            accounts,
            archives,
            objects: catalog.objects,
            odd_names,
            rules,
            other_rules: None,
            inventory_files: InventoryFiles::default(),
        })
    }

    fn of_baselines(names: &[PathBuf], options: &InputOptions<'_>, threads: usize) -> anyhow::Result<Self> {
        let saved: Vec<Saved> =
            names.iter().map(|name| Saved::open(name)).collect::<Result<_, _>>().map_err(store_error)?;
        let learnt = saved[0].scope().clone();
        let learnt = &learnt;
        let other_rules = other_rules(&names[0], learnt, options)?;
        let (baseline, coverage, archives, objects) = match &saved[..] {
            [one] => {
                let (baseline, coverage) = one.baseline().map_err(store_error)?;
                let objects = if options.with_objects { one.objects() } else { Ok(Vec::new()) };
                (baseline, coverage, one.archives().to_vec(), objects.map_err(store_error)?)
            }
            _ => {
                let merged = merged(saved.into_iter().map(Ok))?;
                let BaselineContents { baseline, coverage, archives, objects, .. } = merged;
                (baseline, coverage, archives, objects)
            }
        };
        let checked = options.learning.check(&names[0], learnt, options.leaves_out_later);
        checked.map_err(|error| {
            let has_buckets = archives.iter().any(|name| is_s3(name.as_ref()));
            let access = if has_buckets { options.s3.access.words() } else { String::new() };
            let made_of = (&archives[..], &*access);
            let command = options.learning.index_command(names, learnt, made_of, options.leaves_out_later);
            error.context(OwnedHint(format!(
                "firstseen index decides what is learnt. Make another baseline: {command}; or leave that setting out"
            )))
        })?;
        if !learnt.dimensions.covers(options.dimensions) {
            let what = format!("'{}' holds no values of all these dimensions", names[0].display());
            return Err(anyhow::Error::new(UsageError(what)).context(Hint(
                "index the archives again: firstseen index keeps the values of all dimensions",
            )));
        }
        Ok(Self {
            rules: learnt.rules.clone().map(|rules| used_rules(&baseline, rules)),
            other_rules,
            baseline: ManuallyDrop::new(baseline),
            coverage,
            settings: LearnSettings::like(learnt, threads),
            is_saved: true,
            traffic: None,
            accounts: Vec::new(),
            odd_names: odd_names_now(&objects, &archives),
            archives,
            objects,
            inventory_files: InventoryFiles::default(),
        })
    }
}

/// The names as stored of the objects whose path has a text such as `\xFF`.
fn odd_names<'o>(
    objects: &'o [ObjectEntry],
    stored: impl Fn(u32, &'o str) -> Cow<'o, [u8]>,
) -> HashMap<(u32, Text), Vec<u8>> {
    let odd = objects.iter().filter(|object| object.path.contains("\\x"));
    let named = odd.map(|object| {
        let stored = stored(object.archive, &object.path).into_owned();
        ((object.archive, object.path.clone()), stored)
    });
    named.collect()
}

/// The same for a baseline, whose archives may be where they were indexed.
fn odd_names_now(objects: &[ObjectEntry], archives: &[String]) -> HashMap<(u32, Text), Vec<u8>> {
    let mut opened: HashMap<u32, Option<Archives>> = HashMap::new();
    let open = |name: &String| Archives::open(&[PathBuf::from(name)]).ok();
    for object in objects.iter().filter(|object| object.path.contains("\\x")) {
        opened.entry(object.archive).or_insert_with(|| {
            archives.get(object.archive as usize - 1).filter(|name| !is_s3(name.as_ref())).and_then(open)
        });
    }
    let is_bucket =
        |archive: u32| archives.get(archive as usize - 1).is_some_and(|name| is_s3(name.as_ref()));
    odd_names(objects, |archive, path| match opened.get(&archive).and_then(Option::as_ref) {
        Some(archives) => archives.stored_name(1, path),
        None if is_bucket(archive) => Cow::Borrowed(path.as_bytes()),
        None => name_bytes(path),
    })
}

/// Archives to open, and lists of files.
pub(crate) type GivenArchives<'a> = (&'a [GivenArchive], &'a [FileList]);

/// Opens archives, in which saved baselines are passed over.
pub(crate) fn open_archives(
    given: GivenArchives<'_>,
    max_object_size: u64,
    s3: &S3Args,
) -> anyhow::Result<Archives> {
    try_archives(given, max_object_size, s3)?.map_err(|error| scan_error(error.into()))
}

/// The same for callers that say what to do next if an archive cannot be opened.
pub(crate) fn try_archives(
    (given, lists): GivenArchives<'_>,
    max_object_size: u64,
    s3: &S3Args,
) -> anyhow::Result<Result<Archives, ArchiveError>> {
    let s3 = S3Settings { max_object_size, ..s3.settings(given.iter().map(|archive| &archive.location))? };
    Ok(Archives::open_all(given, lists, &s3).map(|archives| archives.passing_over(proven_files)))
}

fn used_rules(baseline: &Baseline, AppliedRules { checksum, left_out }: AppliedRules) -> UsedRules {
    UsedRules { count: baseline.rules.len(), sha256: checksum.to_string(), left_out }
}

/// Compares the rules that are named with those that a baseline was matched against. Rules of a configuration file that differ are a
/// warning, which is returned: the saved matches are used. Rules of the command line that differ are wrong usage.
fn other_rules(
    name: &Path,
    learnt: &LearningScope,
    options: &InputOptions<'_>,
) -> anyhow::Result<Option<String>> {
    let Some(named) = options.rules else { return Ok(None) };
    let saved = learnt.rules.as_ref().map(|rules| rules.checksum);
    if saved == Some(named.checksum()) {
        return Ok(None);
    }
    let name = name.display();
    if !options.rules_are_of_file {
        let what = "a baseline contains no records to match rules against".to_owned();
        let hint = match saved {
            None => "give the rules to firstseen index: it saves their matches with the baseline".to_owned(),
            Some(_) => format!(
                "'{name}' has the matches of other rules, or of another version of them: leave the rules out to use these, or \
                 make another baseline with firstseen index and these rules"
            ),
        };
        return Err(anyhow::Error::new(UsageError(what)).context(OwnedHint(hint)));
    }
    let what = match saved {
        None => format!("'{name}' was made without rules, so those of --config match nothing"),
        Some(_) => format!(
            "'{name}' was made with other rules than those of --config, or with another version of them: the saved matches are \
             used"
        ),
    };
    Ok(Some(format!(
        "{what}; to match these rules, make another baseline with firstseen index and this file"
    )))
}

/// Merges several baselines. Each is closed before the next one is taken.
pub(crate) fn merged(
    saved: impl IntoIterator<Item = Result<Saved, StoreError>>,
) -> anyhow::Result<BaselineContents> {
    let contents = saved.into_iter().map(|saved| Ok(saved?.contents()?));
    let merged = BaselineContents::merge_all(contents).map_err(merge_error)?;
    merged.ok_or_else(|| UsageError("name at least one baseline".to_owned()).into())
}
