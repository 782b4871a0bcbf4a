//! The JSON Schema of definitions: it is checked in as it is, it has the parser's keys and words, and another's validator agrees.

use std::collections::BTreeSet;
use std::process::Command;

use sandglass::definition::{parse, schema};
use serde_json::Value;

use crate::definitions::compare;
use crate::harness::{Timed, python, repository};

/// A key and a word that nobody means.
const UNKNOWN: &str = "zzzzzzzzzzzz";

/// A table of a definition: where the schema has it, and how it is written, with its keys in the place of `KEYS`.
struct Place {
    name: &'static str,
    pointer: &'static str,
    text: &'static str,
    /// How messages call it, if it is called otherwise while it has no name.
    keys: &'static [(&'static str, &'static str)],
}

const PLACES: [Place; 21] = [
    Place {
        name: "the project",
        pointer: "",
        text: "KEYS",
        keys: &[],
    },
    Place {
        name: "[project]",
        pointer: "/properties/project",
        text: "[project]\nKEYS",
        keys: &[("name", "\"shop\"")],
    },
    Place {
        name: "[stores]",
        pointer: "/properties/stores",
        text: "[stores]\nKEYS",
        keys: &[],
    },
    Place {
        name: "stores.offline in S3",
        pointer: "/properties/stores/properties/offline/anyOf/1",
        text: "[stores.offline]\nKEYS",
        keys: &[("location", "\"s3://bucket/x\"")],
    },
    Place {
        name: "stores.online",
        pointer: "/properties/stores/properties/online/else",
        text: "[stores.online]\nKEYS",
        keys: &[("kind", "\"embedded\"")],
    },
    Place {
        name: "stores.online on DynamoDB",
        pointer: "/properties/stores/properties/online/then",
        text: "[stores.online]\nKEYS",
        keys: &[("kind", "\"dynamodb\"")],
    },
    Place {
        name: "credentials of DynamoDB",
        pointer: "/properties/stores/properties/online/then/properties/credentials",
        text: "[stores.online]\nkind = \"dynamodb\"\n[stores.online.credentials]\nKEYS",
        keys: &[],
    },
    Place {
        name: "secrets of DynamoDB",
        pointer: "/properties/stores/properties/online/then/properties/credentials/properties/access_key_id",
        text: "[stores.online]\nkind = \"dynamodb\"\n[stores.online.credentials.access_key_id]\nKEYS",
        keys: &[],
    },
    Place {
        name: "staging of DynamoDB",
        pointer: "/properties/stores/properties/online/then/properties/staging",
        text: "[stores.online]\nkind = \"dynamodb\"\n[stores.online.staging]\nKEYS",
        keys: &[("location", "\"s3://bucket/x\"")],
    },
    Place {
        name: "[[entity]]",
        pointer: "/properties/entity/items",
        text: "[[entity]]\nKEYS",
        keys: &[("name", "\"e\"")],
    },
    Place {
        name: "[[source]]",
        pointer: "/properties/source/items",
        text: "[[source]]\nKEYS",
        keys: &[("name", "\"s\"")],
    },
    Place {
        name: "[[feature_view]]",
        pointer: "/properties/feature_view/items/else/else",
        text: "[[feature_view]]\nKEYS",
        keys: &[("name", "\"v\"")],
    },
    Place {
        name: "sources of [[feature_view]]",
        pointer: "/properties/feature_view/items/else/else/properties/sources/items/anyOf/1",
        text: "[[feature_view]]\nname = \"v\"\n[[feature_view.sources]]\nKEYS",
        keys: &[("name", "\"s\"")],
    },
    Place {
        name: "aggregations of [[feature_view]]",
        pointer: "/properties/feature_view/items/else/else/properties/aggregation/items",
        text: "[[feature_view]]\nname = \"v\"\n[[feature_view.aggregation]]\nKEYS",
        keys: &[],
    },
    Place {
        name: "windows of [[feature_view]]",
        pointer: "/properties/feature_view/items/else/else/properties/aggregation/items/properties/time_window/anyOf/2",
        text: "[[feature_view]]\nname = \"v\"\n[[feature_view.aggregation]]\n[feature_view.aggregation.time_window]\nKEYS",
        keys: &[],
    },
    Place {
        name: "[[feature_service]]",
        pointer: "/properties/feature_service/items",
        text: "[[feature_service]]\nKEYS",
        keys: &[("name", "\"s\"")],
    },
    Place {
        name: "features of [[feature_service]]",
        pointer: "/properties/feature_service/items/properties/features/items/anyOf/1",
        text: "[[feature_service]]\nname = \"s\"\n[[feature_service.features]]\nKEYS",
        keys: &[("view", "\"v\"")],
    },
    Place {
        name: "request [[feature_view]]",
        pointer: "/properties/feature_view/items/then",
        text: "[[feature_view]]\nKEYS",
        keys: &[("name", "\"v\""), ("kind", "\"request\"")],
    },
    Place {
        name: "table [[feature_view]]",
        pointer: "/properties/feature_view/items/else/then",
        text: "[[feature_view]]\nKEYS",
        keys: &[("name", "\"v\""), ("kind", "\"table\"")],
    },
    Place {
        name: "features of request [[feature_view]]",
        pointer: "/properties/feature_view/items/then/properties/features/items/anyOf/1",
        text: "[[feature_view]]\nname = \"v\"\nkind = \"request\"\n[[feature_view.features]]\nKEYS",
        keys: &[("view", "\"v\"")],
    },
    Place {
        name: "limits of [[feature_view]]",
        pointer: "/properties/feature_view/items/else/else/properties/limits",
        text: "[[feature_view]]\nname = \"v\"\n[feature_view.limits]\nKEYS",
        keys: &[],
    },
];

