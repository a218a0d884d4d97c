//! `--case`: a folder with everything that another examiner needs to check an answer, and to make it again.
//!
//! The same archives and settings give the same bytes in every file, so no file has a time, a machine or the name of the
//! folder in it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use firstseen::checksum::Checksum;
use firstseen::query::{CoverageQuestion, coverage};
use firstseen::report::{
    CaseInput, CaseRun, CoverageReport, Format, UsedSettings, VerifyReport, write_faults,
    write_object_checksums, write_objects,
};

use super::args::{CaseArgs, FileFormat};
use super::bag::Bag;
use super::command_line::command_line;
use super::destination::{Answer, open_folder};
use super::input::Input;
use super::output_guard::OutputGuard;
use super::used_settings::used_coverage_settings;
use super::verify::Verified;

/// The forms of an answer in a case.
const FORMS: [(FileFormat, &str); 4] = [
    (FileFormat::Own(Format::Csv), "csv"),
    (FileFormat::Own(Format::Json), "json"),
    (FileFormat::Own(Format::Text), "txt"),
    (FileFormat::Page, "html"),
];

/// The role of input files that a case does not copy: licences seldom allow it, and they are large.
const NOT_COPIED: &str = "geolocation database";

/// A case that is being written.
pub(crate) struct Case {
    bag: Bag,
    inputs: Vec<(&'static str, PathBuf)>,
}

impl Case {
    /// Opens the folder of the case, if there is to be one. All inputs of the run must be known to the guard.
    ///
    /// # Errors
    /// If the folder is not empty, inside an archive or another output, or cannot be written.
    pub(crate) fn open(args: &CaseArgs, guard: &mut OutputGuard) -> anyhow::Result<Option<Self>> {
        let Some(folder) = &args.case else { return Ok(None) };
        guard.take("--case", folder, true)?;
        open_folder(folder)?;
        Ok(Some(Self { bag: Bag::new(folder.clone())?, inputs: guard.input_files() }))
    }

    /// Adds an answer in all its forms, under a name.
    pub(crate) fn add_answer(&mut self, name: &str, answer: &impl Answer) -> anyhow::Result<()> {
        for (format, ending) in FORMS {
            self.bag.add(&format!("{name}.{ending}"), |out| answer.write(format, out))?;
        }
        Ok(())
    }

    /// Adds a file.
    pub(crate) fn add(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        self.bag.add(name, content).map(drop)
    }

    /// Adds the verdicts of the digests.
    pub(crate) fn add_verification(&mut self, verified: &Verified) -> anyhow::Result<()> {
        let Verified { verification, archives, .. } = verified;
        let report = VerifyReport { archives, verification, from: None };
        self.add("verification.csv", |out| report.write(Format::Csv, out))?;
        self.add("verification.json", |out| report.write(Format::Json, out))
    }

    /// Adds what was read and how, and closes the case.
    pub(crate) fn finish(mut self, input: &Input, used: &UsedSettings) -> anyhow::Result<()> {
        self.add_coverage(input)?;
        self.add("faults.jsonl", |out| write_faults(&input.coverage, out))?;
        self.add("objects.csv", |out| write_objects(&input.objects, out))?;
        for (number, _) in (1..).zip(&input.archives) {
            let name = format!("archive-{number}.sha256");
            self.add(&name, |out| {
                let stored = |path| input.stored_name(number, path);
                write_object_checksums(&input.objects, number, &stored, out)
            })?;
        }
        let mut copied = Vec::new();
        for (role, path) in std::mem::take(&mut self.inputs) {
            copied.push(self.add_input((role, &path), copied.len() + 1)?);
        }
        let run = CaseRun {
            settings: used,
            command_line: &command_line(),
            archives: &input.archives,
            inputs: &copied,
        };
        self.add("run.json", |out| run.write(out))?;
        self.bag.finish(&[
            ("Bag-Software-Agent", concat!("firstseen ", env!("CARGO_PKG_VERSION"))),
            ("External-Description", "An analysis of audit logs; data/run.json says how it was made"),
        ])
    }

    fn add_coverage(&mut self, input: &Input) -> anyhow::Result<()> {
        let question = CoverageQuestion::default();
        let answer = coverage(&input.baseline, &input.coverage, &question);
        let report = CoverageReport {
            settings: &used_coverage_settings(&question, input),
            coverage: &input.coverage,
            archives: &input.archives,
            answer: &answer,
        };
        self.add("coverage.csv", |out| report.write(Format::Csv, out))?;
        self.add("coverage.json", |out| report.write(Format::Json, out))
    }

    /// Adds a file that the run read, and describes it.
    fn add_input(&mut self, (role, path): (&'static str, &Path), number: usize) -> anyhow::Result<CaseInput> {
        let name = path.display().to_string();
        // A pipe cannot be read twice.
        if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            return Ok(CaseInput { role, name, sha256: None, copy: None });
        }
        let cannot = || format!("cannot read '{name}'");
        let mut file = File::open(path).with_context(cannot)?;
        let (checksum, copy) = if role == NOT_COPIED {
            (Checksum::of_all(&mut file).with_context(cannot)?.0, None)
        } else {
            let copy = format!("inputs/{number:03}-{}", plain_name(path));
            (self.bag.add(&copy, |out| io::copy(&mut file, out).map(drop))?, Some(copy))
        };
        Ok(CaseInput { role, name, sha256: Some(checksum.to_string()), copy })
    }
}

/// The last part of a path, in characters that every system and manifest takes.
fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => letter,
        _ => '_',
    };
    name.chars().map(plain).collect()
}
