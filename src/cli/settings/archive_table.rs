//! `[[archive]]` in a configuration file: one archive with access of its own. Its keys go through the parsers of the flags with the
//! same name.

use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches, ValueEnum};
use firstseen::config::{ArchiveTable, ConfigError, TableKey};
use firstseen::names::{did_you_mean, nearest, shortened};
use firstseen::source::{GivenArchive, is_s3, is_stdin};

use super::super::args::{AccessArgs, ConfiguredArchive, cluster_name};
use super::super::program;
use super::settable::settable;
use super::setting::{reason, words};

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
    #[arg(long, value_parser = cluster_name)]
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

/// The archives of the tables in a file.
///
/// # Errors
/// A key that is unknown, or does not fit the others, with its line; or two archives with the same name.
pub(super) fn archives_of(
    file: &Path,
    tables: &[ArchiveTable],
) -> Result<Vec<ConfiguredArchive>, ConfigError> {
    let archives = tables.iter().map(|table| archive_of(file, table)).collect::<Result<Vec<_>, _>>()?;
    check_names(&archives)?;
    Ok(archives)
}

fn archive_of(file: &Path, table: &ArchiveTable) -> Result<ConfiguredArchive, ConfigError> {
    let ArchiveTable { line, ref keys } = *table;
    let args = parsed(keys)?;
    let line_of = |name: &str| keys.iter().find(|key| key.name == name).map_or(line, |key| key.line);
    let wrong = |name: &str, reason: String| ConfigError { line: line_of(name), reason };
    let TableArgs { path, bucket, prefix, label, k8s_cluster, aws_partition, access } = args;
    let location = match (path, bucket) {
        (Some(_), Some(_)) => {
            return Err(wrong("bucket", "an archive has a path, or a bucket, not both".to_owned()));
        }
        (None, None) => {
            return Err(ConfigError { line, reason: "an archive needs a path, or a bucket".to_owned() });
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
        return Err(ConfigError { line: key.line, reason: what });
    }
    access.access().map_err(|what| ConfigError { line, reason: what.replace("--", "") })?;
    let access = match (aws_partition, access.region()) {
        (Some(partition), Some(region)) if !partition.has(region) => {
            return Err(wrong("aws-partition", format!("the Region {region} is in another partition")));
        }
        (Some(partition), _) => access.starting_in(partition.regions().1),
        (None, _) => access,
    };
    let archive =
        GivenArchive { label, cluster: k8s_cluster, may_be_missing: true, ..GivenArchive::at(location) };
    Ok(ConfiguredArchive { archive, access, file: file.to_owned(), line })
}

/// Refuses archives with the same name, by which their objects are known.
fn check_names(archives: &[ConfiguredArchive]) -> Result<(), ConfigError> {
    for (number, archive) in archives.iter().enumerate() {
        let name = archive.archive.name();
        if let Some(first) = archives[..number].iter().find(|first| first.archive.name() == name) {
            let reason = format!(
                "the archive '{name}' has the name of the one in line {}: give each a label of its own",
                first.line
            );
            return Err(ConfigError { line: archive.line, reason });
        }
    }
    Ok(())
}

/// The values of all keys.
fn parsed(keys: &[TableKey]) -> Result<TableArgs, ConfigError> {
    let mut line = Vec::new();
    for key in keys {
        let name = &key.name;
        let wrong = |reason| ConfigError { line: key.line, reason };
        if !command().get_arguments().any(|flag| flag.get_long() == Some(name)) {
            return Err(wrong(unknown(name)));
        }
        let of_key: Vec<String> = words(name, key.values()?).collect();
        command().try_get_matches_from(&of_key).map_err(|error| wrong(reason(name, &error)))?;
        line.extend(of_key);
    }
    // Each key was parsed, and none excludes another.
    let args = command().try_get_matches_from(line).and_then(|all| TableArgs::from_arg_matches(&all));
    args.map_err(|error| ConfigError {
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
    let similar = did_you_mean(nearest(name, known));
    format!("an archive has no '{}'{similar}", shortened(name))
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use firstseen::config::Document;
    use proptest::prelude::*;

    use super::super::super::args::{ConfiguredArchive, S3Args};
    use super::super::config::parse;
    use super::{ConfigError, archives_of};

    fn read(text: &str) -> Result<Vec<ConfiguredArchive>, ConfigError> {
        archives_of(Path::new("cases/case.toml"), &Document::parse(text)?.archives)
    }

    #[test]
    fn a_table_is_an_archive_with_access_of_its_own() {
        let text = "quiet = true\n[[archive]]\npath = 'logs'\nk8s-cluster = 'prod'\n[[archive]]\nlabel = 'org'\nbucket = 'b'\n\
                    prefix = 'AWSLogs/o-1/'\naws-region = 'eu-west-1'\nrole-arn = ['arn:aws:iam::111122223333:role/a', \
                    'arn:aws:iam::444455556666:role/b']\nexternal-id = ['', 'x1']\n[[archive]]\npath = 's3://c/d'\n\
                    aws-partition = 'aws-us-gov'\n";
        let found = read(text).unwrap();
        let places: Vec<(String, PathBuf, usize)> = found
            .iter()
            .map(|found| (found.archive.name(), found.archive.location.clone(), found.line))
            .collect();
        let place = |name: &str, location: &str, line| (name.to_owned(), PathBuf::from(location), line);
        assert_eq!(
            places,
            [
                place("cases/logs", "cases/logs", 2),
                place("org", "s3://b/AWSLogs/o-1", 5),
                place("s3://c/d", "s3://c/d", 12)
            ]
        );
        assert_eq!(found[0].archive.cluster.as_deref(), Some("prod"));
        let access = found[1].access.access().unwrap();
        assert_eq!(access.region.as_deref(), Some("eu-west-1"));
        let ids: Vec<Option<&str>> = access.roles.iter().map(|role| role.external_id.as_deref()).collect();
        assert_eq!(ids, [None, Some("x1")]);
        assert_eq!(found[2].access.region(), Some("us-gov-west-1"));
        assert!(parse(text).unwrap().archives.is_empty(), "tables are no settings of the run");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let bucket = "[[archive]]\nbucket = 'b'\n";
        let cases: Vec<(String, usize, &str)> = vec![
            ("[[archive]]\nlabel = 'x'".into(), 1, "an archive needs a path, or a bucket"),
            (format!("{bucket}path = 'p'"), 2, "an archive has a path, or a bucket, not both"),
            (
                "[[archive]]\npath = 's3://b'\nprefix = 'x'".into(),
                3,
                "'prefix' belongs to a bucket: write all of it in path, 's3://b'",
            ),
            (
                "[[archive]]\npath = 'logs'\n\nrole-arn = 'arn:aws:iam::111122223333:role/a'".into(),
                4,
                "'role-arn' is for buckets, and 'cases/logs' is on disk",
            ),
            ("[[archive]]\npath = '-'".into(), 2, "standard input is named on the command line"),
            (format!("{bucket}profil = 'x'"), 3, "an archive has no 'profil'; did you mean 'profile'?"),
            (format!("{bucket}hue = 'x'"), 3, "an archive has no 'hue'"),
            (
                format!("{bucket}quiet = true"),
                3,
                "'quiet' is of the run, not of an archive: write it above the first [[archive]]",
            ),
            (
                format!("{bucket}mirror = 'm'"),
                3,
                "'mirror' is of the run, not of an archive: write it above the first [[archive]]",
            ),
            (
                format!("{bucket}role-arn = 'x'"),
                3,
                "invalid value 'x' for 'role-arn': write arn:aws:iam::123456789012:role/name",
            ),
            (format!("{bucket}label = ['a', 'b']"), 3, "'label' takes one value, not a list"),
            (
                format!("{bucket}label = 's3://x'"),
                3,
                "invalid value 's3://x' for 'label': write a name of up to 100 characters, such as prod",
            ),
            (
                format!("{bucket}prefix = {{a = 1}}"),
                3,
                "'prefix' takes a string, a number, true or false, or a list of strings",
            ),
            (
                format!("{bucket}no-sign-request = true\nprofile = 'x'"),
                1,
                "no-sign-request uses no credentials: remove it, or profile and role-arn",
            ),
            (
                format!("{bucket}external-id = 'x1'"),
                1,
                "1 external-id for 0 role-arn: give one, for the last role, or one for each",
            ),
            (
                format!("{bucket}aws-partition = 'aws-cn'\naws-region = 'eu-west-1'"),
                3,
                "the Region eu-west-1 is in another partition",
            ),
            (
                "[[archive]]\nbucket = 's3://b'".into(),
                2,
                "invalid value 's3://b' for 'bucket': write the name of the bucket alone; what follows is its prefix",
            ),
            (
                format!("{bucket}[[archive]]\npath = 's3://b/'"),
                3,
                "the archive 's3://b' has the name of the one in line 1: give each a label of its own",
            ),
            (
                format!("{bucket}label = 'x'\n[[archive]]\npath = 'p'\nlabel = 'x'"),
                4,
                "the archive 'x' has the name of the one in line 1: give each a label of its own",
            ),
        ];
        for (text, line, reason) in cases {
            let wrong = read(&text).err();
            assert_eq!(wrong, Some(ConfigError { line, reason: reason.to_owned() }), "{text}");
        }
        for text in [
            "[archive]\npath = 'p'",
            "archive = [{path = 'p'}, {path = 'q'}, 'r']",
            "archive = []",
            "archive = 'p'",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_table_leaves_out_is_as_for_the_run() {
        let run =
            parse("profile = 'run'\nrole-arn = 'arn:aws:iam::111122223333:role/run'\nrequest-payer = true")
                .unwrap();
        let of = |keys: &str, run: &S3Args| {
            let found = read(&format!("[[archive]]\nbucket = 'b'\n{keys}")).unwrap();
            found[0].access.clone().over(run.access.clone()).access().unwrap()
        };
        let plain = of("", &run.s3);
        assert_eq!(
            (plain.profile.as_deref(), plain.roles.len(), plain.request_payer),
            (Some("run"), 1, true)
        );
        let own = of("role-arn = 'arn:aws:iam::444455556666:role/own'\nrequest-payer = false", &run.s3);
        assert_eq!(own.roles[0].arn, "arn:aws:iam::444455556666:role/own");
        assert_eq!((own.profile.as_deref(), own.request_payer), (Some("run"), false));
        let public = of("no-sign-request = true", &run.s3);
        assert!(public.anonymous && public.profile.is_none() && public.roles.is_empty());
        let unsigned = parse("no-sign-request = true").unwrap();
        assert!(of("", &unsigned.s3).anonymous && !of("profile = 'own'", &unsigned.s3).anonymous);
    }

    proptest! {
        /// Whatever a file has, reading its archives gives them or a line of the file.
        #[test]
        fn any_text_gives_archives_or_an_error_with_a_line(
            keys in prop::collection::vec(
                (
                    prop::sample::select(vec!["path", "bucket", "prefix", "label", "profile", "role-arn", "external-id", "x"]),
                    "[a-z:/=\\[\\]{}\" ,.0-9-]{0,12}",
                ),
                0..6,
            ),
        ) {
            let lines = keys.iter().map(|(key, value)| format!("{key} = '{value}'\n"));
            let text = format!("[[archive]]\n{}", lines.collect::<String>());
            match read(&text) {
                Ok(found) => prop_assert_eq!(found.len(), 1),
                Err(wrong) => prop_assert!((1..=keys.len() + 1).contains(&wrong.line), "{text}"),
            }
        }
    }
}
