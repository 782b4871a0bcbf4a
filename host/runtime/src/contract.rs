use std::collections::{BTreeMap, HashSet};

use arrow_schema::{DataType, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::bindings::sandglass::transform::types as wit;
use crate::schema::{self, SchemaProblem, host_type};
use crate::text;

/// How far the host may split the input over runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One row out for each row in, in the same order.
    Aligned,
    /// Every row by itself, any number of rows out.
    Row,
    /// All rows of a key in one range of keys.
    Keyed,
    /// The whole interval in one run.
    Interval,
}

impl Scope {
    /// As the contract spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aligned => "aligned",
            Self::Row => "row",
            Self::Keyed => "keyed",
            Self::Interval => "interval",
        }
    }

    /// Whether every row may be handled by itself, so that the cut of a backfill cannot change the result.
    pub fn is_per_row(self) -> bool {
        matches!(self, Self::Aligned | Self::Row)
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// True or false.
    Boolean,
    /// A whole number.
    Int64,
    /// A number.
    Float64,
    /// A text.
    Utf8,
    /// Microseconds since 1970, UTC.
    Timestamp,
    /// Microseconds.
    Duration,
}

impl ParameterKind {
    /// As the contract spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Utf8 => "utf8",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterValue {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A number.
    Float64(f64),
    /// A text.
    Utf8(String),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
}

impl ParameterValue {
    /// The type of the value.
    pub fn kind(&self) -> ParameterKind {
        match self {
            Self::Boolean(_) => ParameterKind::Boolean,
            Self::Int64(_) => ParameterKind::Int64,
            Self::Float64(_) => ParameterKind::Float64,
            Self::Utf8(_) => ParameterKind::Utf8,
            Self::Timestamp(_) => ParameterKind::Timestamp,
            Self::Duration(_) => ParameterKind::Duration,
        }
    }
}

/// Declared by the guest, given by the feature view.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// Without a default it must be given.
    pub default: Option<ParameterValue>,
    /// What it does.
    pub doc: String,
}

/// The columns of one input that the guest reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Columns and their types.
    pub columns: SchemaRef,
    /// The columns that make the key, in order; for the keyed scope only.
    pub keys: Vec<String>,
}

/// One transformation of a component, as it describes itself; valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Its name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// What it reads; one for the aligned and row scopes.
    pub inputs: Vec<Input>,
    /// The columns of its output.
    pub output: SchemaRef,
    /// How far its input may be split.
    pub scope: Scope,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What this version of the host does not know.
    pub properties: BTreeMap<String, String>,
}

/// What is wrong with a contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("transformation `{transformation}`: {message}")]
pub struct ContractProblem {
    /// Its name, shortened.
    pub transformation: String,
    /// In words.
    pub message: String,
}

const MAX_TRANSFORMATIONS: usize = 256;
const MAX_INPUTS: usize = 64;
const MAX_PARAMETERS: usize = 256;
const MAX_DOC_BYTES: usize = 64 << 10;

/// Contracts of a component, all checked.
pub(crate) fn check_all(contracts: Vec<wit::Contract>) -> Result<Vec<Contract>, ContractProblem> {
    let wrong = |message: String| ContractProblem {
        transformation: "*".to_owned(),
        message,
    };
    if contracts.is_empty() {
        return Err(wrong("the component describes no transformation".to_owned()));
    }
    if contracts.len() > MAX_TRANSFORMATIONS {
        return Err(wrong(format!(
            "{} transformations, {MAX_TRANSFORMATIONS} are allowed",
            contracts.len()
        )));
    }
    let checked: Vec<Contract> = contracts.into_iter().map(check).collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    for contract in &checked {
        if !seen.insert(&contract.name) {
            return Err(wrong(format!("two transformations are named `{}`", contract.name)));
        }
    }
    Ok(checked)
}

fn check(contract: wit::Contract) -> Result<Contract, ContractProblem> {
    let wit::Contract {
        name,
        doc,
        inputs,
        output,
        scope,
        parameters,
        properties,
    } = contract;
    let shown = text::name(&name);
    // Problems quote names that nothing has checked yet.
    let wrong = |message: String| ContractProblem {
        transformation: shown.clone(),
        message: text::message(&message),
    };
    if !is_name(&name) {
        return Err(wrong(format!("it {NOT_A_NAME}")));
    }
    if doc.len() > MAX_DOC_BYTES {
        return Err(wrong(format!(
            "a doc of {} bytes, {MAX_DOC_BYTES} are allowed",
            doc.len()
        )));
    }
    let scope = match scope {
        wit::Scope::Aligned => Scope::Aligned,
        wit::Scope::Row => Scope::Row,
        wit::Scope::Keyed => Scope::Keyed,
        wit::Scope::Interval => Scope::Interval,
    };
    let inputs = check_inputs(inputs, scope).map_err(wrong)?;
    let output =
        schema::from_nodes(&output).map_err(|SchemaProblem { message }| wrong(format!("output: {message}")))?;
    if output.fields().is_empty() {
        return Err(wrong("output: no columns".to_owned()));
    }
    let parameters = check_parameters(parameters).map_err(wrong)?;
    let properties = properties.into_iter().take(MAX_PARAMETERS).collect();
    Ok(Contract {
        name,
        doc: text::clean(&doc),
        inputs,
        output,
        scope,
        parameters,
        properties,
    })
}

