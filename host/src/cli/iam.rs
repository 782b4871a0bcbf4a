use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::json;

use super::Global;
use super::error::CliError;
use super::named::Named;
use super::output::Printer;
use crate::definition::{OnlineStoreKind, Project, list, similar, split_bucket};
use crate::iam::{Account, OfflineUse, Policy, Use, Uses, policy};
use crate::project::Folder;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Commands, such as `serve`: their policy is printed, one for all of them. Without any, that of each command is.
    commands: Vec<String>,
    /// The account that tables are of, 12 digits; any account if it is not said.
    #[arg(long)]
    account: Option<Account>,
}

const READ: [Use; 2] = [Use::Look, Use::Read];
/// A pass of compaction, of a view that is served and of one that is not any more.
const PASS: [Use; 5] = [Use::Look, Use::Load, Use::Change, Use::Switch, Use::Sweep];

/// What a command does with the stores and the sources.
fn uses(command: Named, project: &Project) -> Uses {
    use OfflineUse::{Admit, Apply, Commit, Drop, Gather, Issue, Know, Probe, Raze, Rewrite, Scan, Settle, Trace};
    let has_tables = project.feature_views.iter().any(|view| view.table.is_some());
    match command {
        Named::Plan => Uses::of(&[Use::Look], &[Know, Scan]).with_sources(),
        Named::Status => Uses::of(&[Use::Look], &[Know, Scan, Settle]).with_sources(),
        Named::Run => Uses::default().with_sources(),
        Named::Apply => Uses::of(&[], &[Know, Apply, Probe, Scan]).with_sources(),
        Named::Rollback => Uses::of(&[], &[Know, Apply]),
        Named::Key => Uses::of(&[], &[Admit, Issue]),
        Named::Get => Uses::of(&READ, &[Know]),
        // Data frames are brought into feature tables by a process of the server's.
        Named::Serve => Uses::of(&READ, &[Know, Admit]).and(uses(Named::Ingest, project)),
        Named::Ingest if !has_tables => Uses::default(),
        Named::Ingest => Uses::of(&PASS, &[Know, Scan, Gather]),
        Named::Materialize => Uses::of(&PASS, &[Know, Scan, Commit]).with_sources(),
        // It makes tiles that are missing.
        Named::Compact => Uses::of(&PASS, &[Know, Scan, Commit]),
        Named::Explain => Uses::of(&[], &[Know, Scan]),
        // With `--from-source` it reads these, and tables into which rows are brought.
        Named::TrainingData => Uses::of(&[], &[Know, Scan]).with_sources(),
        // Sources are told that still have the key.
        Named::Forget => {
            let online = [Use::Look, Use::Find, Use::Change, Use::Sweep];
            Uses::of(&online, &[Know, Scan, Rewrite, Trace]).with_sources()
        }
        Named::Maintain => Uses::of(&[Use::Look, Use::Sweep], &[Know, Apply, Scan, Rewrite, Drop]),
        Named::Destroy => Uses::of(&[Use::Look, Use::Switch, Use::Sweep], &[Know, Apply, Scan, Raze]),
        // On this machine, or on the example's own stores.
        Named::New
        | Named::Build
        | Named::Inspect
        | Named::Conformance
        | Named::Doctor
        | Named::Test
        | Named::Iam
        | Named::Schema
        | Named::Demo => Uses::default(),
    }
}

pub(crate) fn run(global: &Global, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let folder = Folder::open(&global.project)?;
    let project = folder.project();
    let of = |commands: &[Named]| {
        let each = commands.iter().map(|command| uses(*command, project));
        let uses = each.fold(Uses::default(), Uses::and);
        policy(project, arguments.account.as_ref(), &uses)
    };
    if arguments.commands.is_empty() {
        let all = Named::value_variants().iter();
        let policies = all.map(|command| (command.name(), of(&[*command])));
        return each(project, policies.collect(), printer);
    }
    let commands = arguments.commands.iter().map(|name| named(name));
    let policy = of(&commands.collect::<Result<Vec<_>, _>>()?);
    if policy.statement.is_empty() {
        tell_idle(project, &arguments.commands, printer);
    }
    printer.answer(&text(&policy)?, &json!(policy));
    Ok(())
}

/// The policy of each command, under its name.
fn each(project: &Project, policies: BTreeMap<String, Policy>, printer: &Printer) -> Result<(), CliError> {
    let (mut idle, mut texts) = (Vec::new(), Vec::new());
    for (name, policy) in &policies {
        match policy.statement.is_empty() {
            true => idle.push(name.clone()),
            false => texts.push(format!("{name}\n{}", text(policy)?)),
        }
    }
    tell_idle(project, &idle, printer);
    printer.answer(&texts.join("\n"), &json!({ "policies": policies }));
    Ok(())
}

fn tell_idle(project: &Project, commands: &[String], printer: &Printer) {
    let commands = list(commands.iter().map(String::as_str));
    let here = here(project);
    printer.tell(&format!(
        "{here}nothing is asked of AWS by {commands}, and no policy is needed"
    ));
}

/// What of a project lies on this machine, where nothing is asked for.
fn here(project: &Project) -> String {
    let in_bucket = |path: &String| split_bucket(path).is_some();
    let sources = project.sources.iter().map(|source| &source.path);
    let away = sources.clone().filter(|path| in_bucket(path)).count();
    let online = matches!(project.stores.online, OnlineStoreKind::Embedded { .. });
    let offline = !in_bucket(&project.stores.offline);
    let mut parts = match (online, offline) {
        (true, true) => vec!["the stores"],
        (true, false) => vec!["the online store"],
        (false, true) => vec!["the offline store"],
        (false, false) => vec![],
    };
    match (away, sources.count() - away) {
        (_, 0) => {}
        (0, _) => parts.push("the sources"),
        (_, _) => parts.push("some sources"),
    }
    let is = match parts.as_slice() {
        ["the online store" | "the offline store"] => "is",
        _ => "are",
    };
    match parts.is_empty() {
        true => String::new(),
        false => format!("{} {is} on this machine: ", parts.join(" and ")),
    }
}

/// A document as `aws iam put-role-policy` takes it; nothing if it allows nothing, as IAM takes no such document.
fn text(policy: &Policy) -> Result<String, CliError> {
    if policy.statement.is_empty() {
        return Ok(String::new());
    }
    let text = serde_json::to_string_pretty(policy);
    text.map(|text| text + "\n")
        .map_err(|error| CliError::internal(error.to_string()))
}

fn named(name: &str) -> Result<Named, CliError> {
    Named::of(name).ok_or_else(|| {
        let names: Vec<String> = Named::value_variants().iter().map(|command| command.name()).collect();
        let there = list(names.iter().map(String::as_str));
        let hint = similar(name, names.iter().map(String::as_str)).map(|name| format!("did you mean `{name}`?"));
        CliError::invalid(format!("no command `{name}`; there are {there}"), hint)
    })
}
