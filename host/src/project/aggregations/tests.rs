use std::sync::Arc;

use arrow::datatypes::Schema;

use super::*;
use crate::definition::{KeyKind, parse};
use crate::key;

fn view(keys: &str, aggregations: &str) -> FeatureView {
    let text = format!(
        "[project]\nname = \"shop\"\n[[entity]]\nname = \"c\"\njoin_keys = {{ id = \"int64\" }}\n[[source]]\nname = \"s\"\n\
         path = \"s.csv\"\ntimestamp_column = \"at\"\n[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"c\"]\n\
         sources = [\"s\"]\ntimestamp_column = \"at\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"\n{keys}\n\
         {aggregations}"
    );
    let mut project = match parse("sandglass.toml", &text) {
        Ok(parsed) => parsed.project,
        Err(problems) => panic!("{problems}"),
    };
    project.feature_views.remove(0)
}

fn aggregation(column: &str, function: &str, window: &str) -> String {
    format!("[[feature_view.aggregation]]\ncolumn = \"{column}\"\nfunction = \"{function}\"\ntime_window = {window}\n")
}

fn schema() -> SchemaRef {
    let list = DataType::List(Arc::new(Field::new("element", DataType::Int64, true)));
    let columns = [
        ("id", DataType::Int64),
        ("at", key::data_type(KeyKind::Timestamp)),
        ("amount", DataType::Float64),
        ("quantity", DataType::Int32),
        ("ad", DataType::Int16),
        ("shop", DataType::Utf8),
        ("parts", list),
    ];
    let fields = columns.map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.to_vec()))
}

fn features(view: &FeatureView) -> Vec<(String, String)> {
    let bound = bind(view, &schema(), Span::ZERO).expect("fits").expect("aggregations");
    let each = bound.fields().into_iter();
    each.map(|field| (field.name().clone(), kind_name(field.data_type())))
        .collect()
}

#[test]
fn features_in_the_order_of_their_names() {
    let series = "{ series_start = \"-3d\", size = \"1d\" }";
    let text = [
        aggregation("shop", "last(2)", "\"7d\""),
        aggregation("quantity", "sum", "[\"7d\", { size = \"7d\", offset = \"-1d\" }]"),
        aggregation("amount", "mean", series),
    ]
    .concat();
    let expected = [
        ("amount_mean_1d_series_3d_0s_step_1d_1d", "list of float64"),
        ("quantity_sum_7d_1d", "int64"),
        ("quantity_sum_7d_1d_offset_1d", "int64"),
        ("shop_last_2_7d_1d", "list of utf8"),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    assert_eq!(features(&view("", &text)), expected);
}

#[test]
fn what_another_state_serves_needs_none() {
    let states = |functions: &[(&str, &str)]| {
        let text: String = (functions.iter())
            .map(|(column, function)| aggregation(column, function, "\"1d\""))
            .collect();
        let bound = bind(&view("", &text), &schema(), Span::ZERO)
            .expect("fits")
            .expect("aggregations");
        let columns = bound.columns.iter();
        let names: Vec<String> = columns.map(|column| column.name.clone()).collect();
        let of = bound
            .features
            .iter()
            .map(|feature| (feature.name.clone(), feature.column));
        (names.join(" "), of.collect::<Vec<_>>())
    };
    let feature = |name: &str, column| (name.to_owned(), column);
    assert_eq!(
        states(&[
            ("amount", "count"),
            ("shop", "count"),
            ("amount", "max"),
            ("amount", "mean")
        ]),
        (
            "__shop__count __amount__max __amount__sum".to_owned(),
            vec![
                feature("amount_count_1d_1d", 2),
                feature("shop_count_1d_1d", 0),
                feature("amount_max_1d_1d", 1),
                feature("amount_mean_1d_1d", 2),
            ]
        )
    );
    let (columns, _) = states(&[
        ("amount", "mean"),
        ("amount", "var_pop"),
        ("amount", "skew"),
        ("amount", "count"),
        ("quantity", "min"),
        ("quantity", "count"),
    ]);
    assert_eq!(columns, "__amount__moments4 __quantity__min __quantity__count");
}

#[test]
fn a_secondary_key_makes_parallel_lists() {
    let windows = "[\"1d\", \"lifetime\"]";
    let text = aggregation("amount", "sum", windows) + &aggregation("amount", "count", "\"1d\"");
    let view = view(
        "aggregation_secondary_key = \"ad\"\nlifetime_start_time = 2020-01-01",
        &text,
    );
    let found = features(&view);
    let found: Vec<_> = found
        .iter()
        .map(|(name, kind)| (name.as_str(), kind.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("ad_keys_1d", "list of int16"),
            ("ad_keys_lifetime", "list of int16"),
            ("amount_count_1d_1d", "list of int64"),
            ("amount_sum_1d_1d", "list of float64"),
            ("amount_sum_lifetime_1d", "list of float64"),
        ]
    );
}

#[test]
fn every_column_that_does_not_fit() {
    let text = [
        aggregation("amuont", "sum", "\"1d\""),
        aggregation("shop", "sum", "\"1d\""),
        aggregation("parts", "last_distinct(2)", "\"1d\""),
        aggregation("shop", "min", "\"1d\""),
    ]
    .concat();
    let view = view("aggregation_secondary_key = \"amount\"", &text);
    let found = bind(&view, &schema(), Span::ZERO).expect_err("refused");
    let found: Vec<_> = found
        .iter()
        .map(|(place, message, hint)| (place.as_str(), message.as_str(), hint.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        found,
        [
            (
                "aggregation_secondary_key",
                "column `amount` is float64, and a secondary key is a whole number, utf8, boolean, date or timestamp",
                "",
            ),
            (
                "aggregation.0.column",
                "the view's rows have no column `amuont`; they have `id`, `at`, `amount`, `quantity`, `ad`, `shop`, `parts`",
                "did you mean `amount`?",
            ),
            (
                "aggregation.1.function",
                "`sum` takes numbers, and column `shop` is utf8",
                ""
            ),
            (
                "aggregation.2.function",
                "`last_distinct(2)` takes any type but lists, structs and maps, and column `parts` is list of int64",
                "",
            ),
        ]
    );
}
