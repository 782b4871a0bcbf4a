use std::sync::Arc;

use arrow_array::Array;

use crate::prelude::*;
use crate::testing::{Outcome, Test};

fn rows(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    testing::batch([("n", array(Int64Array::from_iter_values(values)))])
}

fn input() -> Input {
    Input::new("rows", [column::int64("n")])
}

fn row(function: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static) -> Transformation {
    Transformation::row("t")
        .input(input())
        .output([column::int64("n")])
        .run(function)
}

fn aligned(
    function: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static,
) -> Transformation {
    Transformation::aligned("t")
        .input(input())
        .output([column::int64("n")])
        .run(function)
}

fn emitting(
    function: impl Fn(&Context, &RecordBatch, &mut Emitter) -> Result<()> + 'static,
) -> Transformation {
    Transformation::row("t")
        .input(input())
        .output([column::int64("n")])
        .emit(function)
}

fn numbers(outcome: &Outcome) -> Vec<i64> {
    outcome.batch.int64("n").unwrap().values().to_vec()
}

fn fails(transformation: Transformation) -> String {
    Test::new(transformation)
        .run([rows(0..4)])
        .unwrap_err()
        .message
}

fn ints(values: Vec<i64>) -> Output {
    Output::new(columns![Int64Array::from(values)])
}

#[test]
fn source_rows_are_implied() {
    let all = aligned(|_, batch| Ok(Output::batch(batch.clone())));
    let out = Test::new(all.clone())
        .batch_rows(3)
        .run([rows(0..8)])
        .unwrap();
    assert_eq!(out.source_rows, Some((0..8).collect()));
    assert_eq!(numbers(&out), (0..8).collect::<Vec<_>>());
    assert_eq!(
        Test::new(all)
            .lineage(false)
            .run([rows(0..8)])
            .unwrap()
            .source_rows,
        None
    );
    let but_one = row(|_, _| Ok(ints(vec![0, 2, 3]).reject(1, "odd")));
    let out = Test::new(but_one).run([rows(0..4)]).unwrap();
    assert_eq!(out.source_rows, Some(vec![0, 2, 3]));
    assert_eq!(out.rejected, [(1, "odd".to_owned())]);
}

#[test]
fn source_rows_must_fit() {
    assert_eq!(
        fails(row(|_, _| Ok(ints(vec![1])))),
        "1 rows out for 4 rows in: say which row each came from with `Output::source_rows`"
    );
    assert_eq!(
        fails(row(|_, _| Ok(ints(vec![1]).source_rows(vec![1, 2])))),
        "2 source rows for 1 rows"
    );
    assert_eq!(
        fails(row(|_, _| Ok(ints(vec![1, 2]).source_rows(vec![1, 0])))),
        "source rows that fall"
    );
    assert_eq!(
        fails(row(|_, _| Ok(ints(vec![1]).source_rows(vec![4])))),
        "source row 4 of 4"
    );
    assert_eq!(
        fails(row(|_, _| Ok(Output::none().reject(4, "x")))),
        "rejected row 4 of a batch of 4"
    );
}

#[test]
fn aligned_means_one_for_each() {
    assert_eq!(
        fails(aligned(|_, _| Ok(ints(vec![1, 2])))),
        "2 rows out for 4 rows in; the aligned scope has one for each"
    );
    assert_eq!(
        fails(aligned(|_, _| Ok(ints(vec![0; 5])))),
        "5 rows out for 4 rows in; the aligned scope has one for each"
    );
    let rejecting = aligned(|_, batch| Ok(Output::batch(batch.clone()).reject(0, "x")));
    assert!(fails(rejecting).starts_with("only the row scope can reject rows"));
}

