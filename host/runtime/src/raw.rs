//! Contracts as they come, for what hands them in without a guest (fuzzing, tests). A component's own come as wasmtime's types.

use arrow_schema::SchemaRef;

use crate::bindings::sandglass::transform::types as wit;
use crate::contract::{self, Contract, ContractProblem, Parameter, ParameterKind, ParameterValue, Scope};
use crate::schema::{self, SchemaProblem};

/// What a node of a schema holds, in the order of the contract.
#[expect(missing_docs, reason = "`wit/transform.wit` says what they are")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawKind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    Decimal128(u8, i8),
    Utf8,
    Binary,
    FixedSizeBinary(u32),
    Date32,
    Timestamp,
    Duration,
    ListOf,
    FixedSizeListOf(u32),
    StructOf,
    MapOf,
}

/// One node of a schema.
#[derive(Debug, Clone)]
pub struct RawField {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: RawKind,
    /// Whether it may be null.
    pub nullable: bool,
    /// How many of the next nodes are its own, as claimed.
    pub children: u32,
}

/// One input of a contract.
#[derive(Debug, Clone)]
pub struct RawInput {
    /// Its name.
    pub name: String,
    /// Nodes, depth first.
    pub columns: Vec<RawField>,
    /// Columns of the key.
    pub keys: Vec<String>,
}

/// One contract; its parts are those of [`Contract`].
#[expect(missing_docs, reason = "`Contract` says what they are")]
#[derive(Debug, Clone)]
pub struct RawContract {
    pub name: String,
    pub doc: String,
    pub inputs: Vec<RawInput>,
    pub output: Vec<RawField>,
    pub scope: Scope,
    pub parameters: Vec<Parameter>,
    pub properties: Vec<(String, String)>,
}

/// Checks a schema, for what has no guest.
pub fn check_schema(nodes: Vec<RawField>) -> Result<SchemaRef, SchemaProblem> {
    schema::from_nodes(&fields(nodes))
}

/// Checks the contracts of a component, for what has no guest.
pub fn check_contracts(contracts: Vec<RawContract>) -> Result<Vec<Contract>, ContractProblem> {
    contract::check_all(contracts.into_iter().map(contract).collect())
}

fn contract(raw: RawContract) -> wit::Contract {
    let RawContract {
        name,
        doc,
        inputs,
        output,
        scope,
        parameters,
        properties,
    } = raw;
    wit::Contract {
        name,
        doc,
        inputs: inputs
            .into_iter()
            .map(|RawInput { name, columns, keys }| wit::Input {
                name,
                columns: fields(columns),
                keys,
            })
            .collect(),
        output: fields(output),
        scope: match scope {
            Scope::Aligned => wit::Scope::Aligned,
            Scope::Row => wit::Scope::Row,
            Scope::Keyed => wit::Scope::Keyed,
            Scope::Interval => wit::Scope::Interval,
        },
        parameters: parameters.into_iter().map(parameter).collect(),
        properties,
    }
}

fn fields(nodes: Vec<RawField>) -> Vec<wit::Field> {
    let field = |raw| {
        let RawField {
            name,
            kind,
            nullable,
            children,
        } = raw;
        wit::Field {
            name,
            kind: kind.into(),
            nullable,
            children,
        }
    };
    nodes.into_iter().map(field).collect()
}

fn parameter(raw: Parameter) -> wit::Parameter {
    let Parameter {
        name,
        kind,
        default,
        doc,
    } = raw;
    wit::Parameter {
        name,
        kind: match kind {
            ParameterKind::Boolean => wit::ValueKind::Boolean,
            ParameterKind::Int64 => wit::ValueKind::Int64,
            ParameterKind::Float64 => wit::ValueKind::Float64,
            ParameterKind::Utf8 => wit::ValueKind::Utf8,
            ParameterKind::Timestamp => wit::ValueKind::Timestamp,
            ParameterKind::Duration => wit::ValueKind::Duration,
        },
        default: default.map(|value| match value {
            ParameterValue::Boolean(value) => wit::ValueResult::Boolean(value),
            ParameterValue::Int64(value) => wit::ValueResult::Int64(value),
            ParameterValue::Float64(value) => wit::ValueResult::Float64(value),
            ParameterValue::Utf8(value) => wit::ValueResult::Utf8(value),
            ParameterValue::Timestamp(value) => wit::ValueResult::Timestamp(value),
            ParameterValue::Duration(value) => wit::ValueResult::Duration(value),
        }),
        doc,
    }
}

impl From<RawKind> for wit::Kind {
    fn from(kind: RawKind) -> Self {
        match kind {
            RawKind::Boolean => Self::Boolean,
            RawKind::Int8 => Self::Int8,
            RawKind::Int16 => Self::Int16,
            RawKind::Int32 => Self::Int32,
            RawKind::Int64 => Self::Int64,
            RawKind::Uint8 => Self::Uint8,
            RawKind::Uint16 => Self::Uint16,
            RawKind::Uint32 => Self::Uint32,
            RawKind::Uint64 => Self::Uint64,
            RawKind::Float32 => Self::Float32,
            RawKind::Float64 => Self::Float64,
            RawKind::Decimal128(precision, scale) => Self::Decimal128((precision, scale)),
            RawKind::Utf8 => Self::Utf8,
            RawKind::Binary => Self::Binary,
            RawKind::FixedSizeBinary(width) => Self::FixedSizeBinary(width),
            RawKind::Date32 => Self::Date32,
            RawKind::Timestamp => Self::Timestamp,
            RawKind::Duration => Self::Duration,
            RawKind::ListOf => Self::ListOf,
            RawKind::FixedSizeListOf(size) => Self::FixedSizeListOf(size),
            RawKind::StructOf => Self::StructOf,
            RawKind::MapOf => Self::MapOf,
        }
    }
}
