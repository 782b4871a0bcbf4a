//! A new project: definitions, a crate with one transformation and a golden case, rows to begin with, and the SDK's sources.

mod lang;
mod sdk;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use self::lang::Lang;
use super::error::CliError;
use super::output::Printer;
use super::schema;
use super::workbench::shown;
use crate::workspace::check_identifier;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Its name, and that of its workspace: lower-case letters, digits and `_`.
    name: String,
    /// Where it is made; a folder of its name if it is not said.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// What its transformations are written in.
    #[arg(long, value_enum, default_value = "rust")]
    lang: Lang,
}

const LICENSE: &str = include_str!("../../../../LICENSE");

/// The same in every language.
const TEMPLATE: &[(&str, &str)] = &[
    ("sandglass.toml", include_str!("template/sandglass.toml")),
    ("README.md", include_str!("template/README.md")),
    (".gitignore", include_str!("template/gitignore")),
    ("data/orders.csv", include_str!("template/orders.csv")),
    (
        "transformations/orders/golden/order_details/sizes/orders.csv",
        include_str!("template/golden/orders.csv"),
    ),
    (
        "transformations/orders/golden/order_details/sizes/expected.csv",
        include_str!("template/golden/expected.csv"),
    ),
    (
        "transformations/orders/golden/order_details/sizes/rejected.jsonl",
        include_str!("template/golden/rejected.jsonl"),
    ),
];

pub(crate) fn run(arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let name = &arguments.name;
    check_identifier(name).map_err(|error| CliError::invalid(error.to_string(), suggestion(name)))?;
    let folder = arguments.dir.clone().unwrap_or_else(|| PathBuf::from(name));
    check_empty(&folder)?;
    let files = files(name, arguments.lang);
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    printer.tell(&format!("{} is a project now. What to try next:", shown(&folder)));
    for command in ["test", "apply", "materialize", "get order_details --key customer_id=2"] {
        printer.tell(&format!("  sandglass --project {} {command}", shown(&folder)));
    }
    let paths: Vec<&String> = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| !path.starts_with("sdk/"))
        .collect();
    let text: String = paths
        .iter()
        .map(|path| format!("{}\n", shown(&folder.join(path))))
        .collect();
    let json = json!({ "folder": folder, "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>() });
    printer.answer(&format!("{text}{}", shown(&folder.join("sdk"))), &json);
    Ok(())
}

/// A name that would do, made of one that does not.
fn suggestion(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let kept = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let other: String = kept.skip_while(|c| !c.is_ascii_lowercase()).take(63).collect();
    let other = other.trim_end_matches('_');
    check_identifier(other).is_ok().then(|| format!("`{other}` would do"))
}

fn check_empty(folder: &Path) -> Result<(), CliError> {
    let elsewhere = Some("name another folder with `--dir`".to_owned());
    if !folder.exists() {
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(CliError::invalid(format!("{} is a file", shown(folder)), elsewhere));
    }
    let mut entries = std::fs::read_dir(folder)
        .map_err(|error| CliError::invalid(format!("cannot read {}: {error}", shown(folder)), elsewhere.clone()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(CliError::invalid(format!("{} is not empty", shown(folder)), elsewhere)),
    }
}

/// Paths below the project's folder, and texts.
fn files(name: &str, lang: Lang) -> Vec<(String, String)> {
    let filled = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{language}}", lang.name())
            .replace("{{tests}}", lang.tests())
    };
    let common = TEMPLATE.iter().map(|(path, text)| ((*path).to_owned(), filled(text)));
    let own = lang.files().into_iter();
    let own = own.map(|(path, text)| (format!("transformations/orders/{path}"), filled(&text)));
    let sdk = lang.sdk().iter();
    let sdk = sdk.map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned()));
    let schema = schema::text(&crate::definition::schema());
    common
        .chain(own)
        .chain([
            ("sandglass.schema.json".to_owned(), schema),
            ("sdk/LICENSE".to_owned(), LICENSE.to_owned()),
        ])
        .chain(sdk)
        .collect()
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::invalid(format!("cannot write {}: {error}", shown(path)), None);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn names_that_would_do() {
        for (name, hint) in [
            ("My-Shop", Some("`my_shop` would do")),
            ("2shop", Some("`shop` would do")),
            ("été", Some("`t` would do")),
            ("../..", None),
            ("", None),
        ] {
            assert_eq!(suggestion(name).as_deref(), hint, "{name}");
        }
    }

    #[test]
    fn its_definitions_are_valid() {
        for lang in Lang::value_variants() {
            let files = files("shop", *lang);
            let mut paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
            paths.sort();
            paths.dedup();
            assert_eq!(paths.len(), files.len());
            let definitions = files.iter().find(|(path, _)| path == "sandglass.toml");
            let text = &definitions.expect("definitions").1;
            let parsed = crate::definition::parse("sandglass.toml", text).expect("valid");
            assert!(parsed.warnings.is_empty());
            let own = files.iter().filter(|(path, _)| !path.starts_with("sdk/"));
            assert!(own.into_iter().all(|(_, text)| !text.contains("{{")));
        }
    }
}
