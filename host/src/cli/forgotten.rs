//! What `forget` says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::output::{Printer, table};
use crate::offline::Forgotten;
use crate::time::Span;

/// What became of a table.
pub(crate) struct Outcome {
    pub(crate) view: String,
    pub(crate) version: u32,
    pub(crate) table: String,
    pub(crate) forgotten: Forgotten,
}

impl Outcome {
    fn is_touched(&self) -> bool {
        let Forgotten {
            rows, deleted, left, ..
        } = &self.forgotten;
        *rows + deleted.files + left.files > 0
    }

    pub(crate) fn json(&self) -> Value {
        let mut object = json!({ "view": self.view, "version": self.version, "table": self.table });
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), json!(self.forgotten)) {
            object.extend(more);
        }
        object
    }
}

pub(crate) fn text(yes: bool, outcomes: &[Outcome], items: &BTreeMap<&str, u64>) -> String {
    let mut rows = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.is_touched()) {
        let forgotten = &outcome.forgotten;
        rows.push(vec![
            outcome.view.clone(),
            format!("v{}", outcome.version),
            outcome.table.clone(),
            forgotten.rows.to_string(),
            forgotten.rewritten.files.to_string(),
            forgotten.deleted.files.to_string(),
            forgotten.left.files.to_string(),
        ]);
    }
    for (view, count) in items.iter().filter(|(_, count)| **count > 0) {
        let cells = [
            (*view).to_owned(),
            String::new(),
            "online items".to_owned(),
            count.to_string(),
        ];
        rows.push(cells.to_vec());
    }
    let header = [
        "feature view",
        "version",
        "table",
        "rows",
        "files rewritten",
        "files deleted",
        "files left",
    ];
    let end = match (yes, rows.is_empty()) {
        (_, true) => "nothing is stored of this key",
        (true, false) => "forgotten",
        (false, false) => "nothing is removed yet: the same with `--yes` removes all of it",
    };
    match rows.is_empty() {
        true => end.to_owned(),
        false => format!("{}{end}\n", table(&header, &rows)),
    }
}

/// What is not for us to remove, and what could not be told.
pub(crate) fn tell(
    printer: &Printer,
    orphans_after: Span,
    outcomes: &[Outcome],
    items: &BTreeMap<&str, u64>,
    untold: bool,
    sources: &BTreeMap<String, Option<bool>>,
) {
    let left: u64 = outcomes.iter().map(|outcome| outcome.forgotten.left.files).sum();
    if left > 0 {
        printer.tell(&format!(
            "{left} files that no table names are younger than {} and may be a running job's: when none runs, forget again with \
             `--orphans-after 0s`",
            orphans_after
        ));
    }
    if untold {
        printer.tell(
            "some dead letters do not have the join keys as columns, and are kept: whose rows they are cannot be told",
        );
    }
    for (source, has_it) in sources {
        match has_it {
            Some(true) => printer.tell(&format!(
                "source `{source}` still has rows of this key: a job that is run again brings them back"
            )),
            Some(false) => {}
            None => printer.tell(&format!(
                "whether source `{source}` has rows of this key cannot be told"
            )),
        }
    }
    if items.values().any(|count| *count > 0) {
        printer.tell(
            "pages of the online store that held its items are free, and are written over when they are used again",
        );
    }
}