#[test]
fn emitted_rows_know_their_source() {
    let explode = emitting(|_, batch, out| {
        let n = batch.int64("n")?;
        for row in 0..batch.rows() {
            match n.value(row as usize) {
                9 => out.reject(row, "nine"),
                n => (0..n).try_for_each(|i| out.emit(row, (i,)))?,
            }
        }
        Ok(())
    });
    let out = Test::new(explode.clone())
        .batch_rows(2)
        .run([rows([2, 9, 0, 1])])
        .unwrap();
    assert_eq!(
        (numbers(&out), out.source_rows),
        (vec![0, 1, 0], Some(vec![0, 0, 3]))
    );
    assert_eq!(out.rejected, [(1, "nine".to_owned())]);
    // Many outputs for one batch.
    let out = Test::new(explode).run([rows([20_000, 9, 1, 9])]).unwrap();
    let sources = out.source_rows.unwrap();
    assert_eq!((sources.len(), out.batch.num_rows()), (20_001, 20_001));
    assert_eq!((sources[19_999], sources[20_000]), (0, 2));
    assert_eq!(out.rejected.len(), 2);
    let falling = emitting(|_, _, out| {
        out.emit(1, (1,))?;
        out.emit(0, (1,))
    });
    assert_eq!(fails(falling), "source row 0 after Some(1)");
    assert_eq!(
        fails(emitting(|_, _, out| out.emit(4, (1,)))),
        "row 4 of a batch of 4"
    );
}

#[test]
fn large_outputs_are_split() {
    let many = row(|_, _| {
        Ok(ints((0..20_000).collect())
            .source_rows(vec![3; 20_000])
            .reject(0, "x"))
    });
    let context = Context {
        mode: Mode::Streaming,
        ranges: vec![None],
        parameters: vec![],
        lineage: true,
        properties: vec![],
    };
    let mut driver = super::Driver::open(many.into(), context).unwrap();
    driver.push(0, rows(0..4)).unwrap();
    let mut parts = Vec::new();
    while let Some(part) = driver.next().unwrap() {
        parts.push((
            part.rows,
            part.source_rows.map_or(0, |rows| rows.len()),
            part.rejected.len(),
        ));
    }
    assert_eq!(
        parts,
        [(8_192, 8_192, 1), (8_192, 8_192, 0), (3_616, 3_616, 0)]
    );
}

#[test]
fn differences_from_the_contract_are_named() {
    assert_eq!(
        fails(row(|_, _| Ok(Output::new(columns![Float64Array::from(
            vec![1.0; 4]
        )])))),
        "output: column `n` is float64, the contract says int64"
    );
    assert_eq!(
        fails(row(|_, _| Ok(Output::new(columns![Int64Array::from(
            vec![Some(1), None]
        )])))),
        "output: column `n` has 1 nulls, the contract says that it has none"
    );
    assert_eq!(
        fails(row(|_, _| Ok(Output::new(vec![])))),
        "output: 0 columns, there should be 1: `n`"
    );
    let other = |_: &Context, _: &RecordBatch| {
        Ok(Output::batch(testing::batch([(
            "m",
            array(Int64Array::from(vec![1])),
        )])))
    };
    assert_eq!(
        fails(row(other)),
        "output: column `n` is missing; there are `m`"
    );
    assert_eq!(
        fails(emitting(|_, _, out| out.emit(0, ("text",)))),
        "output: column `n` is int64, which text is not"
    );
    assert_eq!(
        fails(emitting(|_, _, out| out.emit(0, (None::<i64>,)))),
        "output: column `n` is null, the contract says that it never is"
    );
    assert_eq!(
        fails(emitting(|_, _, out| out.emit(0, (1, 2)))),
        "a row of 2 cells, the output has 1 columns: `n`"
    );
}

