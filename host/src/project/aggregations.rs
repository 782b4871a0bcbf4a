//! A view's aggregations, bound to the types of its rows.

use arrow::datatypes::{DataType, Field, SchemaRef};
use sandglass_runtime::kind_name;

use crate::aggregate::{Aggregation, Refused};
use crate::definition::FeatureView;
use crate::tile::TileSpec;
use crate::time::Span;

/// A problem: its place below the view's, the message and the hint.
pub(super) type Found = (String, String, Option<String>);

/// Binds a view's aggregations to the columns of its rows; none if it has none.
pub(super) fn bind(view: &FeatureView, schema: &SchemaRef, data_delay: Span) -> Result<Option<TileSpec>, Vec<Found>> {
    let Some(aggregations) = &view.aggregation else {
        return Ok(None);
    };
    let mut problems = Vec::new();
    if let Some(column) = &aggregations.secondary_key {
        let place = "aggregation_secondary_key";
        if let Some(field) = find(schema, column, place, &mut problems)
            && !is_secondary_key(field.data_type())
        {
            let message = format!(
                "column `{column}` is {}, and a secondary key is a whole number, utf8, boolean, date or timestamp",
                kind_name(field.data_type())
            );
            problems.push((place.to_owned(), message, None));
        }
    }
    for (index, feature) in aggregations.features.iter().enumerate() {
        let column = &feature.column;
        let Some(field) = find(schema, column, &format!("aggregation.{index}.column"), &mut problems) else {
            continue;
        };
        if let Err(Refused { function, takes, found }) = Aggregation::new(feature.function, field.data_type()) {
            let message = format!("`{function}` takes {takes}, and column `{column}` is {found}");
            problems.push((format!("aggregation.{index}.function"), message, None));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match TileSpec::new(view, aggregations, schema, data_delay) {
        Ok(spec) => Ok(Some(spec)),
        Err(error) => Err(vec![("aggregation".to_owned(), error.to_string(), None)]),
    }
}

fn find<'a>(schema: &'a SchemaRef, column: &str, place: &str, problems: &mut Vec<Found>) -> Option<&'a Field> {
    let found = schema.field_with_name(column);
    if found.is_err() {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let quoted: Vec<String> = names.clone().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "the view's rows have no column `{column}`; they have {}",
            quoted.join(", ")
        );
        let hint = crate::definition::similar(column, names).map(|other| format!("did you mean `{other}`?"));
        problems.push((place.to_owned(), message, hint));
    }
    found.ok()
}

fn is_secondary_key(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Utf8
            | DataType::Boolean
            | DataType::Date32
            | DataType::Timestamp(..)
    )
}

#[cfg(test)]
mod tests;