fn check_inputs(inputs: Vec<wit::Input>, scope: Scope) -> Result<Vec<Input>, String> {
    if scope.is_per_row() && inputs.len() != 1 {
        return Err(format!(
            "it has {} inputs; the {} scope takes exactly one",
            inputs.len(),
            scope.name()
        ));
    }
    if inputs.is_empty() || inputs.len() > MAX_INPUTS {
        return Err(format!("it has {} inputs; 1 to {MAX_INPUTS} are allowed", inputs.len()));
    }
    let mut checked: Vec<Input> = Vec::with_capacity(inputs.len());
    for wit::Input { name, columns, keys } in inputs {
        if !is_name(&name) {
            return Err(format!("input `{}` {NOT_A_NAME}", text::name(&name)));
        }
        let columns = schema::from_nodes(&columns).map_err(|problem| format!("input `{name}`: {problem}"))?;
        if columns.fields().is_empty() {
            return Err(format!("input `{name}` has no columns"));
        }
        if checked.iter().any(|input| input.name == name) {
            return Err(format!("two inputs are named `{name}`"));
        }
        if scope != Scope::Keyed && !keys.is_empty() {
            return Err(format!(
                "input `{name}` names keys; the {} scope has none",
                scope.name()
            ));
        }
        if scope == Scope::Keyed {
            check_keys(&name, &columns, &keys)?;
        }
        checked.push(Input { name, columns, keys });
    }
    if let Some((first, others)) = checked.split_first() {
        for other in others {
            if key_types(other) != key_types(first) {
                return Err(format!(
                    "the keys of inputs `{}` and `{}` have different types",
                    first.name, other.name
                ));
            }
        }
    }
    Ok(checked)
}

fn check_keys(input: &str, columns: &SchemaRef, keys: &[String]) -> Result<(), String> {
    if keys.is_empty() {
        return Err(format!("input `{input}` names no keys; the keyed scope needs them"));
    }
    for (index, key) in keys.iter().enumerate() {
        let field = columns
            .field_with_name(key)
            .map_err(|_| format!("input `{input}` has no column `{key}` for its key"))?;
        let is_key = matches!(
            field.data_type(),
            DataType::Int64 | DataType::Utf8 | DataType::Boolean | DataType::Date32
        ) || *field.data_type() == host_type::timestamp();
        if !is_key {
            return Err(format!(
                "key `{key}` of input `{input}` is {}; keys are int64, utf8, boolean, date32 or timestamp",
                schema::kind_name(field.data_type())
            ));
        }
        if field.is_nullable() {
            return Err(format!("key `{key}` of input `{input}` is nullable; a key never is"));
        }
        if keys[..index].contains(key) {
            return Err(format!("input `{input}` names its key `{key}` twice"));
        }
    }
    Ok(())
}

fn key_types(input: &Input) -> Vec<Option<&DataType>> {
    input
        .keys
        .iter()
        .map(|key| input.columns.field_with_name(key).ok().map(|field| field.data_type()))
        .collect()
}

fn check_parameters(parameters: Vec<wit::Parameter>) -> Result<Vec<Parameter>, String> {
    if parameters.len() > MAX_PARAMETERS {
        return Err(format!("{} parameters, {MAX_PARAMETERS} are allowed", parameters.len()));
    }
    let mut checked: Vec<Parameter> = Vec::with_capacity(parameters.len());
    for wit::Parameter {
        name,
        kind,
        default,
        doc,
    } in parameters
    {
        if !is_name(&name) {
            return Err(format!("parameter `{}` {NOT_A_NAME}", text::name(&name)));
        }
        if checked.iter().any(|parameter| parameter.name == name) {
            return Err(format!("two parameters are named `{name}`"));
        }
        let kind = match kind {
            wit::ValueKind::Boolean => ParameterKind::Boolean,
            wit::ValueKind::Int64 => ParameterKind::Int64,
            wit::ValueKind::Float64 => ParameterKind::Float64,
            wit::ValueKind::Utf8 => ParameterKind::Utf8,
            wit::ValueKind::Timestamp => ParameterKind::Timestamp,
            wit::ValueKind::Duration => ParameterKind::Duration,
        };
        let default = default.map(|value| match value {
            wit::ValueResult::Boolean(value) => ParameterValue::Boolean(value),
            wit::ValueResult::Int64(value) => ParameterValue::Int64(value),
            wit::ValueResult::Float64(value) => ParameterValue::Float64(value),
            wit::ValueResult::Utf8(value) => ParameterValue::Utf8(value),
            wit::ValueResult::Timestamp(value) => ParameterValue::Timestamp(value),
            wit::ValueResult::Duration(value) => ParameterValue::Duration(value),
        });
        if let Some(value) = &default
            && value.kind() != kind
        {
            return Err(format!(
                "parameter `{name}` is {}, its default is {}",
                kind.name(),
                value.kind().name()
            ));
        }
        checked.push(Parameter {
            name,
            kind,
            default,
            doc: text::clean(&doc),
        });
    }
    Ok(checked)
}

const NOT_A_NAME: &str = "has no proper name: lower-case letters, digits and `_`, at most 63, a letter first";

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    name.len() <= 63
        && characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
