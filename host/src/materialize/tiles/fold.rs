use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, TimeUnit, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::{DataFrame, Expr, ident};

use super::state::{merged_state, tile_state};
use crate::tile::{START, TileSpec, tile_around};
use crate::time::Span;

/// The tiles of rows, in no order: a group-by of DataFusion, which spills when memory is short.
///
/// Rows without a secondary key, where a view has one, are in no tile.
pub fn fold(rows: DataFrame, spec: &TileSpec) -> Result<DataFrame> {
    let rows = match &spec.secondary {
        Some((secondary, _)) => rows.filter(ident(secondary).is_not_null())?,
        None => rows,
    };
    let time = || ident(&spec.time_column);
    let mut keys: Vec<Expr> = spec.keys.iter().map(|key| ident(&key.name)).collect();
    keys.extend(spec.secondary.iter().map(|(name, _)| ident(name)));
    let start = ScalarUDF::new_from_impl(TileStart {
        interval: spec.interval,
        signature: Signature::any(1, Volatility::Immutable),
    });
    // Columns are named anew: a column may be a key and aggregated, too.
    let mut columns: Vec<Expr> = keys.clone();
    columns.push(start.call(vec![time()]).alias(START));
    for state in &spec.columns {
        let name = value_name(&state.column);
        if !columns.iter().any(|column| column.schema_name().to_string() == name) {
            columns.push(ident(&state.column).alias(name));
        }
    }
    if spec.is_ordered() {
        let order = ScalarUDF::new_from_impl(OrderBytes {
            signature: Signature::new(TypeSignature::VariadicAny, Volatility::Immutable),
        });
        columns.push(time().alias("__time"));
        let by = match spec.order.is_empty() {
            true => vec![time()],
            false => spec.order.iter().map(ident).collect(),
        };
        columns.push(order.call(by).alias("__ties"));
    }
    let rows = rows.select(columns)?;
    keys.push(ident(START));
    let states = spec.columns.iter().map(|state| {
        let mut arguments = vec![ident(value_name(&state.column))];
        if state.is_ordered() {
            arguments.extend([ident("__time"), ident("__ties")]);
        }
        tile_state(state).call(arguments).alias(&state.name)
    });
    rows.aggregate(keys, states.collect())
}

/// Longer tiles of shorter ones, in no order.
pub(super) fn fold_tiles(tiles: DataFrame, longer: &TileSpec) -> Result<DataFrame> {
    let start = ScalarUDF::new_from_impl(TileStart {
        interval: longer.interval,
        signature: Signature::any(1, Volatility::Immutable),
    });
    let mut keys: Vec<Expr> = longer.keys.iter().map(|key| ident(&key.name)).collect();
    keys.extend(longer.secondary.iter().map(|(name, _)| ident(name)));
    let states = || longer.columns.iter().map(|state| ident(&state.name));
    let mut columns = keys.clone();
    columns.push(start.call(vec![ident(START)]).alias("__longer"));
    columns.extend(states());
    let tiles = tiles.select(columns)?;
    let mut named = keys.clone();
    named.push(ident("__longer").alias(START));
    named.extend(states());
    keys.push(ident("__longer"));
    let merged = longer.columns.iter().map(|state| {
        let states = vec![ident(&state.name)];
        merged_state(state).call(states).alias(&state.name)
    });
    tiles.aggregate(keys, merged.collect())?.select(named)
}

fn value_name(column: &str) -> String {
    format!("__value_{column}")
}

/// Where the tile with a time begins.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TileStart {
    interval: Span,
    signature: Signature,
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for TileStart {
    fn name(&self) -> &'static str {
        "tile_start"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(time_type())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(times) = arrays
            .first()
            .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return internal_err!("tiles of rows without a time");
        };
        // Neighbours are mostly of one tile, and a comparison is quicker than a division.
        let mut tile = 0..0;
        let starts = times.values().iter().map(|micros| {
            if !tile.contains(micros) {
                tile = tile_around(*micros, self.interval);
            }
            tile.start
        });
        let starts = TimestampMicrosecondArray::new(starts.collect(), times.nulls().cloned());
        Ok(ColumnarValue::Array(Arc::new(starts.with_timezone("UTC"))))
    }
}

/// Bytes whose order is the order of the rows by these columns: nulls first, then ascending.
#[derive(Debug, PartialEq, Eq)]
struct OrderBytes {
    signature: Signature,
}

impl Hash for OrderBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ScalarUDFImpl for OrderBytes {
    fn name(&self) -> &'static str {
        "order_bytes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn return_field_from_args(
        &self,
        _: datafusion::logical_expr::ReturnFieldArgs<'_>,
    ) -> Result<arrow::datatypes::FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Binary, false)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        let converter = RowConverter::new(fields.collect()).map_err(DataFusionError::from)?;
        let rows = converter.convert_columns(&columns)?.try_into_binary()?;
        Ok(ColumnarValue::Array(Arc::new(rows) as ArrayRef))
    }
}
