//! The transformations of the kit: what `describe` should answer.

use std::sync::OnceLock;

use sandglass_runtime::{
    Contract, Parameter, ParameterKind, ParameterValue, RawContract, RawField, RawInput, RawKind, Scope,
    check_contracts, kind_name,
};

/// Their names, in the order in which they are looked at.
pub(super) const NAMES: [&str; 11] = [
    "pass",
    "rebuild",
    "take",
    "filter",
    "fan_out",
    "totals",
    "joined",
    "parameters",
    "context",
    "speaks",
    "empty",
];

fn node(name: &str, kind: RawKind, nullable: bool, children: u32) -> RawField {
    RawField {
        name: name.to_owned(),
        kind,
        nullable,
        children,
    }
}

/// A column that is never null.
fn one(name: &str, kind: RawKind) -> RawField {
    node(name, kind, false, 0)
}

/// A column that may be null.
fn opt(name: &str, kind: RawKind) -> RawField {
    node(name, kind, true, 0)
}

/// A column of every kind.
pub(super) fn kinds() -> Vec<RawField> {
    use RawKind::*;
    vec![
        one("id", Int64),
        opt("a_boolean", Boolean),
        opt("an_int8", Int8),
        opt("an_int16", Int16),
        opt("an_int32", Int32),
        opt("an_int64", Int64),
        opt("a_uint8", Uint8),
        opt("a_uint16", Uint16),
        opt("a_uint32", Uint32),
        opt("a_uint64", Uint64),
        opt("a_float32", Float32),
        opt("a_float64", Float64),
        opt("a_decimal", Decimal128(38, 10)),
        opt("a_utf8", Utf8),
        opt("a_binary", Binary),
        opt("a_fixed", FixedSizeBinary(3)),
        opt("a_date", Date32),
        opt("a_timestamp", Timestamp),
        opt("a_duration", Duration),
        node("a_list", ListOf, true, 1),
        opt("item", Int64),
        node("a_nested", ListOf, true, 1),
        node("item", ListOf, true, 1),
        opt("item", Utf8),
        node("a_fixed_list", FixedSizeListOf(2), true, 1),
        opt("item", Float32),
        node("a_struct", StructOf, true, 3),
        opt("whole", Int64),
        opt("text", Utf8),
        node("inner", StructOf, true, 1),
        opt("flag", Boolean),
        node("a_map", MapOf, true, 2),
        one("keys", Utf8),
        node("values", ListOf, true, 1),
        opt("item", Int32),
    ]
}

fn parameter(name: &str, kind: ParameterKind, default: Option<ParameterValue>, doc: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        default,
        doc: doc.to_owned(),
    }
}

fn input(name: &str, columns: Vec<RawField>, keys: &[&str]) -> RawInput {
    RawInput {
        name: name.to_owned(),
        columns,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    }
}

fn contract(name: &str, scope: Scope, inputs: Vec<RawInput>, output: Vec<RawField>) -> RawContract {
    RawContract {
        name: name.to_owned(),
        doc: String::new(),
        inputs,
        output,
        scope,
        parameters: Vec::new(),
        properties: Vec::new(),
    }
}

/// Every contract of the kit.
pub(super) fn all() -> &'static [Contract] {
    static ALL: OnceLock<Vec<Contract>> = OnceLock::new();
    ALL.get_or_init(make)
}

