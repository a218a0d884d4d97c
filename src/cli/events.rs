//! `firstseen events`: reads archives and shows the events themselves.

use std::path::PathBuf;

use clap::Args;
use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::events::{CollectError, Collected, EventFilter, EventRequest, LateObjects, collect};
use firstseen::learn::LearnSettings;
use firstseen::model::{Dimensions, Inventory};
use firstseen::query::{Filter, Question};
use firstseen::report::{EventFilterSettings, EventFormat, EventReport, EventSettings, UsedInventory};
use firstseen::source::{ArchiveError, GivenArchive, ReadWindow};
use firstseen::store::Saved;
use firstseen::time::{Bound, Timestamp};

use super::args::{
    ArchiveArgs, ConfiguredArchive, EventFilterArgs, EventOutputArgs, FilterArgs, LearningArgs, S3Args,
};
use super::cluster::{add_clusters, check_cluster};
use super::event_destination::EventDestination;
use super::exit::{Hint, RunStatus, UsageError, scan_error, store_error};
use super::indexed::{Listed, not_read};
use super::input::try_archives;
use super::inventory::inventory_files;
use super::progress::Bar;
use super::run_summary::{READ_WINDOW, RunSummary};
use super::saved_name::is_saved;
use super::settings::{FileArgs, Settings};
use super::temporary_folder::TemporaryFolder;
use super::warnings::{not_opened, refuse_nothing_in, unmatched_in, window};

/// Show the events themselves, in time order, first sightings marked
///
/// Filters leave out events, not what is learnt: a first sighting is the first event of its principal with its action in the
/// whole archive, as far as it was read. Copies of a record come once. Up to half of --memory is used for events; more of them
/// go to temporary files, in the folder of --output, else in that for temporary files (TMPDIR).
///
/// With a baseline made by index, its archives are read with its settings, only as far as --from and --to need it, and first
/// sightings are those of the baseline.
#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    /// Where the archives of the baseline are now (repeatable) [default: where they were indexed]
    #[arg(long, value_name = "ARCHIVE")]
    archive: Vec<PathBuf>,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    events: EventFilterArgs,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    output: EventOutputArgs,
}

/// Runs the command.
pub(crate) fn run(args: &EventsArgs) -> anyhow::Result<RunStatus> {
    let wanted = args.wanted()?;
    let question = wanted.question()?;
    let filter = args.events.filter(&question)?;
    let named = args.archives.and(&wanted.archives, &wanted.s3)?;
    let saved = args.saved(&named)?;
    let mut given = args.given((&named, saved.as_ref()), &wanted)?;
    let lists = named.lists()?;
    let mut guard = wanted.guard(&args.files, &named, &lists)?;
    guard.read_files("list of values", &args.events.files());
    if saved.is_some() {
        given.iter().for_each(|archive| guard.read_archive(&archive.location));
        guard.take_mirror(&wanted.s3, given.iter().map(|archive| &archive.location))?;
    }
    let run = &args.output.run;
    let (output, format) = EventDestination::open(&args.output, &args.files, &mut guard)?;
    let faults = run.faults(&mut guard)?;
    let settings = args.learn_settings(saved.as_ref(), &wanted, &question)?;
    let known = saved.as_ref().map(Saved::baseline).transpose().map_err(store_error)?;
    if let (Some((baseline, _)), Some(saved)) = (&known, &saved) {
        check_cluster(baseline, settings.cluster.as_deref())?;
        add_clusters(&mut given, baseline, saved.archives());
    }
    let (raw, with_listed) = (matches!(format, EventFormat::Records { .. }), saved.is_some());
    let late = args.late_objects(saved.as_ref(), &settings.window, (&wanted, &question))?;
    let request = EventRequest { filter, raw, memory: run.memory() / 2, with_listed, late };
    let mut inventory = inventory_files(&wanted.learning.iam_inventory)?;

    let progress = Bar::new(run.quiet)?;
    let archives = try_archives((&given, &lists), settings.max_object_size, &wanted.s3)?;
    let archives = archives.map_err(|error| cannot_open(error, saved.is_some()))?;
    let folder = TemporaryFolder::of(args.output.output.as_deref());
    let collected = collect(&archives, &settings, &request, &|| folder.file(), &progress);
    progress.clear();
    let mut collected = collected.map_err(|error| failed(error, &folder))?;
    refuse_nothing_in(&collected.coverage, archives.names(), saved.is_some() && args.archive.is_empty())?;
    let listed = Listed {
        objects: &collected.listed,
        coverage: &collected.coverage,
        window: &settings.window,
        late: Some(&request.late),
        is_elsewhere: !args.archive.is_empty(),
    };
    let missing = not_read(saved.as_ref(), archives.names(), &listed)?;
    let (known, known_coverage) = known.unzip();
    if let Some(known) = known {
        collected = collected.knowing(known);
    }
    inventory.add_to(&mut collected.baseline);
    let events = Collected::resolved(collected);

    let learnt_from = match &saved {
        Some(saved) => saved.scope().read_from,
        None => settings.window.read_from,
    };
    let read_from = learnt_from.max(wanted.learning.read_from.map(Bound::start));
    let used = used_settings((&settings, read_from), &question, &request.filter, &events.baseline.inventory);
    let report = EventReport { settings: &used, archives: archives.names(), events: &events };
    let written = output.write(&report, format)?;
    let mut warnings = inventory.warnings;
    // Of a baseline, no more is read than the window of the question.
    let covered = known_coverage.as_ref().unwrap_or(&events.coverage);
    warnings.extend(doubts(&wanted, &question, (&events.baseline, covered)));
    // Those of a baseline are known by when their events were.
    warnings.extend(not_opened(&events.coverage, written.events).filter(|_| saved.is_none()));
    let is_complete = missing.is_empty();
    warnings.extend(missing);
    let learnt_from = learnt_from.map(|time| time.to_string());
    let status = RunSummary {
        read_from: learnt_from.as_deref(),
        window: if saved.is_some() { "--from and --to, or --read-from and --read-to" } else { READ_WINDOW },
        read_to: used.read_to.as_deref().map(|read_to| (read_to, "--read-to, --to")),
        is_learnt_beyond: saved
            .as_ref()
            .is_some_and(|saved| saved.scope().read_to != settings.window.read_to),
        traffic: archives.traffic(),
        accounts: archives.accounts(),
        archives: archives.names(),
        inventory: Some(&events.baseline.inventory),
        lost_inventory: inventory.lost,
        note: (format != EventFormat::Text).then(|| written.to_string()),
        warnings,
        ..RunSummary::new(&events.coverage, faults)
    }
    .end(run.quiet)?;
    Ok(if is_complete { status } else { RunStatus::WithFaults })
}