impl Place {
    fn schema(&self) -> Value {
        let schema = schema();
        schema
            .pointer(self.pointer)
            .unwrap_or_else(|| panic!("{}", self.pointer))
            .clone()
    }

    /// What the parser says of the table with this key: messages and hints.
    fn problems(&self, key: &str, value: &str) -> Vec<(String, String)> {
        let others = self.keys.iter().filter(|(other, _)| *other != key);
        let mut keys: String = others.map(|(key, value)| format!("{key} = {value}\n")).collect();
        keys.push_str(&format!("{key} = {value}\n"));
        let Err(problems) = parse("sandglass.toml", &self.text.replace("KEYS", &keys)) else {
            return Vec::new();
        };
        let each = problems.problems().iter();
        each.map(|problem| (problem.message.clone(), problem.hint.clone().unwrap_or_default()))
            .collect()
    }

    fn says(&self, key: &str, value: &str, what: &str) -> bool {
        self.problems(key, value)
            .iter()
            .any(|(message, _)| message.contains(what))
    }
}

fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn set(values: &Value) -> BTreeSet<String> {
    let values = values.as_array().unwrap().iter();
    values.map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_schema_is_current() {
    let _timed = Timed::new("schema::the_schema_is_current");
    let path = repository().join("schema/sandglass.schema.json");
    compare(&path, &format!("{:#}\n", schema()));
    let output = Command::new(env!("CARGO_BIN_EXE_sandglass"))
        .arg("schema")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        std::fs::read_to_string(path).unwrap()
    );
}

/// Every key that the parser accepts is in the schema, and no other.
#[test]
fn keys_are_the_parsers() {
    let _timed = Timed::new("schema::keys_are_the_parsers");
    for place in &PLACES {
        let problems = place.problems(UNKNOWN, "1");
        let unknown = format!("has no key `{UNKNOWN}`");
        let (_, hint) = problems
            .iter()
            .find(|(message, _)| message.contains(&unknown))
            .unwrap_or_else(|| panic!("{}: {problems:?}", place.name));
        assert!(hint.starts_with("there are "), "{hint}");
        let not_yet = |key: &String| {
            let says = |what: &str| place.says(key, "1", &format!("`{key}` is {what}"));
            says("not supported yet") || says("for stream views only") || says("for views that make their rows")
        };
        let accepted: BTreeSet<String> = quoted(hint).into_iter().filter(|key| !not_yet(key)).collect();
        let schema = place.schema();
        let known: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            known, accepted,
            "{}: left is what host/src/definition/schema.rs has, right what the parser accepts",
            place.name
        );
        assert_eq!(schema["additionalProperties"], false, "{}", place.name);
    }
}

