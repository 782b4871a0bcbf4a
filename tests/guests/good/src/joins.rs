use sandglass_guest::prelude::*;

/// The total of an interval, as one row.
pub fn daily_total() -> Transformation {
    let input = [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("amount").nullable(),
    ];
    let output = [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("total"),
        column::int64("rows"),
    ];
    Transformation::interval("daily_total")
        .input(Input::new("rows", input))
        .output(output)
        .run(|context| {
            Ok(Total {
                end: context.interval()?.end,
                total: 0.0,
                rows: 0,
            })
        })
}

struct Total {
    end: i64,
    total: f64,
    rows: i64,
}

impl Whole for Total {
    fn push(&mut self, _: usize, batch: &RecordBatch) -> Result<()> {
        self.total += batch.float64("amount")?.iter().flatten().sum::<f64>();
        self.rows += i64::from(batch.rows());
        Ok(())
    }

    fn finish(&mut self) -> Result<Output> {
        let (total, rows) = (Float64Array::from(vec![self.total]), Int64Array::from(vec![self.rows]));
        Ok(Output::new(columns![
            Int64Array::from(vec![0]),
            timestamps([self.end - 1]),
            total,
            rows
        ]))
    }
}

/// Sums and counts of two inputs, by customer.
pub fn two_inputs() -> Transformation {
    let columns = || {
        [
            column::int64("customer_id"),
            column::timestamp("timestamp"),
            column::float64("amount").nullable(),
        ]
    };
    let output = [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("left_amount"),
        column::float64("right_amount"),
        column::int64("left_rows"),
        column::int64("right_rows"),
    ];
    Transformation::keyed("two_inputs")
        .input(Input::new("left", columns()).keys(["customer_id"]))
        .input(Input::new("right", columns()).keys(["customer_id"]))
        .output(output)
        .run(|context| {
            Ok(Sums {
                end: context.interval()?.end,
                ids: vec![],
                sums: [vec![], vec![]],
                rows: [vec![], vec![]],
            })
        })
}

struct Sums {
    end: i64,
    ids: Vec<i64>,
    sums: [Vec<f64>; 2],
    rows: [Vec<i64>; 2],
}

impl Keyed for Sums {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        let some = if group.rows(0).num_rows() > 0 {
            group.rows(0)
        } else {
            group.rows(1)
        };
        self.ids.push(some.int64("customer_id")?.value(0));
        for input in 0..2 {
            let rows = group.rows(input);
            self.sums[input].push(rows.float64("amount")?.iter().flatten().sum());
            self.rows[input].push(i64::from(rows.rows()));
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Output> {
        let times = timestamps(self.ids.iter().map(|_| self.end - 1));
        let ids = Int64Array::from(std::mem::take(&mut self.ids));
        let [a, b] = std::mem::take(&mut self.sums).map(Float64Array::from);
        let [m, n] = std::mem::take(&mut self.rows).map(Int64Array::from);
        Ok(Output::new(columns![ids, times, a, b, m, n]))
    }
}
