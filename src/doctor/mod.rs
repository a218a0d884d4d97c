//! A look at an archive before anything else: what it is, where its logs are, what a scan will cost, and what to do next.
//!
//! Everything is listed, but only a sample of the objects is opened, so the answer comes in seconds. Reads through the driver of every scan;
//! knows nothing of baselines or questions.

mod content;
mod counts;
mod estimate;
mod head;
mod layout;
mod remark;
mod sample;
mod seen;

use crate::coverage::ObjectSkip;
use crate::scan::{Progress, ScanError, ScanSettings, list};
use crate::source::Archives;

pub use content::Content;
pub use estimate::Estimate;
pub use layout::Layout;
pub use remark::{Next, Remark, RemarkKind};
pub use sample::{SAMPLE, SAMPLE_BYTES, Sample, SampledObject};
pub use seen::Seen;

/// The archive to look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name as given.
    pub name: &'a str,
    /// Where it is: a whole path, or `s3://bucket/prefix`. Empty if paths of objects do not begin there, as with patterns.
    pub place: &'a str,
    /// Whether it is a bucket.
    pub is_bucket: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// What the names of its objects say.
    pub seen: Seen,
    /// What those objects are that were opened.
    pub sample: Sample,
    /// What a scan will cost; none if no opened object is a log.
    pub estimate: Option<Estimate>,
    /// What is worth knowing, and what to do about it.
    pub remarks: Vec<Remark>,
    /// What to run next.
    pub next: Next,
}

impl Checkup {
    /// Whether the archive has digests, as far as its names and the opened objects say.
    pub fn has_digests(&self) -> bool {
        has_digests(&self.seen, &self.sample)
    }
}

/// Whether there are digests: by their names, or by what was opened.
fn has_digests(seen: &Seen, sample: &Sample) -> bool {
    let digest = Content::Other(ObjectSkip::Digest.name());
    seen.digests() > 0 || sample.objects.iter().any(|object| object.content == digest)
}

/// Looks at one archive: lists all of it, and opens at most [`SAMPLE`] objects. Of those with more than [`SAMPLE_BYTES`] only the beginning is read.
///
/// ```
/// use firstseen::doctor::{Next, Subject, examine};
/// use firstseen::scan::{ScanSettings, Silent};
/// use firstseen::source::Archives;
///
/// let archives = Archives::open(&["fixtures/small-archive".into()])?;
/// let subject = Subject { name: "fixtures/small-archive", place: "fixtures/small-archive", is_bucket: false };
/// let checkup = examine(&archives, &subject, &ScanSettings::default(), &Silent)?;
/// assert_eq!((checkup.seen.objects, checkup.seen.digests()), (36, 3));
/// assert_eq!(checkup.next, Next::Triage { warmup: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the archive has no files or cannot be listed, or the run was ended early.
pub fn examine(
    archives: &Archives,
    subject: &Subject<'_>,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Checkup, ScanError> {
    let listing = list(archives, settings, progress)?;
    let seen = Seen::of(archives, &listing, subject.place);
    let sample = sample::read(archives, &listing, settings, progress)?;
    let has_logs = sample.objects.iter().any(|object| object.content.is_log());
    let estimate = has_logs.then(|| Estimate::new(&seen, &sample, subject.is_bucket));
    let (remarks, next) = remark::conclude(subject, &seen, &sample);
    Ok(Checkup { seen, sample, estimate, remarks, next })
}