/// The error of archives that cannot be opened, with a hint; `is_of_baseline` says that they are those of one.
fn cannot_open(error: ArchiveError, is_of_baseline: bool) -> anyhow::Error {
    if !is_of_baseline {
        return scan_error(error.into());
    }
    anyhow::Error::new(error).context(Hint(
        "events reads the records, which a baseline does not have: say where the archive is now with --archive ARCHIVE or, if a file described it, name that with --config FILE",
    ))
}

/// Why the events may not be those that are meant, as far as the question tells.
fn doubts(
    wanted: &Settings,
    question: &Question,
    (baseline, coverage): (&Baseline, &Coverage),
) -> Vec<String> {
    // Those of Regions are about first sightings.
    let filter = Filter { regions: Vec::new(), ..question.filter.clone() };
    let mut warnings = unmatched_in(baseline, &filter, &wanted.filters, None);
    warnings.extend(window(coverage, question));
    warnings
}

impl EventsArgs {
    /// The settings that events share with questions.
    fn wanted(&self) -> anyhow::Result<Settings> {
        let flags = Settings {
            learning: self.learning.clone(),
            filters: self.filters.clone(),
            s3: self.s3.clone(),
            ..Settings::default()
        };
        Ok(flags.or(self.files.read(None)?))
    }

    /// The baseline, if one is named.
    fn saved(&self, named: &ArchiveArgs) -> anyhow::Result<Option<Saved>> {
        let names = named.names();
        let what = match names.iter().find(|name| is_saved(name)) {
            Some(name) if names.len() == 1 && !named.names_lists() => {
                return Saved::open(name).map(Some).map_err(store_error);
            }
            Some(_) => "events takes archives, or one baseline: firstseen merge makes one of several",
            None if self.archive.is_empty() => return Ok(None),
            None => "--archive says where the archives of a baseline are, but ARCHIVE is an archive itself",
        };
        Err(UsageError(what.to_owned()).into())
    }

    /// The archives to read.
    fn given(
        &self,
        (named, saved): (&ArchiveArgs, Option<&Saved>),
        wanted: &Settings,
    ) -> anyhow::Result<Vec<GivenArchive>> {
        match saved {
            Some(saved) if self.archive.is_empty() => {
                ConfiguredArchive::find(&wanted.archives, saved.archives(), &wanted.s3)
            }
            Some(_) => Ok(self.archive.iter().cloned().map(GivenArchive::at).collect()),
            None => named.given(&wanted.s3),
        }
    }

