use sandglass_guest::prelude::*;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const DAY_US: i64 = 86_400_000_000;

/// The weekday of a time in UTC. 1970-01-01 was a Thursday.
fn weekday(micros: i64) -> &'static str {
    WEEKDAYS[(micros.div_euclid(DAY_US) + 3).rem_euclid(7) as usize]
}

/// What a single purchase tells.
pub fn purchase_details() -> Transformation {
    Transformation::row("purchase_details")
        .doc("Price per CD, weekday and size of each purchase.")
        .input(Input::new(
            "purchases",
            [
                column::int64("customer_id"),
                column::timestamp("timestamp"),
                column::int64("quantity").nullable(),
                column::float64("amount").nullable(),
            ],
        ))
        .parameter(
            Parameter::int64("big_basket")
                .default(5)
                .doc("CDs from which on a basket is big."),
        )
        .output([
            column::int64("customer_id"),
            column::timestamp("timestamp"),
            column::float64("price_per_cd").nullable(),
            column::utf8("weekday"),
            column::boolean("is_big_basket").nullable(),
        ])
        .run(|context, batch| {
            let big_basket = context.int64("big_basket")?;
            let (ids, times) = (batch.int64("customer_id")?, batch.timestamp("timestamp")?);
            let (quantities, amounts) = (batch.int64("quantity")?, batch.float64("amount")?);
            let price: Float64Array = quantities
                .iter()
                .zip(amounts)
                .map(|(quantity, amount)| match (quantity, amount) {
                    (Some(quantity), Some(amount)) if quantity != 0 => {
                        Some(amount / quantity as f64)
                    }
                    _ => None,
                })
                .collect();
            let weekdays =
                StringArray::from_iter_values(times.values().iter().map(|&micros| weekday(micros)));
            let big: BooleanArray = quantities
                .iter()
                .map(|quantity| Some(quantity? >= big_basket))
                .collect();
            Ok(Output::new(columns![
                ids.clone(),
                times.clone(),
                price,
                weekdays,
                big
            ]))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> RecordBatch {
        testing::batch([
            ("customer_id", array(Int64Array::from(vec![1, 2, 3]))),
            ("timestamp", array(timestamps([852_076_800_000_000, 0, -1]))),
            (
                "quantity",
                array(Int64Array::from(vec![Some(2), Some(0), None])),
            ),
            ("amount", array(Float64Array::from(vec![23.5, 0.0, 1.0]))),
        ])
    }

    #[test]
    fn details() {
        let out = testing::Test::new(purchase_details())
            .run([rows()])
            .unwrap();
        let price = out.batch.float64("price_per_cd").unwrap();
        assert_eq!(price.iter().collect::<Vec<_>>(), [Some(11.75), None, None]);
        let weekdays = out.batch.utf8("weekday").unwrap();
        assert_eq!(
            weekdays.iter().flatten().collect::<Vec<_>>(),
            ["wednesday", "thursday", "wednesday"]
        );
        let big = out.batch.boolean("is_big_basket").unwrap();
        assert_eq!(
            big.iter().collect::<Vec<_>>(),
            [Some(false), Some(false), None]
        );
        assert_eq!(out.source_rows, Some(vec![0, 1, 2]));
    }

    #[test]
    fn every_weekday() {
        // 1969-12-29 was a Monday.
        for (day, name) in WEEKDAYS.iter().cycle().take(21).enumerate() {
            let start = (day as i64 - 3) * DAY_US;
            assert_eq!(
                (weekday(start), weekday(start + DAY_US - 1)),
                (*name, *name)
            );
        }
    }

    #[test]
    fn the_limit_is_a_parameter() {
        let out = testing::Test::new(purchase_details())
            .parameter("big_basket", 2)
            .run([rows()])
            .unwrap();
        assert!(out.batch.boolean("is_big_basket").unwrap().value(0));
    }
}
