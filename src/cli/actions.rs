//! `firstseen actions`: prints the classes of actions, and why they have them.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use clap::Args;
use firstseen::actions::{ActionDescription, Class, describe, known_names, short_name, similar_action};
use firstseen::names::did_you_mean;
use firstseen::query::Pattern;
use firstseen::report::{ActionsReport, for_terminal};

use super::args::{AnswerOutputArgs, named_arg};
use super::exit::{Hint, RunStatus};
use super::messages::messages;
use super::output_guard::OutputGuard;

/// Show the classes of actions, their access levels, and what decided
///
/// Classes are permissions, credentials, logging, exposure, execution, destruction and reconnaissance.
///
/// A class is decided from the name alone, also for actions that are not in the table of IAM's actions.
#[derive(Debug, Args)]
pub(crate) struct ActionsArgs {
    /// Actions or globs, in any case: iam:CreateUser, iam.amazonaws.com:CreateUser, CreateUser (of all services), 'iam:*'; in a
    /// cluster 'create core/pods/exec'
    #[arg(value_name = "NAME", required_unless_present = "class")]
    names: Vec<String>,
    /// Only actions of this class; without NAME, all of them
    #[arg(long, value_enum)]
    class: Option<ClassArg>,
    #[command(flatten)]
    output: AnswerOutputArgs,
}

named_arg! {
    /// A class of actions.
    ClassArg(Class) {
        Permissions => "Changes who may do what",
        Credentials => "Creates, replaces or returns a secret, or begins a session",
        Logging => "Stops, deletes, narrows or redirects logs, alarms or detectors",
        Exposure => "Makes a resource reachable from outside, or lets its data leave",
        Execution => "Runs code with somebody's rights, or uses the account's capacity",
        Destruction => "Deletes data or what serves it, or prevents its recovery",
        Reconnaissance => "Reads about identities, secrets, detection or the account as a whole",
    }
}

/// Runs the command.
pub(crate) fn run(args: &ActionsArgs) -> anyhow::Result<RunStatus> {
    let output = OutputGuard::new().open("--output", args.output.output.as_deref())?;
    let format = args.output.format()?;
    let Found { mut actions, warnings } = find(&args.names)?;
    let class = args.class.map(|ClassArg(class)| class);
    actions.retain(|action| class.is_none() || action.class == class);
    let report = ActionsReport { names: &args.names, class, actions: &actions };
    output.write(|out| report.write(format, out))?;
    for warning in warnings {
        writeln!(messages(), "warning: {}", for_terminal(&warning))?;
    }
    Ok(RunStatus::Complete)
}

/// The actions that were asked for, sorted by name.
struct Found {
    actions: Vec<ActionDescription>,
    warnings: Vec<String>,
}

/// Finds the actions of each name; without names, all known ones.
fn find(names: &[String]) -> anyhow::Result<Found> {
    let known: Vec<String> = known_names().collect();
    if names.is_empty() {
        return Ok(sorted(known.iter().map(|name| describe(name)).collect(), Vec::new()));
    }
    let (mut found, mut warnings) = (Vec::new(), Vec::new());
    for name in names {
        let short = short_name(name);
        let pattern: Pattern =
            short.parse().context(Hint("write a name, or a glob with '*', '?' and '[…]'"))?;
        let before = found.len();
        found.extend(known.iter().filter(|known| pattern.matches_action(known)).map(|known| describe(known)));
        if found.len() == before {
            let (action, warning) = describe_unknown(name)?;
            found.push(action);
            warnings.extend(warning);
        }
    }
    Ok(sorted(found, warnings))
}

/// An action that the table does not have under this name: an event of CloudTrail, an action in a cluster, or a new action.
fn describe_unknown(name: &str) -> anyhow::Result<(ActionDescription, Option<String>)> {
    let action = describe(name);
    if action.is_known {
        return Ok((action, None));
    }
    let similar = || did_you_mean(similar_action(name).as_deref());
    if name.contains(['*', '?', '[']) || !name.contains([':', ' ']) {
        let hint = Hint(
            "write service:Name, for example iam:CreateUser; names in a cluster are 'verb group/resource'",
        );
        return Err(anyhow::anyhow!("no known action is named '{name}'{}", similar()).context(hint));
    }
    let warning = format!(
        "'{name}' is not in the table of actions, so its class is decided by its name alone{}",
        similar()
    );
    Ok((action, (!name.contains(' ')).then_some(warning)))
}

fn sorted(actions: Vec<ActionDescription>, warnings: Vec<String>) -> Found {
    let by_name: BTreeMap<String, ActionDescription> =
        actions.into_iter().map(|action| (action.name.clone(), action)).collect();
    Found { actions: by_name.into_values().collect(), warnings }
}
