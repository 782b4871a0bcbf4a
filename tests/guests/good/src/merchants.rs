use std::collections::BTreeSet;

use sandglass_guest::prelude::*;

const DAY_US: i64 = 86_400_000_000;

fn merchants(name: &str) -> (Input, [column::Column; 3], String) {
    let columns = [
        column::utf8("user_id"),
        column::utf8("merchant"),
        column::timestamp("timestamp"),
    ];
    let output = [
        column::utf8("user_id"),
        column::timestamp("timestamp"),
        column::int64("distinct_merchants"),
    ];
    (
        Input::new("transactions", columns).keys(["user_id"]),
        output,
        name.to_owned(),
    )
}

/// Distinct merchants of a user in the rows that the host hands in.
pub fn distinct_merchants() -> Transformation {
    let (input, output, name) = merchants("distinct_merchants");
    Transformation::keyed(&name).input(input).output(output).run(|context| {
        Ok(Merchants {
            since: i64::MIN,
            end: context.interval()?.end,
            users: vec![],
            counts: vec![],
        })
    })
}

/// The same, over all rows, by a filter of its own on the context.
pub fn distinct_merchants_own_filter() -> Transformation {
    let (input, output, name) = merchants("distinct_merchants_own_filter");
    let days = Parameter::int64("days")
        .default(7)
        .doc("Days up to the end of the interval.");
    Transformation::keyed(&name)
        .input(input)
        .parameter(days)
        .output(output)
        .run(|context| {
            let end = context.interval()?.end;
            Ok(Merchants {
                since: end - context.int64("days")? * DAY_US,
                end,
                users: vec![],
                counts: vec![],
            })
        })
}

struct Merchants {
    since: i64,
    end: i64,
    users: Vec<String>,
    counts: Vec<i64>,
}

impl Keyed for Merchants {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        let rows = group.rows(0);
        let times = rows.timestamp("timestamp")?.values();
        let range = self.since..self.end;
        let merchants = rows.utf8("merchant")?.iter().flatten().zip(times);
        let distinct: BTreeSet<&str> = merchants
            .filter(|(_, time)| range.contains(*time))
            .map(|(merchant, _)| merchant)
            .collect();
        if !distinct.is_empty() {
            self.users.push(rows.utf8("user_id")?.value(0).to_owned());
            self.counts.push(distinct.len() as i64);
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Output> {
        let times = timestamps(self.users.iter().map(|_| self.end - 1));
        let (users, counts) = (std::mem::take(&mut self.users), std::mem::take(&mut self.counts));
        Ok(Output::new(columns![
            StringArray::from(users),
            times,
            Int64Array::from(counts)
        ]))
    }
}