fn make() -> Vec<Contract> {
    use ParameterValue as Value;
    use RawKind::*;
    let rows = |columns| vec![input("rows", columns, &[])];
    let id = || rows(vec![one("id", Int64)]);
    let amounts = || vec![one("id", Int64), opt("amount", Float64), opt("name", Utf8)];
    let contracts = vec![
        RawContract {
            doc: "Columns as they came.".to_owned(),
            ..contract("pass", Scope::Aligned, rows(kinds()), kinds())
        },
        contract("rebuild", Scope::Aligned, rows(kinds()), kinds()),
        RawContract {
            parameters: vec![parameter(
                "times",
                ParameterKind::Int64,
                Some(Value::Int64(2)),
                "Copies of each row.",
            )],
            ..contract("take", Scope::Row, rows(kinds()), kinds())
        },
        RawContract {
            parameters: vec![parameter(
                "limit",
                ParameterKind::Float64,
                Some(Value::Float64(0.5)),
                "",
            )],
            ..contract("filter", Scope::Row, rows(amounts()), amounts())
        },
        contract(
            "fan_out",
            Scope::Row,
            rows(vec![one("count", Int64), one("word", Utf8)]),
            vec![one("place", Int64), one("word", Utf8)],
        ),
        contract(
            "totals",
            Scope::Keyed,
            vec![
                input(
                    "sales",
                    vec![
                        one("region", Utf8),
                        one("store", Int64),
                        one("time", Timestamp),
                        opt("amount", Float64),
                    ],
                    &["region", "store"],
                ),
                input(
                    "visits",
                    vec![
                        one("area", Utf8),
                        one("shop", Int64),
                        one("time", Timestamp),
                        one("visitors", Int32),
                    ],
                    &["area", "shop"],
                ),
            ],
            vec![
                one("region", Utf8),
                one("store", Int64),
                opt("sales", Float64),
                one("visitors", Int64),
                opt("first", Timestamp),
            ],
        ),
        contract(
            "joined",
            Scope::Interval,
            vec![
                input("facts", vec![one("id", Int64), one("name", Utf8)], &[]),
                input("factors", vec![one("name", Utf8), one("factor", Float64)], &[]),
            ],
            vec![one("id", Int64), opt("factor", Float64)],
        ),
        RawContract {
            parameters: vec![
                parameter("a_boolean", ParameterKind::Boolean, Some(Value::Boolean(true)), ""),
                parameter("an_int64", ParameterKind::Int64, None, "Any."),
                parameter("a_float64", ParameterKind::Float64, Some(Value::Float64(0.1)), ""),
                parameter("a_utf8", ParameterKind::Utf8, Some(Value::Utf8("né".to_owned())), ""),
                parameter("a_timestamp", ParameterKind::Timestamp, Some(Value::Timestamp(-1)), ""),
                parameter(
                    "a_duration",
                    ParameterKind::Duration,
                    Some(Value::Duration(90_000_000)),
                    "",
                ),
            ],
            ..contract(
                "parameters",
                Scope::Aligned,
                id(),
                vec![
                    one("id", Int64),
                    one("a_boolean", Boolean),
                    one("an_int64", Int64),
                    one("a_float64", Float64),
                    one("a_utf8", Utf8),
                    one("a_timestamp", Timestamp),
                    one("a_duration", Duration),
                ],
            )
        },
        contract(
            "context",
            Scope::Aligned,
            id(),
            vec![
                one("id", Int64),
                one("mode", Utf8),
                opt("start", Timestamp),
                opt("end", Timestamp),
                opt("at", Timestamp),
                opt("range_start", Timestamp),
                opt("range_end", Timestamp),
                one("lineage", Boolean),
                opt("property", Utf8),
            ],
        ),
        RawContract {
            doc: "Logs, rejects and fails as its rows say.".to_owned(),
            ..contract(
                "speaks",
                Scope::Row,
                rows(vec![one("word", Utf8), one("text", Utf8)]),
                vec![one("word", Utf8)],
            )
        },
        contract(
            "empty",
            Scope::Interval,
            id(),
            vec![one("id", Int64), opt("text", Utf8)],
        ),
    ];
    check_contracts(contracts).expect("the kit's contracts are valid, a test looks")
}

/// The contract of that name.
pub(super) fn named(name: &str) -> Contract {
    let found = all().iter().find(|contract| contract.name == name);
    found.cloned().expect("cases name transformations of the kit")
}

/// Where a contract is not as it should be.
pub(super) fn difference(expected: &Contract, given: Option<&Contract>) -> Option<String> {
    let Some(given) = given else {
        return Some("is missing".to_owned());
    };
    let Contract {
        name: _,
        doc,
        inputs,
        output,
        scope,
        parameters,
        properties: _,
    } = expected;
    if *doc != given.doc {
        return Some(format!("its doc is {:?}, it should be {doc:?}", given.doc));
    }
    if *scope != given.scope {
        return Some(format!(
            "its scope is {}, it should be {}",
            given.scope.name(),
            scope.name()
        ));
    }
    if inputs.len() != given.inputs.len() {
        return Some(format!(
            "it has {} inputs, it should have {}",
            given.inputs.len(),
            inputs.len()
        ));
    }
    for (expected, given) in inputs.iter().zip(&given.inputs) {
        let name = &expected.name;
        if *name != given.name {
            return Some(format!("an input is named `{}`, it should be `{name}`", given.name));
        }
        if expected.keys != given.keys {
            return Some(format!(
                "the keys of `{name}` are {:?}, they should be {:?}",
                given.keys, expected.keys
            ));
        }
        if let Some(column) = columns(&expected.columns, &given.columns) {
            return Some(format!("input `{name}`: {column}"));
        }
    }
    if let Some(column) = columns(output, &given.output) {
        return Some(format!("output: {column}"));
    }
    let differs = parameters
        .iter()
        .zip(&given.parameters)
        .find(|(expected, given)| expected != given);
    match differs {
        Some((expected, given)) => Some(format!("a parameter is {given:?}, it should be {expected:?}")),
        None if parameters.len() != given.parameters.len() => Some(format!(
            "it has {} parameters, it should have {}",
            given.parameters.len(),
            parameters.len()
        )),
        None => None,
    }
}

fn columns(expected: &arrow::datatypes::Schema, given: &arrow::datatypes::Schema) -> Option<String> {
    let told = |field: &arrow::datatypes::Field| {
        let nullable = if field.is_nullable() { ", nullable" } else { "" };
        format!("`{}`: {}{nullable}", field.name(), kind_name(field.data_type()))
    };
    let differs = expected
        .fields()
        .iter()
        .zip(given.fields())
        .find(|(expected, given)| expected != given);
    match differs {
        Some((expected, given)) if told(expected) == told(given) => Some(format!(
            "{} has other names or nulls inside: {given:?}, it should be {expected:?}",
            told(given)
        )),
        Some((expected, given)) => Some(format!("a column is {}, it should be {}", told(given), told(expected))),
        None if expected.fields().len() != given.fields().len() => Some(format!(
            "it has {} columns, it should have {}",
            given.fields().len(),
            expected.fields().len()
        )),
        None => None,
    }
}
