use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use sandglass_runtime::{Component, Scope, kind_name};

use super::check::{Finder, choose, parameters_of, stored};
use super::view::{CompiledTransform, limits};
use crate::definition::{InputFrom, Parsed, Problem, RequestView};

/// Time inside the guest where a view does not say it: a request has no more either, if the server is not told otherwise.
const GUEST_TIME: Duration = Duration::from_secs(2);

/// A request view with its transformation, checked.
#[derive(Clone)]
pub struct CompiledRequest {
    /// The definition.
    pub view: RequestView,
    /// What makes its features.
    pub transform: CompiledTransform,
    /// The columns that the transformation reads.
    pub input: SchemaRef,
    /// Its features, in the types that training data has them in.
    pub features: SchemaRef,
}

impl CompiledRequest {
    /// The names and types of its features, in the order of its transformation's output.
    pub fn named(&self) -> Vec<(String, String)> {
        let fields = self.features.fields().iter();
        fields
            .map(|field| (field.name().clone(), kind_name(field.data_type())))
            .collect()
    }

    /// Where the columns of its input come from, with the names and types of other views' features.
    ///
    /// # Errors
    /// What does not fit, each a problem of the definition.
    pub fn bind(
        &self,
        parsed: &Parsed,
        known: impl Fn(&str) -> Option<Vec<(String, String)>>,
    ) -> Result<Vec<InputFrom>, Vec<Problem>> {
        self.view.bind(&self.input, known).map_err(|found| {
            let mut finder = Finder::new(parsed, &self.view.name);
            for (message, hint) in found {
                finder.add("transformation", message, hint);
            }
            finder.problems
        })
    }
}

/// Checks a request view against its component.
pub fn check_request(
    parsed: &Parsed,
    view: &RequestView,
    component: &Component,
) -> Result<CompiledRequest, Vec<Problem>> {
    let mut finder = Finder::new(parsed, &view.name);
    let contract = choose(&mut finder, Some(&view.transformation), component).cloned();
    let Some(contract) = contract else {
        return Err(finder.problems);
    };
    if contract.scope != Scope::Aligned {
        let message = format!(
            "`{}` has the scope {}: a request view takes one row and returns one",
            contract.name,
            contract.scope.name()
        );
        let hint = "make its scope aligned".to_owned();
        finder.add("transformation", message, Some(hint));
    }
    // There is one where the scope is aligned.
    let input = contract.inputs.first().map(|input| Arc::clone(&input.columns));
    let features = stored(&mut finder, &contract.output, "transformation");
    if contract.output.fields().is_empty() {
        finder.add("transformation", "its rows have no feature", None);
    }
    let parameters = parameters_of(&mut finder, &view.parameters, &contract);
    let mut limits = limits(&view.limits);
    if view.limits.guest_time.is_none() {
        limits.guest_time = GUEST_TIME;
    }
    match (input, features, parameters) {
        (Some(input), Some(features), Some(parameters)) if finder.problems.is_empty() => Ok(CompiledRequest {
            view: view.clone(),
            transform: CompiledTransform {
                component: component.clone(),
                contract,
                parameters,
                limits,
            },
            input,
            features,
        }),
        _ => Err(finder.problems),
    }
}
