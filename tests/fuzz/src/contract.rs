//! What a guest describes to what the host holds valid: contracts that keep the rules, with a few broken.

use std::collections::HashSet;

use arbitrary::{Arbitrary, Result, Unstructured};
use arrow_schema::{DataType, Field, Schema};
use sandglass_runtime::{
    Contract, MAX_SCHEMA_DEPTH, MAX_SCHEMA_NODES, Parameter, ParameterKind, ParameterValue, RawContract, RawField,
    RawInput, RawKind, Scope, check_contracts, check_schema, kind_name,
};

use super::schema;

/// A message is shown to people: this much of it.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(contracts) = draw(&mut u) else { return };
    for contract in &contracts {
        if let Err(problem) = check_schema(contract.output.clone()) {
            is_message(&problem.to_string());
        }
    }
    match check_contracts(contracts) {
        Ok(contracts) => {
            assert!(is_set(contracts.iter().map(|contract| &contract.name)));
            contracts.iter().for_each(holds);
        }
        Err(problem) => is_message(&problem.to_string()),
    }
}

fn holds(contract: &Contract) {
    let Contract {
        name,
        doc,
        inputs,
        output,
        scope,
        parameters,
        properties: _,
    } = contract;
    assert!(is_name(name));
    is_clean(doc);
    assert!(!inputs.is_empty() && (inputs.len() == 1 || matches!(scope, Scope::Keyed | Scope::Interval)));
    assert!(is_set(inputs.iter().map(|input| &input.name)));
    assert!(inputs.iter().all(|input| is_name(&input.name)));
    let mut keys: Option<Vec<&DataType>> = None;
    for input in inputs {
        schema_holds(&input.columns);
        assert_eq!(input.keys.is_empty(), *scope != Scope::Keyed);
        assert!(is_set(input.keys.iter()));
        let types = input.keys.iter().map(|key| {
            let field = input.columns.field_with_name(key).expect("a key is a column");
            assert!(!field.is_nullable());
            field.data_type()
        });
        let types: Vec<_> = types.collect();
        assert_eq!(keys.get_or_insert_with(|| types.clone()), &types);
    }
    schema_holds(output);
    assert!(is_set(parameters.iter().map(|parameter| &parameter.name)));
    for parameter in parameters {
        assert!(is_name(&parameter.name));
        is_clean(&parameter.doc);
        let default = parameter.default.as_ref().map(ParameterValue::kind);
        assert!(default.is_none_or(|kind| kind == parameter.kind));
    }
}

fn schema_holds(schema: &Schema) {
    assert!(!schema.fields().is_empty());
    assert!(is_set(schema.fields().iter().map(|field| field.name())));
    let nodes: usize = schema.fields().iter().map(|field| field_holds(field, 1)).sum();
    assert!(nodes <= MAX_SCHEMA_NODES, "{nodes} nodes");
}

/// How many nodes it has.
fn field_holds(field: &Field, depth: usize) -> usize {
    assert!(depth <= MAX_SCHEMA_DEPTH);
    assert!(field.name().len() <= 256 && !field.name().chars().any(char::is_control));
    assert!(!kind_name(field.data_type()).is_empty());
    1 + match field.data_type() {
        DataType::List(item) => field_holds(item, depth + 1),
        DataType::FixedSizeList(item, size) => {
            assert!(
                *size > 0,
                "lists of no elements take no bytes, so nothing would bound how many there are"
            );
            field_holds(item, depth + 1)
        }
        DataType::Struct(fields) => {
            assert!(!fields.is_empty() && is_set(fields.iter().map(|field| field.name())));
            fields.iter().map(|field| field_holds(field, depth + 1)).sum()
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else {
                panic!("a map of {entries}")
            };
            assert!(!fields[0].is_nullable() && fields.len() == 2);
            fields.iter().map(|field| field_holds(field, depth + 1)).sum()
        }
        DataType::FixedSizeBinary(width) => {
            assert!(*width > 0);
            0
        }
        _ => 0,
    }
}

pub fn is_message(message: &str) {
    assert!(!message.is_empty());
    assert!(
        message.len() <= MESSAGE_BYTES_MAX,
        "a message of {} bytes",
        message.len()
    );
    is_clean(message);
}

/// Nothing that would write over a terminal.
fn is_clean(text: &str) {
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'),
        "{text:?}"
    );
}

fn is_set<'a>(names: impl Iterator<Item = &'a String>) -> bool {
    let mut seen = HashSet::new();
    names.into_iter().all(|name| seen.insert(name))
}

fn is_name(name: &str) -> bool {
    sandglass::workspace::check_identifier(name).is_ok()
}

fn draw(u: &mut Unstructured<'_>) -> Result<Vec<RawContract>> {
    let count = if schema::rarely(u, 50)? {
        u.int_in_range(0..=300)?
    } else {
        u.int_in_range(1..=3)?
    };
    (0..count).map(|index| contract(u, index)).collect()
}

