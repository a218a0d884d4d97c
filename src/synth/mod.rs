//! Generates synthetic CloudTrail archives; the same plan gives the same archive on every machine.
//!
//! Turns a plan into an `AWSLogs/` tree and a list of planted first-seen actions. Knows the published format
//! and, of the program, only [`crate::time`], so it is an independent test of the rest.

mod population;
mod random;
mod record;
mod tree;

use std::io;
use std::path::Path;

use crate::time::{Day, Timestamp};
use population::{Planted, Population};
use random::Random;
use record::Call;
use tree::Tree;

/// First day of every synthetic archive.
const FIRST_DAY: i32 = 19_723; // 2024-01-01
/// Bytes of JSON in an average record.
const RECORD_BYTES: u64 = 1_250;
/// Records in an average log object.
const RECORDS_PER_OBJECT: u64 = 24;
/// Minimum number of days between a principal's first sighting and its planted action.
pub const PLANTED_AFTER_DAYS: u32 = 35;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Approximate number of bytes of JSON.
    pub bytes: u64,
    /// Seed of the random numbers; different seeds give different archives.
    pub seed: u64,
    /// Number of days covered.
    pub days: u32,
}

/// Writes the archive to a new folder: `AWSLogs/` and `ground-truth.csv`.
///
/// # Errors
/// If the folder exists or cannot be written.
pub fn synthesize(out: &Path, plan: &Plan) -> io::Result<()> {
    synthesize_unless(out, plan, &|| false)
}

/// As [`synthesize`], but stops when `stopped` returns true, leaving the files written so far.
///
/// # Errors
/// If the folder exists or cannot be written, and [`io::ErrorKind::Interrupted`] if it was stopped.
pub fn synthesize_unless(out: &Path, plan: &Plan, stopped: &dyn Fn() -> bool) -> io::Result<()> {
    let mut random = Random::new(plan.seed);
    let cast = Population::new(&mut random, plan.days);
    let mut tree = Tree::create(out)?;
    let objects = (plan.bytes / (RECORD_BYTES * RECORDS_PER_OBJECT)).max(u64::from(plan.days) / 4).max(8);
    let start = Day::from_number(FIRST_DAY).start().micros();
    let step = i64::from(plan.days) * 86_400_000_000 / i64::try_from(objects).unwrap_or(i64::MAX);
    for number in 0..objects {
        if stopped() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let slot = Timestamp::from_micros(start + step * i64::try_from(number).unwrap_or(0));
        delivery(number, slot, &cast, &mut random, &mut tree)?;
    }
    for planted in &cast.planted {
        plant(planted, &cast, start, &mut random, &mut tree)?;
    }
    tree.write_objects_without_events(&cast, &mut random)?;
    tree.finish()
}

/// Writes one log object of background noise, sometimes with a copy from a second trail.
fn delivery(
    number: u64,
    slot: Timestamp,
    cast: &Population,
    random: &mut Random,
    tree: &mut Tree,
) -> io::Result<()> {
    let account = &cast.accounts[random.below(cast.accounts.len())];
    let region = random.pick(&record::REGIONS);
    let mut records = Vec::new();
    // Every principal appears in the first object, so the planted actions have a known age.
    let everyone = if number == 0 { cast.principals.len() } else { 0 };
    for index in 0..everyone {
        let who = &cast.principals[index];
        if !who.late {
            let call = Call { action: who.habits[0], time: slot, region: "us-east-1", fails: false };
            records.push(record::render(who, &call, random));
        }
    }
    let size = random.below(2 * RECORDS_PER_OBJECT as usize) + 1;
    for _ in 0..size {
        let who = cast.someone(account, random);
        let time = Timestamp::from_micros(slot.micros() + random.below(300) as i64 * 1_000_000);
        let call = Call { action: who.habit(random), time, region, fails: random.one_in(20) };
        records.push(record::render(who, &call, random));
    }
    random.shuffle(&mut records);
    // Some objects are delayed for days.
    let lag = if random.one_in(50) { 2 * 86_400 } else { 300 + random.below(300) as i64 };
    let delivered = Timestamp::from_micros(slot.micros() + lag * 1_000_000);
    tree.write(account, region, delivered, &records, random)?;
    if random.one_in(5) {
        let later = Timestamp::from_micros(delivered.micros() + 60_000_000);
        tree.write(account, region, later, &records, random)?;
    }
    Ok(())
}

/// Writes an object with one planted action, and a line of the ground truth.
fn plant(
    planted: &Planted,
    cast: &Population,
    start: i64,
    random: &mut Random,
    tree: &mut Tree,
) -> io::Result<()> {
    let who = &cast.principals[planted.principal];
    let second = random.below(80_000) as i64;
    let time = Timestamp::from_micros(start + (i64::from(planted.day) * 86_400 + second) * 1_000_000);
    let call = Call { action: planted.action, time, region: "us-east-1", fails: false };
    let record = record::render(who, &call, random);
    let delivered = Timestamp::from_micros(time.micros() + 300_000_000);
    let event_id = record.event_id.clone();
    let object = tree.write(&who.account, "us-east-1", delivered, &[record], random)?;
    tree.planted(&[
        if who.late { "new-principal" } else { "new-action" },
        &time.to_string(),
        &who.account,
        &who.key,
        &format!("{}:{}", planted.action.source, planted.action.name),
        &event_id,
        &object,
    ]);
    Ok(())
}