/// Every key that the parser misses is required, and no other.
#[test]
fn required_keys_are_the_parsers() {
    let _timed = Timed::new("schema::required_keys_are_the_parsers");
    for place in &PLACES {
        // Without its kind it would be another view.
        let keys: &[_] = match place.name {
            "request [[feature_view]]" => &[("kind", "\"request\"")],
            "table [[feature_view]]" => &[("kind", "\"table\"")],
            "stores.online on DynamoDB" => &[("kind", "\"dynamodb\"")],
            _ => &[],
        };
        let without = Place { keys, ..*place };
        let missed = |(message, _): &(String, String)| {
            let (_, key) = message.split_once(" has no `")?;
            let table = place.name.trim_matches(['[', ']']).replace('_', " ");
            // Of the tables around it others are missed.
            let own = match place.name {
                "the project" => message.starts_with("the project has"),
                "sources of [[feature_view]]" => message.starts_with("an entry of `sources`"),
                "aggregations of [[feature_view]]" => message.starts_with("an aggregation"),
                "windows of [[feature_view]]" => message.starts_with("`time_window`"),
                "features of [[feature_service]]" | "features of request [[feature_view]]" => {
                    message.starts_with("an entry of `features`")
                }
                "request [[feature_view]]" | "table [[feature_view]]" => message.starts_with("feature view"),
                "limits of [[feature_view]]" => message.starts_with("`limits`"),
                "[project]" => message.starts_with("`[project]`"),
                "[stores]" => message.starts_with("`[stores]`"),
                "stores.online" | "stores.online on DynamoDB" => message.starts_with("`stores.online`"),
                "stores.offline in S3" => message.starts_with("`stores.offline`"),
                "staging of DynamoDB" => message.starts_with("`staging`"),
                "credentials of DynamoDB" => message.starts_with("`credentials`"),
                "secrets of DynamoDB" => message.starts_with("`access_key_id`"),
                _ => message.starts_with(&table),
            };
            own.then(|| key.trim_end_matches('`').to_owned())
        };
        let problems = without.problems(UNKNOWN, "1");
        let mut missed: BTreeSet<String> = problems.iter().filter_map(missed).collect();
        missed.extend(keys.iter().map(|(key, _)| (*key).to_owned()));
        assert_eq!(set(&place.schema()["required"]), missed, "{}", place.name);
    }
}

/// The parser wants the types that the schema has.
#[test]
fn types_are_the_parsers() {
    let _timed = Timed::new("schema::types_are_the_parsers");
    for place in &PLACES {
        for (key, schema) in place.schema()["properties"].as_object().unwrap() {
            let (wrong, wanted) = match schema["type"].as_str() {
                Some("string") => ("true", "a string"),
                Some("integer") => ("true", "a whole number"),
                Some("array") => ("true", "an array"),
                Some("object") => ("true", "a table"),
                Some("boolean") => ("1", "true or false"),
                None if schema["const"] == true => ("1", "true or false"),
                // Of several types: the parser's own tests have its message.
                None if schema["anyOf"].is_array() => continue,
                other => panic!("{}: {key}: {other:?}", place.name),
            };
            let problems = place.problems(key, wrong);
            let says = |(message, _): &(String, String)| {
                message.starts_with(&format!("`{key}` is ")) && message.ends_with(&format!("it should be {wanted}"))
            };
            assert!(
                problems.iter().any(says),
                "{}: {key} should be {wanted}: {problems:?}",
                place.name
            );
        }
    }
}

