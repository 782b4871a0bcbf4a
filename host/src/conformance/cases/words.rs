//! Logs, rejected rows, failures and crashes.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use sandglass_runtime::FailureKind;

use super::super::case::{Case, End, Given};
use super::super::contracts;

const SHOUT: &str = "né 日本 😀";

pub(super) fn cases() -> Vec<Case> {
    let failure = |word: &str, kind: FailureKind| {
        let name = format!("a failure of the kind `{word}`");
        speak(&name, &[("well", "x"), (word, SHOUT)]).with(|case| {
            case.end = End::Failure(kind, SHOUT.to_owned(), Some(1));
        })
    };
    let levels = [
        ("debug", "one"),
        ("info", SHOUT),
        ("warn", "three\nlines\nof it"),
        ("error", ""),
    ];
    vec![
        speak("nothing to say", &[("a", "x"), ("b", "y")]).with(|case| case.logs = Some(Vec::new())),
        speak("levels of the log", &levels).with(|case| {
            let logs = levels.iter().map(|(level, text)| (*level, (*text).to_owned()));
            case.logs = Some(logs.collect());
        }),
        speak("what is printed is logged", &[("print", SHOUT), ("a", "x")])
            .with(|case| case.logs = Some(vec![("info", SHOUT.to_owned())])),
        speak("rejected rows", &[("reject", SHOUT), ("a", "x"), ("reject", "again")]),
        speak("only rejected rows", &[("reject", "")]),
        failure("input", FailureKind::Input),
        failure("parameter", FailureKind::Parameter),
        failure("internal", FailureKind::Internal),
        speak("a programming error", &[("well", "x"), ("crash", "x")]).with(|case| case.end = End::Crash),
    ]
}

fn speak(name: &str, rows: &[(&str, &str)]) -> Case {
    let column = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
    let contract = contracts::named("speaks");
    let columns = vec![
        column(rows.iter().map(|(word, _)| *word).collect()),
        column(rows.iter().map(|(_, text)| *text).collect()),
    ];
    let batch =
        RecordBatch::try_new(Arc::clone(&contract.inputs[0].columns), columns).expect("columns of the kit's schema");
    let stays = |(_, (word, _)): &(usize, &(&str, &str))| *word != "reject";
    let (sources, words): (Vec<u32>, Vec<&str>) = rows
        .iter()
        .enumerate()
        .filter(stays)
        .map(|(row, (word, _))| (row as u32, *word))
        .unzip();
    let expected = RecordBatch::try_new(contract.output, vec![column(words)]).expect("columns of the kit's schema");
    let rejected = rows.iter().enumerate().filter(|(_, (word, _))| *word == "reject");
    let rejected = rejected.map(|(row, (_, text))| (row as u32, (*text).to_owned()));
    let given = Given {
        rejected: rejected.collect(),
        ..Given::from(expected, sources)
    };
    Case::new("speaks", name)
        .push(batch, given)
        .with(|case| case.lineage = true)
}
