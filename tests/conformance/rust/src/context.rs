use sandglass_guest::Mode;
use sandglass_guest::arrow_array::DurationMicrosecondArray;
use sandglass_guest::prelude::*;

pub fn parameters() -> Transformation {
    Transformation::aligned("parameters")
        .input(Input::new("rows", [column::int64("id")]))
        .parameter(Parameter::boolean("a_boolean").default(true))
        .parameter(Parameter::int64("an_int64").doc("Any."))
        .parameter(Parameter::float64("a_float64").default(0.1))
        .parameter(Parameter::utf8("a_utf8").default("né"))
        .parameter(Parameter::timestamp("a_timestamp").default(-1))
        .parameter(Parameter::duration("a_duration").default(90_000_000))
        .output([
            column::int64("id"),
            column::boolean("a_boolean"),
            column::int64("an_int64"),
            column::float64("a_float64"),
            column::utf8("a_utf8"),
            column::timestamp("a_timestamp"),
            column::duration("a_duration"),
        ])
        .run(|context, batch| {
            let rows = batch.num_rows();
            let text = context.utf8("a_utf8")?;
            Ok(Output::new(columns![
                batch.int64("id")?.clone(),
                BooleanArray::from(vec![context.boolean("a_boolean")?; rows]),
                Int64Array::from(vec![context.int64("an_int64")?; rows]),
                Float64Array::from(vec![context.float64("a_float64")?; rows]),
                StringArray::from(vec![text.as_str(); rows]),
                timestamps(vec![context.timestamp("a_timestamp")?; rows]),
                DurationMicrosecondArray::from(vec![context.duration("a_duration")?; rows]),
            ]))
        })
}

pub fn context() -> Transformation {
    Transformation::aligned("context")
        .input(Input::new("rows", [column::int64("id")]))
        .output([
            column::int64("id"),
            column::utf8("mode"),
            column::timestamp("start").nullable(),
            column::timestamp("end").nullable(),
            column::timestamp("at").nullable(),
            column::timestamp("range_start").nullable(),
            column::timestamp("range_end").nullable(),
            column::boolean("lineage"),
            column::utf8("property").nullable(),
        ])
        .run(|context, batch| {
            let rows = batch.num_rows();
            let time = |value: Option<i64>| TimestampMicrosecondArray::from(vec![value; rows]).with_timezone("UTC");
            let (mode, interval, at) = match context.mode() {
                Mode::Materialize(interval) => ("materialize", Some(interval), None),
                Mode::Streaming => ("streaming", None, None),
                Mode::Request(at) => ("request", None, Some(at)),
            };
            let range = context.range(0);
            Ok(Output::new(columns![
                batch.int64("id")?.clone(),
                StringArray::from(vec![mode; rows]),
                time(interval.map(|interval| interval.start)),
                time(interval.map(|interval| interval.end)),
                time(at),
                time(range.map(|range| range.start)),
                time(range.map(|range| range.end)),
                BooleanArray::from(vec![context.lineage(); rows]),
                StringArray::from(vec![context.property("kit"); rows]),
            ]))
        })
}
