use sandglass_guest::Column;
use sandglass_guest::prelude::*;

/// A column of every kind.
pub fn kinds() -> Vec<Column> {
    let item = |column: fn(&str) -> Column| column("item").nullable();
    vec![
        column::int64("id"),
        column::boolean("a_boolean").nullable(),
        column::int8("an_int8").nullable(),
        column::int16("an_int16").nullable(),
        column::int32("an_int32").nullable(),
        column::int64("an_int64").nullable(),
        column::uint8("a_uint8").nullable(),
        column::uint16("a_uint16").nullable(),
        column::uint32("a_uint32").nullable(),
        column::uint64("a_uint64").nullable(),
        column::float32("a_float32").nullable(),
        column::float64("a_float64").nullable(),
        column::decimal128("a_decimal", 38, 10).nullable(),
        column::utf8("a_utf8").nullable(),
        column::binary("a_binary").nullable(),
        column::fixed_size_binary("a_fixed", 3).nullable(),
        column::date32("a_date").nullable(),
        column::timestamp("a_timestamp").nullable(),
        column::duration("a_duration").nullable(),
        column::list("a_list", item(column::int64)).nullable(),
        column::list("a_nested", column::list("item", item(column::utf8)).nullable()).nullable(),
        column::fixed_size_list("a_fixed_list", item(column::float32), 2).nullable(),
        column::structure(
            "a_struct",
            [
                column::int64("whole").nullable(),
                column::utf8("text").nullable(),
                column::structure("inner", [column::boolean("flag").nullable()]).nullable(),
            ],
        )
        .nullable(),
        column::map(
            "a_map",
            column::utf8("keys"),
            column::list("values", item(column::int32)).nullable(),
        )
        .nullable(),
    ]
}

pub fn pass() -> Transformation {
    Transformation::aligned("pass")
        .doc("Columns as they came.")
        .input(Input::new("rows", kinds()))
        .output(kinds())
        .run(|_, batch| Ok(Output::new(batch.columns().to_vec())))
}

pub fn take() -> Transformation {
    Transformation::row("take")
        .input(Input::new("rows", kinds()))
        .parameter(Parameter::int64("times").default(2).doc("Copies of each row."))
        .output(kinds())
        .run(|context, batch| {
            let times = usize::try_from(context.int64("times")?)?;
            let rows: Vec<u32> = (0..batch.rows())
                .flat_map(|row| std::iter::repeat_n(row, times))
                .collect();
            Ok(Output::batch(batch.take_rows(&rows)?).source_rows(rows))
        })
}
