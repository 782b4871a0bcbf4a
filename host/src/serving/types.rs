//! Types as clients know them: of what a value is in JSON.

use serde_json::{Value, json};

/// A type of Tecton's clients. What they have no type for is a string in JSON, and so is its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientType {
    /// `boolean`.
    Boolean,
    /// `int64`, a string in JSON.
    Int64,
    /// `float64`.
    Float64,
    /// `string`: texts, bytes in hexadecimal, dates, times, decimals.
    String,
    /// `array`.
    Array(Box<ClientType>),
    /// `map`, an object in JSON.
    Map(Box<ClientType>, Box<ClientType>),
    /// `struct`, a list in JSON: the values in the order of the fields.
    Struct(Vec<(String, ClientType)>),
}

impl ClientType {
    /// Of a kind's name, as generations keep it. What cannot be read is a string.
    pub fn of(kind: &str) -> Self {
        match parse(kind) {
            Some((found, "")) => found,
            _ => Self::String,
        }
    }

    /// As `dataType` has it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Int64 => json!({ "type": "int64" }),
            Self::Float64 => json!({ "type": "float64" }),
            Self::String => json!({ "type": "string" }),
            Self::Array(element) => json!({ "type": "array", "elementType": element.to_json() }),
            Self::Map(key, value) => json!({ "type": "map", "keyType": key.to_json(), "valueType": value.to_json() }),
            Self::Struct(fields) => {
                let fields: Vec<Value> = fields
                    .iter()
                    .map(|(name, field)| json!({ "name": name, "dataType": field.to_json() }))
                    .collect();
                json!({ "type": "struct", "fields": fields })
            }
        }
    }
}

/// A type at the beginning of a text, and what follows it.
fn parse(text: &str) -> Option<(ClientType, &str)> {
    if let Some(rest) = text.strip_prefix("list of ") {
        // A list of a fixed size has that before the kind.
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let rest = match digits {
            0 => rest,
            _ => rest[digits..].strip_prefix(' ')?,
        };
        let (element, rest) = parse(rest)?;
        return Some((ClientType::Array(Box::new(element)), rest));
    }
    if let Some(rest) = text.strip_prefix("map of ") {
        let (key, rest) = parse(rest)?;
        let (value, rest) = parse(rest.strip_prefix(" to ")?)?;
        return Some((ClientType::Map(Box::new(key), Box::new(value)), rest));
    }
    if let Some(rest) = text.strip_prefix("struct {") {
        let mut rest = rest;
        let mut fields = Vec::new();
        loop {
            let (name, after) = rest.split_once(": ")?;
            let (field, after) = parse(after)?;
            fields.push((name.to_owned(), field));
            match after.strip_prefix(", ") {
                Some(next) => rest = next,
                None => return Some((ClientType::Struct(fields), after.strip_prefix('}')?)),
            }
        }
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if let Some(parameters) = rest.strip_prefix('(') {
        rest = parameters.split_once(')')?.1;
    }
    let found = match name {
        "boolean" => ClientType::Boolean,
        "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" => ClientType::Int64,
        "float32" | "float64" => ClientType::Float64,
        "" => return None,
        _ => ClientType::String,
    };
    Some((found, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_generations() {
        let text = |kind: &str| ClientType::of(kind).to_json().to_string();
        for (kind, expected) in [
            ("boolean", r#"{"type":"boolean"}"#),
            ("uint32", r#"{"type":"int64"}"#),
            ("float32", r#"{"type":"float64"}"#),
            ("utf8", r#"{"type":"string"}"#),
            ("uint64", r#"{"type":"string"}"#),
            ("decimal128(12, 2)", r#"{"type":"string"}"#),
            ("fixed-size-binary(4)", r#"{"type":"string"}"#),
            (
                "list of 3 float64",
                r#"{"elementType":{"type":"float64"},"type":"array"}"#,
            ),
            (
                "list of list of int64",
                r#"{"elementType":{"elementType":{"type":"int64"},"type":"array"},"type":"array"}"#,
            ),
            (
                "map of utf8 to list of int8",
                r#"{"keyType":{"type":"string"},"type":"map","valueType":{"elementType":{"type":"int64"},"type":"array"}}"#,
            ),
            (
                "struct {a: decimal128(3, 1), b c: struct {d: boolean}, e: float64}",
                r#"{"fields":[{"dataType":{"type":"string"},"name":"a"},{"dataType":{"fields":[{"dataType":{"type":"boolean"},"name":"d"}],"type":"struct"},"name":"b c"},{"dataType":{"type":"float64"},"name":"e"}],"type":"struct"}"#,
            ),
            ("struct {", r#"{"type":"string"}"#),
            ("list of ", r#"{"type":"string"}"#),
            ("", r#"{"type":"string"}"#),
        ] {
            assert_eq!(text(kind), expected, "{kind}");
        }
    }
}
