//! Writes log objects with CloudTrail's documented file names.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

use super::population::Population;
use super::random::Random;
use super::record::Rendered;
use crate::time::Timestamp;

const NAME_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// An archive being written.
pub(super) struct Tree {
    out: PathBuf,
    ground_truth: String,
}

impl Tree {
    /// Creates the folder, which must not exist.
    pub(super) fn create(out: &Path) -> io::Result<Self> {
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::create_dir(out)?;
        let ground_truth = "finding,time,account,principal,action,event_id,object\n".to_owned();
        Ok(Self { out: out.to_owned(), ground_truth })
    }

    /// Writes one log object; returns its path below the archive's root.
    pub(super) fn write(
        &mut self,
        account: &str,
        region: &str,
        delivered: Timestamp,
        records: &[Rendered],
        random: &mut Random,
    ) -> io::Result<String> {
        let joined: Vec<&str> = records.iter().map(|record| record.json.as_str()).collect();
        let text = format!("{{\"Records\":[{}]}}", joined.join(","));
        let day = delivered.day().to_string();
        let minute: String =
            delivered.to_string()[..16].chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let path = format!(
            "AWSLogs/{account}/CloudTrail/{region}/{}/{account}_CloudTrail_{region}_{minute}Z_{}.json.gz",
            day.replace('-', "/"),
            random.text(NAME_LETTERS, 16)
        );
        self.write_gzip(&path, &text)?;
        Ok(path)
    }

    /// Writes one digest per account, of the hour before the first log file, and one Insights object, which an analysis must skip.
    pub(super) fn write_objects_without_events(
        &self,
        cast: &Population,
        random: &mut Random,
    ) -> io::Result<()> {
        for account in &cast.accounts {
            let path = format!(
                "AWSLogs/{account}/CloudTrail-Digest/us-east-1/2024/01/01/{account}_CloudTrail-Digest_us-east-1_main_trail_us-east-1_20240101T000000Z.json.gz"
            );
            let text = format!(
                r#"{{"awsAccountId":"{account}","digestStartTime":"2023-12-31T23:00:00Z","digestEndTime":"2024-01-01T00:00:00Z","digestS3Bucket":"synthetic","digestS3Object":"{path}","logFiles":[]}}"#
            );
            self.write_gzip(&path, &text)?;
        }
        let account = &cast.accounts[0];
        let path = format!(
            "AWSLogs/{account}/CloudTrail-Insight/us-east-1/2024/01/02/{account}_CloudTrail-Insight_us-east-1_20240102T0005Z_{}.json.gz",
            random.text(NAME_LETTERS, 16)
        );
        let text = format!(
            r#"{{"Records":[{{"eventVersion":"1.07","eventTime":"2024-01-02T00:00:00Z","awsRegion":"us-east-1","eventID":"{}","eventType":"AwsCloudTrailInsight","recipientAccountId":"{account}","insightDetails":{{"state":"Start"}},"eventCategory":"Insight"}}]}}"#,
            random.uuid()
        );
        self.write_gzip(&path, &text)
    }

    /// Adds a line to the ground truth. No field needs quoting.
    pub(super) fn planted(&mut self, fields: &[&str]) {
        self.ground_truth.push_str(&fields.join(","));
        self.ground_truth.push('\n');
    }

    pub(super) fn finish(self) -> io::Result<()> {
        fs::write(self.out.join("ground-truth.csv"), self.ground_truth)
    }

    fn write_gzip(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.out.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes())?;
        fs::write(path, encoder.finish()?)
    }
}
