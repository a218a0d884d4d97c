//! `[[archive]]` in a configuration file: one archive with access of its own. Its keys go through the parsers of the flags with the
//! same name.

use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches, ValueEnum};
use firstseen::source::{GivenArchive, is_s3, is_stdin};

use super::super::args::{AccessArgs, ConfiguredArchive};
use super::super::program;
use super::settable::settable;
use super::setting::{SettingError, did_you_mean, reason, similar, words};

/// A key of a table.
pub(super) struct TableKey {
    pub(super) name: String,
    /// As a flag would take them; `None` if it is something else, such as a table.
    pub(super) values: Option<Vec<String>>,
    pub(super) line: usize,
}

/// The keys of a table.
#[derive(Debug, Args)]
struct TableArgs {
    #[arg(long)]
    path: Option<PathBuf>,
    #[arg(long, value_parser = bucket)]
    bucket: Option<String>,
    #[arg(long, value_parser = prefix)]
    prefix: Option<String>,
    #[arg(long, value_parser = label)]
    label: Option<String>,
    #[arg(long)]
    k8s_cluster: Option<String>,
    #[arg(long, value_enum)]
    aws_partition: Option<Partition>,
    #[command(flatten)]
    access: AccessArgs,
}

/// Keys that also fit archives on disk.
const OF_ALL: [&str; 3] = ["path", "label", "k8s-cluster"];

/// A partition of AWS, which decides where to look for a bucket first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "kebab-case")]
enum Partition {
    Aws,
    AwsCn,
    AwsUsGov,
    AwsIso,
    AwsIsoB,
    AwsIsoE,
    AwsIsoF,
    AwsEusc,
}

impl Partition {
    /// The beginning of its Regions' names, and one of them (AWS SDK partitions.json).
    const fn regions(self) -> (&'static str, &'static str) {
        match self {
            Self::Aws => ("", "us-east-1"),
            Self::AwsCn => ("cn-", "cn-north-1"),
            Self::AwsUsGov => ("us-gov-", "us-gov-west-1"),
            Self::AwsIso => ("us-iso-", "us-iso-east-1"),
            Self::AwsIsoB => ("us-isob-", "us-isob-east-1"),
            Self::AwsIsoE => ("eu-isoe-", "eu-isoe-west-1"),
            Self::AwsIsoF => ("us-isof-", "us-isof-south-1"),
            Self::AwsEusc => ("eusc-", "eusc-de-east-1"),
        }
    }

    /// Whether a Region is in it.
    fn has(self, region: &str) -> bool {
        let of = |partition: &Self| *partition != Self::Aws && region.starts_with(partition.regions().0);
        Self::value_variants().iter().find(|partition| of(partition)).copied().unwrap_or(Self::Aws) == self
    }
}

/// The archive of a table, whose first line is `line`.
///
/// # Errors
/// A key that is unknown, or does not fit the others, with its line.
pub(super) fn archive_of(
    file: &Path,
    line: usize,
    keys: &[TableKey],
) -> Result<ConfiguredArchive, SettingError> {
    let args = parsed(keys)?;
    let line_of = |name: &str| keys.iter().find(|key| key.name == name).map_or(line, |key| key.line);
    let wrong = |name: &str, reason: String| SettingError { line: line_of(name), reason };
    let TableArgs { path, bucket, prefix, label, k8s_cluster, aws_partition, access } = args;
    let location = match (path, bucket) {
        (Some(_), Some(_)) => {
            return Err(wrong("bucket", "an archive has a path, or a bucket, not both".to_owned()));
        }
        (None, None) => {
            return Err(SettingError { line, reason: "an archive needs a path, or a bucket".to_owned() });
        }
        (Some(path), None) if prefix.is_some() => {
            let what = format!("'prefix' belongs to a bucket: write all of it in path, '{}'", path.display());
            return Err(wrong("prefix", what));
        }
        (Some(path), None) if is_stdin(&path) => {
            return Err(wrong("path", "standard input is named on the command line".to_owned()));
        }
        (Some(path), None) if is_s3(&path) => path,
        (Some(path), None) => file.parent().unwrap_or(Path::new("")).join(path),
        (None, Some(bucket)) => match prefix.filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => format!("s3://{bucket}/{prefix}").into(),
            None => format!("s3://{bucket}").into(),
        },
    };
    if let Some(key) = keys.iter().find(|key| !is_s3(&location) && !OF_ALL.contains(&&*key.name)) {
        let (name, place) = (&key.name, location.display());
        let what = format!("'{name}' is for buckets, and '{place}' is on disk");
        return Err(SettingError { line: key.line, reason: what });
    }
    access.access().map_err(|what| SettingError { line, reason: what.replace("--", "") })?;
    let access = match (aws_partition, access.region()) {
        (Some(partition), Some(region)) if !partition.has(region) => {
            return Err(wrong("aws-partition", format!("the Region {region} is in another partition")));
        }
        (Some(partition), _) => access.starting_in(partition.regions().1),
        (None, _) => access,
    };
    let archive = GivenArchive { label, cluster: k8s_cluster, ..GivenArchive::at(location) };
    Ok(ConfiguredArchive { archive, access, file: file.to_owned(), line })
}