/// Every word that the parser accepts is in the schema, and no other.
#[test]
fn words_are_the_parsers() {
    let _timed = Timed::new("schema::words_are_the_parsers");
    let mut count = 0;
    for place in &PLACES {
        for (key, schema) in place.schema()["properties"].as_object().unwrap() {
            let problems = place.problems(key, &format!("\"{UNKNOWN}\""));
            let prefix = format!("`{key}` is \"{UNKNOWN}\"; it can be ");
            let listed = problems.iter().find_map(|(message, _)| message.strip_prefix(&prefix));
            let Some(listed) = listed else {
                assert_eq!(schema["enum"], Value::Null, "{}: {key}", place.name);
                continue;
            };
            let not_yet = |word: &String| place.says(key, &format!("\"{word}\""), "not supported yet");
            let accepted: BTreeSet<String> = quoted(listed).into_iter().filter(|word| !not_yet(word)).collect();
            assert_eq!(set(&schema["enum"]), accepted, "{}: {key}", place.name);
            count += 1;
        }
    }
    assert!(count >= 5, "{count} keys with words");
    let entity = PLACES.iter().find(|place| place.name == "[[entity]]").unwrap();
    let problems = entity.problems("join_keys", &format!("{{ a = \"{UNKNOWN}\" }}"));
    let listed = problems
        .iter()
        .find_map(|(message, _)| message.split_once("it can be "))
        .unwrap()
        .1;
    let kinds = &entity.schema()["properties"]["join_keys"]["additionalProperties"]["enum"];
    assert_eq!(set(kinds), quoted(listed));
}

/// What the parser accepts is valid by the schema, and misspelled, mistyped and missing keys are not. The judge is the PyPI
/// package `jsonschema`.
#[test]
fn a_validator_agrees_with_the_parser() {
    let _timed = Timed::new("schema::a_validator_agrees_with_the_parser");
    let mut files = vec![
        repository().join("examples/purchases/sandglass.toml"),
        repository().join("tests/fuzz/corpus/definitions/everything.toml"),
    ];
    files.retain(|path| path.exists());
    for folder in ["tests/golden/definitions", "tests/golden/projects"] {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            files.push(entry.unwrap().path().join("sandglass.toml"));
        }
    }
    files.sort();
    let script = r#"
import json, sys, tomllib
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
answers = {}
for path in sys.argv[2:]:
    try:
        # Dates and times are strings to a schema.
        document = json.loads(json.dumps(tomllib.load(open(path, "rb")), default=lambda value: value.isoformat()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        answers[path] = None
        continue
    answers[path] = [error.message for error in validator.iter_errors(document)]
print(json.dumps(answers))
"#;
    let output = Command::new(python("schema-1", &["jsonschema==4.23.0"]))
        .args(["-c", script])
        .arg(repository().join("schema/sandglass.schema.json"))
        .args(&files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (mut valid, mut refused) = (0, 0);
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let answer = &answers[path.to_str().unwrap()];
        let Some(errors) = answer.as_array() else { continue };
        let problems = match parse("sandglass.toml", &text) {
            Ok(_) => {
                assert!(errors.is_empty(), "{}: {errors:?}", path.display());
                valid += 1;
                continue;
            }
            Err(problems) => problems,
        };
        let seen_by_schemas = |message: &str| {
            [" has no key `", " has no `", ", it should be ", "it can be "]
                .iter()
                .any(|what| message.contains(what))
                // Of keys that exclude each other the schema knows nothing.
                && !message.starts_with("an unfiltered source")
        };
        if problems
            .problems()
            .iter()
            .any(|problem| seen_by_schemas(&problem.message))
        {
            assert!(!errors.is_empty(), "{}: {problems}", path.display());
            refused += 1;
        }
    }
    assert!(valid >= 20 && refused >= 5, "{valid} valid, {refused} refused");
}