fn contract(u: &mut Unstructured<'_>, index: usize) -> Result<RawContract> {
    let scope = *u.choose(&[Scope::Aligned, Scope::Row, Scope::Keyed, Scope::Interval])?;
    let count = match scope {
        _ if schema::rarely(u, 30)? => u.int_in_range(0..=70)?,
        Scope::Aligned | Scope::Row => 1,
        Scope::Keyed | Scope::Interval => u.int_in_range(1..=3)?,
    };
    let keys = [
        RawKind::Int64,
        RawKind::Utf8,
        RawKind::Boolean,
        RawKind::Date32,
        RawKind::Timestamp,
    ];
    let key = match schema::rarely(u, 20)? {
        true => schema::leaf(u)?,
        false => *u.choose(&keys)?,
    };
    let mut inputs = Vec::new();
    for input in 0..count {
        let mut columns = Vec::new();
        let name = name(u, "key")?;
        if !schema::rarely(u, 20)? {
            columns.push(RawField {
                name: name.clone(),
                kind: key,
                nullable: schema::rarely(u, 20)?,
                children: 0,
            });
        }
        columns.extend(nodes(u)?);
        let mut keys = Vec::new();
        if (scope == Scope::Keyed) != schema::rarely(u, 20)? {
            keys.push(name);
            while schema::rarely(u, 10)? {
                keys.push(self::name(u, "c0")?);
            }
        }
        let name = self::name(u, &format!("input{input}"))?;
        inputs.push(RawInput { name, columns, keys });
    }
    let mut parameters = Vec::new();
    let count = if schema::rarely(u, 50)? {
        u.int_in_range(0..=300)?
    } else {
        u.int_in_range(0..=2)?
    };
    for index in 0..count {
        parameters.push(parameter(u, index)?);
    }
    let mut properties = Vec::new();
    while schema::rarely(u, 4)? {
        properties.push(u.arbitrary()?);
    }
    let mut doc = text(u)?;
    if schema::rarely(u, 50)? {
        doc = doc.repeat(70_000);
    }
    Ok(RawContract {
        name: name(u, &format!("t{index}"))?,
        doc,
        inputs,
        output: nodes(u)?,
        scope,
        parameters,
        properties,
    })
}

fn parameter(u: &mut Unstructured<'_>, index: usize) -> Result<Parameter> {
    let value = |u: &mut Unstructured<'_>| {
        Ok(match u.int_in_range(0..=5u8)? {
            0 => ParameterValue::Boolean(u.arbitrary()?),
            1 => ParameterValue::Int64(u.arbitrary()?),
            2 => ParameterValue::Float64(u.arbitrary()?),
            3 => ParameterValue::Utf8(text(u)?),
            4 => ParameterValue::Timestamp(u.arbitrary()?),
            _ => ParameterValue::Duration(u.arbitrary()?),
        })
    };
    let default = value(u)?;
    Ok(Parameter {
        name: name(u, &format!("p{index}"))?,
        kind: if schema::rarely(u, 20)? {
            ParameterKind::Utf8
        } else {
            default.kind()
        },
        default: u.arbitrary::<bool>()?.then_some(default),
        doc: text(u)?,
    })
}

/// The nodes of a schema: valid, or with one node changed, or whatever comes.
fn nodes(u: &mut Unstructured<'_>) -> Result<Vec<RawField>> {
    let mut nodes = Vec::new();
    let columns = if schema::rarely(u, 50)? {
        u.int_in_range(0..=5_000)?
    } else {
        u.int_in_range(1..=3)?
    };
    for index in 0..columns {
        let depth = if columns > 10 { 1 } else { 5 };
        schema::column(u, format!("c{index}"), depth, &mut nodes)?;
    }
    if schema::rarely(u, 20)? {
        chain(u, &mut nodes)?;
    }
    if schema::rarely(u, 5)? && !nodes.is_empty() {
        let at = u.choose_index(nodes.len())?;
        let node = &mut nodes[at];
        match u.int_in_range(0..=4u8)? {
            0 => node.name = name(u, "c0")?,
            1 => node.kind = kind(u)?,
            2 => node.children = u.arbitrary()?,
            3 => node.nullable = !node.nullable,
            _ => nodes.truncate(at),
        }
    }
    Ok(nodes)
}

/// One column, as deep as can be and deeper.
fn chain(u: &mut Unstructured<'_>, nodes: &mut Vec<RawField>) -> Result<()> {
    let name = name(u, "chain")?;
    let kind = *u.choose(&[RawKind::ListOf, RawKind::FixedSizeListOf(1), RawKind::StructOf])?;
    for depth in 0..u.int_in_range(0..=40)? {
        let name = if depth == 0 { name.clone() } else { format!("d{depth}") };
        nodes.push(RawField {
            name,
            kind,
            nullable: true,
            children: 1,
        });
    }
    schema::column(u, name, 1, nodes)
}

/// Any kind with any numbers.
fn kind(u: &mut Unstructured<'_>) -> Result<RawKind> {
    Ok(match u.int_in_range(0..=6u8)? {
        0 => RawKind::Decimal128(u.arbitrary()?, u.arbitrary()?),
        1 => RawKind::FixedSizeBinary(u.arbitrary()?),
        2 => RawKind::FixedSizeListOf(u.arbitrary()?),
        3 => RawKind::ListOf,
        4 => RawKind::StructOf,
        5 => RawKind::MapOf,
        _ => schema::leaf(u)?,
    })
}

/// The usual name mostly, and sometimes another's, or none at all.
fn name(u: &mut Unstructured<'_>, usual: &str) -> Result<String> {
    Ok(match u.int_in_range(0..=29u8)? {
        27 => text(u)?,
        28 => (*u.choose(&["key", "c0", "c1", "t0", "p0", "input0"])?).to_owned(),
        29 => text(u)?.repeat(u.int_in_range(0..=3_000)?),
        _ => usual.to_owned(),
    })
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let text = <&str>::arbitrary(u)?;
    Ok(text.chars().take(20).collect())
}