/// Refuses archives with the same name, by which their objects are known.
pub(super) fn check_names(archives: &[ConfiguredArchive]) -> Result<(), SettingError> {
    for (number, archive) in archives.iter().enumerate() {
        let name = archive.archive.name();
        if let Some(first) = archives[..number].iter().find(|first| first.archive.name() == name) {
            let reason = format!(
                "the archive '{name}' has the name of the one in line {}: give each a label of its own",
                first.line
            );
            return Err(SettingError { line: archive.line, reason });
        }
    }
    Ok(())
}

/// The values of all keys.
fn parsed(keys: &[TableKey]) -> Result<TableArgs, SettingError> {
    let mut line = Vec::new();
    for TableKey { name, values, line: place } in keys {
        let wrong = |reason| SettingError { line: *place, reason };
        if !command().get_arguments().any(|flag| flag.get_long() == Some(name)) {
            return Err(wrong(unknown(name)));
        }
        let values = values.as_ref().ok_or_else(|| {
            wrong(format!("'{name}' takes a string, a number, true or false, or a list of strings"))
        })?;
        let of_key: Vec<String> = words(name, values).collect();
        command().try_get_matches_from(&of_key).map_err(|error| wrong(reason(name, &error)))?;
        line.extend(of_key);
    }
    // Each key was parsed, and none excludes another.
    let args = command().try_get_matches_from(line).and_then(|all| TableArgs::from_arg_matches(&all));
    args.map_err(|error| SettingError {
        line: keys.first().map_or(1, |key| key.line),
        reason: error.to_string(),
    })
}

fn command() -> Command {
    TableArgs::augment_args(Command::new("archive").no_binary_name(true).disable_help_flag(true))
}

/// The error of an unknown key. In TOML, keys after a table belong to it, also those that were meant for the run.
fn unknown(name: &str) -> String {
    let program = program();
    if settable(&program).any(|(_, flag)| flag.get_long() == Some(name)) {
        return format!("'{name}' is of the run, not of an archive: write it above the first [[archive]]");
    }
    let command = command();
    let known = command.get_arguments().filter_map(|flag| flag.get_long());
    let similar = similar(name, known).map_or(String::new(), did_you_mean);
    format!("an archive has no '{name}'{similar}")
}

/// The name of a bucket, without prefix.
fn bucket(text: &str) -> Result<String, String> {
    if text.starts_with("s3:") || text.contains(['/', '*', '?']) || text.is_empty() {
        return Err("write the name of the bucket alone; what follows is its prefix".to_owned());
    }
    Ok(text.to_owned())
}

/// A prefix: a folder or an object of a bucket.
fn prefix(text: &str) -> Result<String, String> {
    if text.starts_with("s3:") || text.starts_with('/') {
        return Err("write the folder in the bucket, such as AWSLogs/111122223333".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A name for an archive that is shown in one line, and is not taken for standard input or a bucket.
fn label(text: &str) -> Result<String, String> {
    let is_odd = text.trim() != text || text.is_empty() || text == "-" || text.chars().any(char::is_control);
    if is_odd || text.starts_with("s3:") || text.chars().count() > LONGEST_LABEL {
        return Err(format!("write a name of up to {LONGEST_LABEL} characters, such as prod"));
    }
    Ok(text.to_owned())
}

/// In characters.
const LONGEST_LABEL: usize = 100;