#[test]
fn cells_of_every_kind() {
    let list = || column::list("list", column::int64("item").nullable()).nullable();
    let all = Transformation::row("t")
        .input(input())
        .output([
            column::boolean("boolean"),
            column::uint8("uint8"),
            column::date32("date32"),
            column::timestamp("timestamp"),
            column::decimal128("decimal", 10, 2),
            column::float32("float32"),
            column::binary("binary"),
            column::fixed_size_binary("fixed", 2),
            list(),
            column::utf8("utf8").nullable(),
        ])
        .emit(|_, batch, out| {
            let mut one = builder::ListBuilder::new(builder::Int64Builder::new());
            one.append_value([Some(1), None]);
            let one: ArrayRef = Arc::new(one.finish());
            for row in 0..batch.rows() {
                let (text, list) = ((row != 1).then_some("x"), (row != 0).then_some(&one));
                let bytes = [1u8, 2];
                out.emit(
                    row,
                    (
                        row == 0,
                        row as u8,
                        3,
                        4i64,
                        5i128,
                        0.5f32,
                        bytes,
                        bytes,
                        list,
                        text,
                    ),
                )?;
            }
            Ok(())
        });
    let out = Test::new(all).run([rows(0..2)]).unwrap().batch;
    assert_eq!(
        out.boolean("boolean").unwrap(),
        &BooleanArray::from(vec![true, false])
    );
    assert_eq!(out.uint8("uint8").unwrap().values(), &[0, 1]);
    assert_eq!(out.date32("date32").unwrap().values(), &[3, 3]);
    assert_eq!(out.timestamp("timestamp").unwrap().values(), &[4, 4]);
    assert_eq!(out.decimal128("decimal").unwrap().values(), &[5, 5]);
    assert_eq!(out.float32("float32").unwrap().values(), &[0.5, 0.5]);
    assert_eq!(out.binary("binary").unwrap().value(1), [1, 2]);
    assert_eq!(out.fixed_size_binary("fixed").unwrap().value(1), [1, 2]);
    let list = out.list("list").unwrap();
    assert_eq!((list.is_null(0), list.value(1).len()), (true, 2));
    assert!(out.utf8("utf8").unwrap().is_null(1));
    let narrow = Transformation::row("t")
        .input(input())
        .output([column::uint8("n")])
        .emit(|_, _, out| out.emit(0, (256,)));
    assert_eq!(
        fails(narrow),
        "output: column `n` is uint8, which 256 is not"
    );
}

#[test]
fn parameters_come_with_their_defaults() {
    let plus = || {
        Transformation::row("t")
            .input(input())
            .parameter(Parameter::int64("by").default(1))
            .parameter(Parameter::duration("within"))
            .output([column::int64("n")])
            .run(|context, batch| {
                let (by, within) = (context.int64("by")?, context.duration("within")?);
                let n = batch.int64("n")?.values().iter().map(|n| n + by + within);
                Ok(ints(n.collect()))
            })
    };
    let run = |test: Test| test.run([rows([1])]).map(|out| numbers(&out));
    assert_eq!(
        run(Test::new(plus()).parameter("within", 10)).unwrap(),
        [12]
    );
    assert_eq!(
        run(Test::new(plus()).parameter("within", 10).parameter("by", 2)).unwrap(),
        [13]
    );
    let message = |test: Test| run(test).unwrap_err().message;
    assert_eq!(
        message(Test::new(plus())),
        "parameter `within` must be given"
    );
    assert_eq!(
        message(Test::new(plus()).parameter("x", 1)),
        "there is no parameter `x`"
    );
    assert_eq!(
        message(Test::new(plus()).parameter("within", "x")),
        "parameter `within` is utf8, not duration"
    );
}

#[test]
fn failures_and_logs_are_seen() {
    let failing = row(|_, _| Err(Error::input("odd").row(3)));
    let error = Test::new(failing).run([rows(0..4)]).unwrap_err();
    assert_eq!((error.input, error.row), (None, Some(3)));
    let telling = row(|_, batch| {
        crate::info!("{} rows", batch.rows());
        Ok(Output::batch(batch.clone()))
    });
    let out = Test::new(telling).run([rows(0..4)]).unwrap();
    assert_eq!(out.logs, [(crate::Level::Info, "4 rows".to_owned())]);
}

#[test]
fn tests_sort_the_rows_of_keys() {
    let first = Transformation::keyed("t")
        .input(Input::new("rows", [column::timestamp("at"), column::int64("n")]).keys(["n"]))
        .output([
            column::int64("n"),
            column::int64("first"),
            column::int64("count"),
        ])
        .emit(|_, group, out| {
            let at = group.rows(0).timestamp("at")?;
            out.push((group.key(0), at.value(0), at.len()))
        });
    let rows = testing::batch([
        ("n", array(Int64Array::from(vec![2, 1, 2, 1, 2]))),
        ("at", array(timestamps([5, 4, 3, 2, 1]))),
    ]);
    for batch_rows in 1..6 {
        let out = Test::new(first.clone())
            .batch_rows(batch_rows)
            .run([rows.clone()])
            .unwrap();
        assert_eq!(numbers(&out), [1, 2]);
        assert_eq!(out.batch.int64("first").unwrap().values(), &[2, 1]);
        assert_eq!(out.batch.int64("count").unwrap().values(), &[2, 3]);
        assert_eq!(out.source_rows, None);
    }
}