    /// How to learn: as the baseline did, if there is one. Half of the memory is for that.
    fn learn_settings(
        &self,
        saved: Option<&Saved>,
        wanted: &Settings,
        question: &Question,
    ) -> anyhow::Result<LearnSettings> {
        let run = &self.output.run;
        let settings = match saved {
            Some(saved) => self.settings_of(saved, wanted, question)?,
            None => wanted.learning.settings(wanted.filters.to, run.threads),
        };
        Ok(LearnSettings { memory: run.memory() / 2, ..settings })
    }

    /// The settings of a baseline. Nothing before what is shown is read, since the baseline knows it; what is after it only with
    /// `--read-to`.
    fn settings_of(
        &self,
        saved: &Saved,
        wanted: &Settings,
        question: &Question,
    ) -> anyhow::Result<LearnSettings> {
        let learning = LearningArgs { read_from: None, ..wanted.learning.clone() };
        learning.check(&self.archives.names()[0], saved.scope(), true)?;
        let asked = wanted.learning.settings(wanted.filters.to, self.output.run.threads);
        let learnt = LearnSettings::like(saved.scope(), asked.threads);
        let window = narrowed(learnt.window, &asked.window);
        let read_from = window.read_from.into_iter().chain(question.from).max();
        Ok(LearnSettings {
            window: ReadWindow { read_from, ..window },
            cluster: asked.cluster,
            dimensions: Dimensions::default(),
            ..learnt
        })
    }

    /// Objects with events between `--from` and `--to`, as the baseline says, which were delivered too early or too late for that; none
    /// without a baseline. `--read-from` and `--read-to`, if given, are limits also for them.
    fn late_objects(
        &self,
        saved: Option<&Saved>,
        window: &ReadWindow,
        (wanted, question): (&Settings, &Question),
    ) -> anyhow::Result<LateObjects> {
        let mut late = LateObjects::default();
        let Some(saved) = saved.filter(|_| question.from.is_some() || question.to.is_some()) else {
            return Ok(late);
        };
        let learnt = LearnSettings::like(saved.scope(), 1).window;
        let limits = narrowed(learnt, &wanted.learning.settings(None, self.output.run.threads).window);
        for object in saved.objects().map_err(store_error)? {
            let (Some(delivered), Some((first, last))) = (object.delivered, object.span) else { continue };
            let is_shown =
                question.from.is_none_or(|from| last >= from) && question.to.is_none_or(|to| first <= to);
            if is_shown && !window.admits(object.delivered) && limits.admits(object.delivered) {
                late.add(object.path, window.days_outside(delivered));
            }
        }
        Ok(late)
    }
}

/// A window, no wider than another.
fn narrowed(window: ReadWindow, by: &ReadWindow) -> ReadWindow {
    let read_from = window.read_from.into_iter().chain(by.read_from).max();
    let read_to = window.read_to.into_iter().chain(by.read_to).min();
    ReadWindow { read_from, read_to, ..window }
}

/// The error of events that cannot be collected, with a hint.
fn failed(error: CollectError, folder: &TemporaryFolder) -> anyhow::Error {
    match error {
        CollectError::Scan(error) => scan_error(error),
        CollectError::Temporary(error) => {
            let path = folder.path().display();
            let what =
                format!("cannot write a temporary file, for events beyond half of --memory, in '{path}'");
            anyhow::Error::new(error).context(what).context(Hint(if folder.is_of_output() {
                "make room there, name an --output in a folder with room, or give more --memory"
            } else {
                "make room there, set TMPDIR to a folder with room, name an --output in one, or give more --memory"
            }))
        }
        CollectError::Texts(error) => anyhow::Error::new(error)
            .context(Hint("split the list of --text, and ask for one part after another")),
    }
}

/// The settings of a run, as published. Of a baseline, events before `read_from` were not learnt, and those before the window of the
/// question not read.
fn used_settings(
    (settings, read_from): (&LearnSettings, Option<Timestamp>),
    question: &Question,
    filter: &EventFilter,
    inventory: &Inventory,
) -> EventSettings {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    EventSettings {
        principal_key: settings.principal_key.name().to_owned(),
        k8s_cluster: settings.cluster.clone(),
        k8s_namespace_in_key: settings.namespace_in_key,
        from: time(question.from),
        to: time(question.to),
        read_from: time(read_from),
        read_to: time(settings.window.read_to),
        delivery_slack: settings.window.slack.to_string(),
        filter: EventFilterSettings::new(filter),
        max_object_size: settings.max_object_size,
        iam_inventory: UsedInventory::new(inventory),
    }
}
