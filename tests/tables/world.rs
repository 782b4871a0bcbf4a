//! A feature table of customers, and files of its rows.

use serde_json::{Value, json};

use crate::harness::Project;

pub const NOW: &str = "2024-03-01";

/// A table with features of these types.
pub fn definitions(columns: &str, more: &str) -> String {
    format!(
        "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"customer\"\njoin_keys = {{ customer = \"utf8\" }}\n\n\
         [[feature_view]]\nname = \"profile\"\nkind = \"table\"\nentities = [\"customer\"]\n\
         columns = {{ {columns} }}\ntimestamp_column = \"updated_at\"\nonline = true\n{more}\n"
    )
}

/// It is applied.
pub fn project(columns: &str, more: &str) -> Project {
    let project = Project::new("");
    define(&project, columns, more);
    project.json(NOW, &["apply"]);
    project
}

pub fn define(project: &Project, columns: &str, more: &str) {
    std::fs::write(project.path("sandglass.toml"), definitions(columns, more)).unwrap();
}

/// Ingests a file with this content.
pub fn ingest(project: &Project, now: &str, name: &str, content: impl AsRef<[u8]>) -> Value {
    let path = put(project, name, content);
    project.json(now, &["ingest", "profile", "--file", &path])
}

/// Writes a file into the project's folder.
pub fn put(project: &Project, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = project.path(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What is online of a customer: its features in their order.
pub fn get(project: &Project, now: &str, customer: &str) -> Value {
    let key = format!("customer={customer}");
    let answer = project.json(now, &["get", "profile", "--key", &key]);
    let features = answer["features"].as_array().unwrap().iter();
    features
        .map(|feature| feature["value"].clone())
        .collect::<Vec<_>>()
        .into()
}

/// The features of `profile`, by their names, in training data for these customers and times.
pub fn trained(project: &Project, now: &str, spine: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut text = "customer,timestamp\n".to_owned();
    for (customer, at) in spine {
        text.push_str(&format!("{customer},{at}\n"));
    }
    let (spine, out) = (put(project, "spine.csv", text), project.path("out.csv"));
    let out = out.to_str().unwrap();
    let arguments = [
        "training-data",
        "--spine",
        &spine,
        "--features",
        "profile",
        "--out",
        out,
        "--overwrite",
    ];
    project.json(now, &arguments);
    let text = std::fs::read_to_string(out).unwrap();
    let lines = text.lines().skip(1);
    lines
        .map(|line| line.split(',').skip(2).map(str::to_owned).collect())
        .collect()
}

/// Nothing of a customer.
pub fn nothing(features: usize) -> Value {
    json!(vec![Value::Null; features])
}
