use serde_json::json;

use super::error::CliError;
use super::output::{Printer, table};
use crate::project::{Found, LANGUAGES, Language, Need};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these: rust, python, typescript, go, c, zig. It is an error then if something is missing.
    languages: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let chosen = choose(&arguments.languages)?;
    let (mut rows, mut list, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for language in chosen {
        for need in language.needs {
            let found = need.look();
            let (state, version) = match &found {
                Found::There(version) => ("there", version.clone()),
                Found::Old(version) => ("too old", format!("{version}, needs {}", need.least_shown())),
                Found::Missing => ("missing", String::new()),
            };
            let install = match &found {
                Found::There(_) => String::new(),
                Found::Old(_) | Found::Missing => {
                    missing.push(advice(language, need));
                    need.install()
                }
            };
            rows.push(vec![
                language.name.to_owned(),
                need.name.to_owned(),
                state.to_owned(),
                version.clone(),
            ]);
            list.push(json!({
                "language": language.key,
                "needs": need.name,
                "state": state,
                "version": version,
                "install": install,
            }));
        }
        if let Some(installed) = language.installed {
            rows.push(vec![
                language.name.to_owned(),
                installed.to_owned(),
                "by the first build".to_owned(),
                String::new(),
            ]);
        }
    }
    printer.answer(
        &table(&["language", "needs", "state", "version"], &rows),
        &json!({ "needs": list }),
    );
    for line in &missing {
        printer.tell(line);
    }
    if missing.is_empty() || arguments.languages.is_empty() {
        return Ok(());
    }
    Err(CliError::invalid(
        format!("{} of what is needed is not there", missing.len()),
        Some("run the commands above, and `sandglass doctor` again".to_owned()),
    ))
}

fn advice(language: &Language, need: &Need) -> String {
    format!("for {}, install {}:\n    {}", language.name, need.name, need.install())
}

fn choose(names: &[String]) -> Result<Vec<&'static Language>, CliError> {
    if names.is_empty() {
        return Ok(LANGUAGES.iter().collect());
    }
    let known = || LANGUAGES.map(|language| format!("`{}`", language.key)).join(", ");
    names
        .iter()
        .map(|name| {
            let mut all = LANGUAGES.iter();
            all.find(|language| language.key == name).ok_or_else(|| {
                CliError::invalid(
                    format!("there is no language `{name}`"),
                    Some(format!("there are {}", known())),
                )
            })
        })
        .collect()
}
