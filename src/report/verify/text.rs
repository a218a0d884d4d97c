//! Verdicts as text: what is proven, what is only consistent, and what contradicts the digests.

use std::io::{self, Write};

use super::VerifyReport;
use super::words::reason;
use crate::report::place::shown_object;
use crate::report::{for_terminal, plural};
use crate::verify::{ChainSummary, Class, Proof, Subject, Verdict};

/// Verdicts shown of each kind; all of them are in the other formats.
const SHOWN: usize = 20;

/// Writes the whole report.
pub(super) fn write(report: &VerifyReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let chains = &report.verification.chains;
    writeln!(out, "{} of digests", plural(chains.len() as u64, "chain"))?;
    for chain in chains {
        writeln!(out, "  {}", for_terminal(&chain_line(chain)))?;
    }
    writeln!(out)?;
    for (subject, what) in [(Subject::Digest, "digests"), (Subject::Log, "log files")] {
        write_counts(report, subject, what, out)?;
    }
    write_meaning(report, out)?;
    let is = |wanted: fn(&Verdict) -> bool| move |verdict: &&Verdict| wanted(verdict);
    write_list("contradicted, absent or unreadable", report, is(|one| one.class.is_contradiction()), out)?;
    write_list("in no digest", report, is(|one| one.class == Class::Unlisted), out)?;
    write_list("periods without digests", report, is(|one| one.class == Class::Gap), out)?;
    write_list("digests that end a chain and are not proven", report, is(is_open_end), out)?;
    let moved = |one: &Verdict| one.class == Class::Verified && one.detail.is_some() && !is_open_end(one);
    write_list("verified, with a remark", report, is(moved), out)
}

/// Whether a digest could be proven only by its own signature, which was not given.
fn is_open_end(verdict: &Verdict) -> bool {
    verdict.reason == crate::verify::Reason::EndOfChain && verdict.proof == Some(Proof::Consistent)
}

fn chain_line(ChainSummary { chain, digests, proven, covered }: &ChainSummary) -> String {
    let backfill = if chain.is_backfill { ", backfill" } else { "" };
    let when = covered.map_or(String::new(), |(from, to)| format!(", {from} to {to}"));
    format!(
        "{} {}, trail {} of {}{backfill}: {}, {proven} proven{when}",
        chain.account,
        chain.region,
        chain.trail,
        chain.home_region,
        plural(*digests, "digest")
    )
}

/// Writes the number of verdicts on one kind of object, by class.
fn write_counts(
    report: &VerifyReport<'_>,
    subject: Subject,
    what: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut total = 0;
    let mut parts = Vec::new();
    for ((of, class, proof), count) in &report.verification.counts {
        if *of == subject {
            total += count;
            let name = match proof {
                Some(Proof::Proven) => "proven",
                Some(Proof::Consistent) => "only consistent",
                None => class.name(),
            };
            parts.push(format!("{count} {name}"));
        }
    }
    let parts = if parts.is_empty() { String::new() } else { format!(" = {}", parts.join(" + ")) };
    writeln!(out, "{what}: {total}{parts}")
}

/// Writes what the words mean, as far as they occur.
fn write_meaning(report: &VerifyReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = &report.verification.counts;
    let has = |wanted: Proof| counts.keys().any(|(_, _, proof)| *proof == Some(wanted));
    if has(Proof::Proven) {
        let keys = plural(report.verification.keys as u64, "public key");
        writeln!(
            out,
            "proven: signed by CloudTrail, or listed in a signed digest, if the {keys} given came from AWS"
        )?;
    }
    if has(Proof::Consistent) {
        writeln!(
            out,
            "only consistent: hashes match, but no signature proves it; who can write to the bucket can make it so"
        )?;
    }
    if report.verification.keys == 0 {
        writeln!(
            out,
            "without public keys nothing is proven: give them with --public-keys (aws cloudtrail list-public-keys)"
        )?;
    }
    Ok(())
}

/// Writes the first verdicts of one kind.
fn write_list(
    title: &str,
    report: &VerifyReport<'_>,
    is_wanted: impl Fn(&&Verdict) -> bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = || report.verification.verdicts.iter().filter(&is_wanted);
    let count = all().count();
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{title}: {count}")?;
    for verdict in all().take(SHOWN) {
        writeln!(out, "  {}", for_terminal(&verdict_line(verdict, report)))?;
    }
    if count > SHOWN {
        writeln!(out, "  and {} more: --format csv lists all", count - SHOWN)?;
    }
    Ok(())
}

fn verdict_line(verdict: &Verdict, report: &VerifyReport<'_>) -> String {
    let what = match (&verdict.object, verdict.archive) {
        (Some(object), Some(archive)) => shown_object(report.archives, archive, object).into_owned(),
        (Some(object), None) => object.to_string(),
        (None, _) => {
            let chains = &report.verification.chains;
            let chain = verdict.chain.and_then(|number| chains.get(number as usize)).map(|one| &one.chain);
            let of = chain.map_or(String::new(), |chain| {
                format!("{} {}, trail {}, ", chain.account, chain.region, chain.trail)
            });
            let time = |time: Option<_>| {
                time.map_or("?".to_owned(), |time: crate::time::Timestamp| time.to_string())
            };
            format!("{of}{} to {}", time(verdict.time), time(verdict.until))
        }
    };
    let detail = verdict.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
    let (class, subject) =
        (if is_open_end(verdict) { "unproven" } else { verdict.class.name() }, verdict.subject.name());
    format!("{class} {subject} {what}: {}{detail}", reason(verdict))
}
