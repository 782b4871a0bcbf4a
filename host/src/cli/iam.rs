use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use serde_json::json;

use super::Global;
use super::error::CliError;
use super::named::Named;
use super::output::Printer;
use crate::definition::{OnlineStoreKind, Project, list, similar};
use crate::iam::{Account, Policy, Use, policy};
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

/// What a command does with the stores.
fn uses(command: Named, project: &Project) -> Vec<Use> {
    let has_tables = project.feature_views.iter().any(|view| view.table.is_some());
    match command {
        Named::Plan | Named::Status => vec![Use::Look],
        Named::Get => READ.to_vec(),
        // Data frames are brought into feature tables by a process of the server's.
        Named::Serve if has_tables => [&READ[..], &PASS].concat(),
        Named::Serve => READ.to_vec(),
        Named::Ingest if !has_tables => Vec::new(),
        Named::Materialize | Named::Compact | Named::Ingest => PASS.to_vec(),
        Named::Forget => vec![Use::Look, Use::Find, Use::Change, Use::Sweep],
        Named::Maintain => vec![Use::Look, Use::Sweep],
        Named::Destroy => vec![Use::Look, Use::Switch, Use::Sweep],
        // Offline, or on the example's own stores.
        Named::New
        | Named::Build
        | Named::Inspect
        | Named::Conformance
        | Named::Doctor
        | Named::Run
        | Named::Test
        | Named::Apply
        | Named::Rollback
        | Named::Key
        | Named::TrainingData
        | Named::Explain
        | Named::Iam
        | Named::Schema
        | Named::Demo => Vec::new(),
    }
}

pub(crate) fn run(global: &Global, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let folder = Folder::open(&global.project)?;
    let project = folder.project();
    let of = |commands: &[Named]| {
        let uses: BTreeSet<Use> = commands.iter().flat_map(|command| uses(*command, project)).collect();
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
    let why = match project.stores.online {
        OnlineStoreKind::Embedded { .. } => "the online store is a folder: ",
        OnlineStoreKind::DynamoDb(_) => "",
    };
    printer.tell(&format!(
        "{why}nothing is asked of AWS by {commands}, and no policy is needed"
    ));
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
