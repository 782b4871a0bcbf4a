use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::error::Error;
use super::value::{DataType, Value};

/// Features of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// In the order of the service.
    pub features: Vec<Feature>,
    /// Views of which more is due than is online.
    pub stale: Vec<String>,
}

/// One feature of a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// `view.feature`.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Its type; none if the server does not know it yet.
    pub data_type: Option<DataType>,
    /// What became of it.
    pub status: Status,
    /// When it became effective, as RFC 3339; of a batch the earliest of its rows.
    pub effective_time: Option<String>,
}

/// What became of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is there.
    #[serde(alias = "CACHED_PRESENT")]
    Present,
    /// The key has none.
    #[serde(alias = "CACHED_MISSING_DATA")]
    MissingData,
    /// It was not there within the latency budget.
    TimeOut,
    /// It could not be computed, or something that this client does not know.
    #[serde(other)]
    Unknown,
}

/// What a service takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The join keys of requests.
    #[serde(default)]
    pub input_join_keys: Vec<Parameter>,
    /// What else requests have.
    #[serde(default)]
    pub input_request_context_keys: Vec<Parameter>,
    /// The features, in the order of vectors.
    #[serde(default)]
    pub feature_values: Vec<Parameter>,
}

/// A name and its type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The type; none if the server does not know it yet.
    pub data_type: Option<DataType>,
}

impl Vector {
    /// A feature's value by its name, none if the service has no such feature.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.features.iter().find(|feature| feature.name == name);
        found.map(|feature| &feature.value)
    }
}

#[derive(Deserialize)]
struct Answer<R, S> {
    result: R,
    metadata: Described<S>,
}

#[derive(Deserialize)]
struct Values {
    features: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described<S> {
    #[serde(default = "Vec::new")]
    features: Vec<DescribedFeature<S>>,
    #[serde(default)]
    stale_feature_views: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedFeature<S> {
    name: String,
    data_type: Option<DataType>,
    effective_time: Option<String>,
    status: S,
}

fn read<T: DeserializeOwned>(answer: &Json) -> Result<T, Error> {
    T::deserialize(answer).map_err(|error| Error::Answer(error.to_string()))
}

pub(crate) fn vector(answer: &Json) -> Result<Vector, Error> {
    let answer: Answer<Values, Status> = read(answer)?;
    make(&answer.result, &answer.metadata, |status| Some(*status))
}

pub(crate) fn batch(answer: &Json) -> Result<Vec<Vector>, Error> {
    let answer: Answer<Vec<Values>, Vec<Status>> = read(answer)?;
    let rows = answer.result.iter().enumerate();
    rows.map(|(row, result)| make(result, &answer.metadata, |status| status.get(row).copied()))
        .collect()
}

pub(crate) fn metadata(answer: &Json) -> Result<Metadata, Error> {
    read(answer)
}

fn make<S>(result: &Values, described: &Described<S>, status: impl Fn(&S) -> Option<Status>) -> Result<Vector, Error> {
    let wrong = |message: String| Error::Answer(message);
    if result.features.len() != described.features.len() {
        return Err(wrong(format!(
            "{} values of {} features",
            result.features.len(),
            described.features.len()
        )));
    }
    let features = described.features.iter().zip(&result.features).map(|(feature, value)| {
        let found = match (&feature.data_type, value) {
            (None, Json::Null) => Some(Value::Null),
            (None, _) => None,
            (Some(data_type), value) => Value::of(value, data_type),
        };
        Ok(Feature {
            name: feature.name.clone(),
            value: found.ok_or_else(|| wrong(format!("`{}` is {value}, which is not of its type", feature.name)))?,
            data_type: feature.data_type.clone(),
            status: status(&feature.status).ok_or_else(|| wrong(format!("`{}` has no status", feature.name)))?,
            effective_time: feature.effective_time.clone(),
        })
    });
    Ok(Vector {
        features: features.collect::<Result<_, Error>>()?,
        stale: described
            .stale_feature_views
            .iter()
            .map(|view| view.name.clone())
            .collect(),
    })
}
