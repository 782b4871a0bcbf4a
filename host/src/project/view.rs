use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use sandglass_runtime::{Component, Contract, Limits, ParameterValue};

use crate::definition::{FeatureView, LimitsOverride};
use crate::source::SourceTable;
use crate::tile::TileSpec;
use crate::time::Span;

/// A view with everything that its jobs need, checked.
#[derive(Clone)]
pub struct CompiledView {
    /// The definition.
    pub view: FeatureView,
    /// How late its rows may arrive.
    pub data_delay: Span,
    /// What makes its rows; none passes them on.
    pub transform: Option<CompiledTransform>,
    /// Its sources, in the order of the transformation's inputs, each with its place in the view's `sources`.
    pub inputs: Vec<(usize, Arc<SourceTable>)>,
    /// The columns of its rows as they are stored.
    pub schema: SchemaRef,
    /// What its rows are aggregated to; its features are the columns of its rows if there is none.
    pub tiles: Option<Arc<TileSpec>>,
}

/// A component's transformation with its parameters.
#[derive(Debug, Clone)]
pub struct CompiledTransform {
    /// The component.
    pub component: Component,
    /// What it says of itself.
    pub contract: Arc<Contract>,
    /// Values for all of its parameters.
    pub parameters: Vec<(String, ParameterValue)>,
    /// What a run may use.
    pub limits: Limits,
}

impl CompiledView {
    /// The columns that an input wants of its source, and those that are never null there: a row where one is, is dropped.
    /// These are the input's keys, and the view's join keys unless the transformation takes nulls.
    pub fn wanted(&self, input: usize) -> (SchemaRef, Vec<String>) {
        let join_keys = self.view.join_keys.iter().map(|key| &key.name);
        match &self.transform {
            None => (Arc::clone(&self.schema), join_keys.cloned().collect()),
            Some(transform) => {
                let input = &transform.contract.inputs[input];
                let never_null = |name: &&String| {
                    input
                        .columns
                        .field_with_name(name)
                        .is_ok_and(|field| !field.is_nullable())
                };
                let keys = input.keys.iter().chain(join_keys.filter(never_null)).cloned().collect();
                (Arc::clone(&input.columns), keys)
            }
        }
    }

    /// The names and types of the features: those of its aggregations in the order of their names, or every column but the keys
    /// and the time.
    pub fn features(&self) -> Vec<(String, String)> {
        features(&self.view, &self.schema, self.tiles.as_deref())
    }
}

/// The names and types of a view's features.
pub(crate) fn features(view: &FeatureView, schema: &SchemaRef, tiles: Option<&TileSpec>) -> Vec<(String, String)> {
    let named = |field: &Field| (field.name().clone(), sandglass_runtime::kind_name(field.data_type()));
    match tiles {
        None => columns(view, schema).into_iter().map(named).collect(),
        Some(spec) => spec.fields().iter().map(named).collect(),
    }
}

/// The columns of a view's rows that are features, in their order. Of a feature table these are the ones that its definition has: its
/// rows also have what it had once.
pub(crate) fn columns<'a>(view: &FeatureView, schema: &'a SchemaRef) -> Vec<&'a Field> {
    if let Some(columns) = &view.table {
        let there = columns.iter().map(|column| schema.field_with_name(&column.name));
        return there.filter_map(Result::ok).collect();
    }
    let is_feature = |field: &&Field| {
        *field.name() != view.timestamp_column && !view.join_keys.iter().any(|key| key.name == *field.name())
    };
    schema.fields().iter().map(AsRef::as_ref).filter(is_feature).collect()
}

/// The limits of a view's runs.
pub(crate) fn limits(overrides: &LimitsOverride) -> Limits {
    let LimitsOverride {
        memory_bytes,
        guest_time,
        output_rows,
        output_bytes,
        log_bytes,
    } = overrides;
    let standard = Limits::default();
    Limits {
        guest_time: guest_time
            .and_then(|span| u64::try_from(span.micros()).ok())
            .map_or(standard.guest_time, std::time::Duration::from_micros),
        memory_bytes: memory_bytes.unwrap_or(standard.memory_bytes),
        output_rows: output_rows.unwrap_or(standard.output_rows),
        output_bytes: output_bytes.unwrap_or(standard.output_bytes),
        log_bytes: log_bytes.unwrap_or(standard.log_bytes),
        ..standard
    }
}

/// A type that the offline store can hold for one that a guest may return.
pub(super) fn stored_type(data_type: &DataType) -> Result<DataType, String> {
    let nested = |field: &Arc<Field>| -> Result<Arc<Field>, String> {
        Ok(Arc::new(
            field.as_ref().clone().with_data_type(stored_type(field.data_type())?),
        ))
    };
    Ok(match data_type {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => {
            return Err("is uint64, which the offline store cannot hold: return int64 or utf8".to_owned());
        }
        DataType::Duration(_) => {
            return Err("is a duration, which the offline store cannot hold: return int64 microseconds".to_owned());
        }
        DataType::FixedSizeList(..) => {
            return Err("is a fixed-size list, which the offline store cannot hold: return a list".to_owned());
        }
        DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Decimal128(_, scale) if *scale < 0 => {
            return Err(
                "is a decimal of negative scale, which the offline store cannot hold: return scale 0 or more".into(),
            );
        }
        DataType::List(item) => DataType::List(nested(item)?),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(nested).collect::<Result<_, _>>()?),
        DataType::Map(entries, sorted) => DataType::Map(nested(entries)?, *sorted),
        other => other.clone(),
    })
}