#[test]
fn an_interval_is_one_call() {
    let total = Transformation::interval("t")
        .input(input())
        .input(Input::new("others", [column::int64("m")]))
        .output([column::int64("n"), column::int64("batches")])
        .emit(|_, inputs, out| {
            let total: i64 = inputs.rows(0)?.int64("n")?.values().iter().sum();
            out.push((total, inputs.batches(0).len()))?;
            out.push_columns(columns![
                Int64Array::from(vec![7]),
                Int64Array::from(vec![8])
            ])?;
            out.push((inputs.rows(1)?.num_rows(), 0))
        });
    let others = testing::batch([("m", array(Int64Array::from(vec![1, 1])))]);
    let out = Test::new(total)
        .batch_rows(3)
        .run([rows(0..7), others])
        .unwrap();
    assert_eq!(numbers(&out), [21, 7, 2]);
    assert_eq!(out.batch.int64("batches").unwrap().values(), &[3, 8, 0]);
}

#[test]
fn names_inside_lists_do_not_matter() {
    let lists = |item: Column| {
        Transformation::row("t")
            .input(input())
            .output([column::list("l", item)])
            .run(|_, _| {
                let mut lists = builder::ListBuilder::new(builder::Int64Builder::new());
                (0..4).for_each(|_| lists.append_value([Some(1), None]));
                Ok(Output::new(columns![lists.finish()]))
            })
    };
    let out = Test::new(lists(column::int64("element").nullable()))
        .run([rows(0..4)])
        .unwrap();
    assert_eq!(out.batch.list("l").unwrap().len(), 4);
    assert_eq!(
        fails(lists(column::int64("element"))),
        "output: column `l` has nulls in its `element`, the contract says that it has none"
    );
}

#[derive(Default)]
struct Sums {
    keys: Vec<i64>,
    sums: Vec<i64>,
    /// Rows of the inputs of an interval.
    rows: [usize; 2],
}

impl Keyed for Sums {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        self.keys.push(group.rows(0).int64("n")?.value(0));
        self.sums
            .push(group.rows(0).int64("n")?.values().iter().sum());
        Ok(())
    }

    fn take(&mut self) -> Result<Output> {
        let Self { keys, sums, .. } = std::mem::take(self);
        Ok(Output::new(columns![
            Int64Array::from(keys),
            Int64Array::from(sums)
        ]))
    }
}

impl Whole for Sums {
    fn push(&mut self, input: usize, batch: &RecordBatch) -> Result<()> {
        self.rows[input] += batch.num_rows();
        Ok(())
    }

    fn finish(&mut self) -> Result<Output> {
        let rows = self.rows.map(|rows| rows as i64);
        Ok(Output::new(columns![Int64Array::from(rows.to_vec())]))
    }
}

#[test]
fn runs_with_columns() {
    let keyed = Transformation::keyed("t")
        .input(input().keys(["n"]))
        .output([column::int64("n"), column::int64("sum")])
        .run(|_| Ok(Sums::default()));
    let out = Test::new(keyed)
        .batch_rows(2)
        .run([rows([3, 1, 3, 3])])
        .unwrap();
    assert_eq!(numbers(&out), [1, 3]);
    assert_eq!(out.batch.int64("sum").unwrap().values(), &[1, 9]);
    let whole = Transformation::interval("t")
        .input(input())
        .input(Input::new("others", [column::int64("n")]))
        .output([column::int64("n")])
        .run(|_| Ok(Sums::default()));
    let out = Test::new(whole)
        .batch_rows(2)
        .run([rows(0..5), rows(0..3)])
        .unwrap();
    assert_eq!(numbers(&out), [5, 3]);
}
