use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::and;
use arrow::datatypes::{DataType, Field, FieldRef, TimestampMicrosecondType};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use crate::aggregate::{Aggregation, Order, Rows, StateError, States};
use crate::tile::TileColumn;

/// The states of a column's rows by group, as bytes: an aggregate function for DataFusion. Its arguments are the column, and for
/// functions that look at the order of rows their time and the bytes that order them beyond it.
#[derive(Debug)]
struct TileState {
    name: String,
    aggregation: Aggregation,
    of: Of,
    signature: Signature,
}

/// What states are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Values,
    States,
}

/// The function that makes a column of states.
pub(super) fn tile_state(column: &TileColumn) -> AggregateUDF {
    AggregateUDF::new_from_impl(TileState {
        name: column.name.clone(),
        aggregation: column.aggregation.clone(),
        of: Of::Values,
        signature: Signature::any(if column.is_ordered() { 3 } else { 1 }, Volatility::Immutable),
    })
}

/// The function that merges a column of states.
pub(super) fn merged_state(column: &TileColumn) -> AggregateUDF {
    AggregateUDF::new_from_impl(TileState {
        name: format!("merged {}", column.name),
        aggregation: column.aggregation.clone(),
        of: Of::States,
        signature: Signature::any(1, Volatility::Immutable),
    })
}

impl PartialEq for TileState {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.aggregation, self.of) == (&other.name, &other.aggregation, other.of)
    }
}

impl Eq for TileState {}

impl Hash for TileState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for TileState {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("state", DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        internal_err!("tiles are made by key")
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupStates {
            aggregation: self.aggregation.clone(),
            of: self.of,
            states: self.aggregation.states(),
        }))
    }
}

struct GroupStates {
    aggregation: Aggregation,
    of: Of,
    states: Box<dyn States>,
}

fn wrong(error: StateError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl GroupStates {
    fn update(
        states: &mut dyn States,
        aggregation: &Aggregation,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let Some(column) = values.first() else {
            return internal_err!("tiles of no column");
        };
        let order = match values {
            [_, times, ties] => match (
                times.as_primitive_opt::<TimestampMicrosecondType>(),
                ties.as_binary_opt(),
            ) {
                (Some(times), Some(ties)) => Some(Order {
                    times: times.values(),
                    ties,
                }),
                _ => return internal_err!("rows without times or ties"),
            },
            _ => None,
        };
        let mut prepared = aggregation.prepare(column)?;
        if let Some(filter) = filter {
            // Rows that are left out are nulls, which are skipped.
            let keep = and(filter, &arrow::compute::is_not_null(&prepared)?)?;
            let nulls = NullBuffer::new(keep.values().clone());
            prepared = arrow::array::make_array(prepared.to_data().into_builder().nulls(Some(nulls)).build()?);
        }
        let rows = Rows {
            values: prepared.as_ref(),
            order,
        };
        states.update(groups, rows).map_err(wrong)
    }

    fn encode(states: &dyn States) -> Result<ArrayRef> {
        Ok(Arc::new(states.encode().map_err(wrong)?))
    }

    fn emit(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        match emit_to {
            EmitTo::All => {
                let encoded = Self::encode(self.states.as_ref())?;
                self.states = self.states.fresh();
                Ok(encoded)
            }
            EmitTo::First(groups) => Self::encode(self.states.split_first(groups).as_ref()),
        }
    }
}

impl GroupsAccumulator for GroupStates {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        if self.of == Of::States {
            return match filter {
                None => self.merge_batch(values, groups, total),
                Some(_) => internal_err!("states are merged without a filter"),
            };
        }
        self.states.grow(total);
        Self::update(self.states.as_mut(), &self.aggregation, values, groups, filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.emit(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.emit(emit_to)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.states.grow(total);
        match values.first().and_then(|states| states.as_binary_opt()) {
            Some(states) => self.states.merge_encoded(groups, states, 0).map_err(wrong),
            None => internal_err!("states that are not bytes"),
        }
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        if self.of == Of::States {
            return match filter {
                None => Ok(values.to_vec()),
                Some(_) => internal_err!("states are merged without a filter"),
            };
        }
        let rows = values.first().map_or(0, |column| column.len());
        let mut states = self.states.fresh();
        states.grow(rows);
        let groups: Vec<usize> = (0..rows).collect();
        Self::update(states.as_mut(), &self.aggregation, values, &groups, filter)?;
        Ok(vec![Self::encode(states.as_ref())?])
    }

    fn size(&self) -> usize {
        self.states.bytes()
    }
}
