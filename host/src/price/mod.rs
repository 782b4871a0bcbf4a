//! What Amazon's services cost, as data, and what follows for items.
//!
//! The sizes are those that the service charges by: a write of an item takes one unit for each KiB begun, a strongly consistent read one for
//! each 4 KiB begun and any other read half of that, an import its source data as it is before it is compressed, and storage the item with
//! 100 bytes beside (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.HowItWorks.html>). All of these are estimates in dollars, without
//! taxes, free tiers and contracts.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::definition::BillingMode;
use crate::error::{Classified, Kind};
use crate::time::Timestamp;

/// The region whose prices stand in for those of others that no file tells.
const STAND_IN: &str = "us-east-1";
/// What the service charges for beside each item's own bytes while it keeps it.
const STORED_BESIDE: f64 = 100.0;

const GIB: f64 = (1_u64 << 30) as f64;

/// Prices of a region from a day on, in dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The region.
    pub region: String,
    /// The first day.
    #[serde(deserialize_with = "day")]
    pub from: NaiveDate,
    /// Where they were read.
    pub source: String,
    /// Of a million write request units.
    pub write_units: f64,
    /// Of a million read request units.
    pub read_units: f64,
    /// Of importing a GiB of source data.
    pub import: f64,
    /// Of keeping a GiB for a month.
    pub storage: f64,
    /// Of a thousand requests that put an object into S3.
    pub puts: f64,
}

/// A day of TOML.
fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let day = toml::value::Datetime::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("`{day}` is no day"));
    match (day.date, day.time, day.offset) {
        (Some(date), None, None) => {
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// Write units of an item of so many bytes: one for each KiB that is begun.
pub fn write_units(item_bytes: u64) -> u64 {
    item_bytes.div_ceil(1024).max(1)
}

/// Read units of an item of so many bytes, in halves: two for each 4 KiB that is begun if the read is strongly consistent, else one.
pub fn read_half_units(item_bytes: u64, is_consistent: bool) -> u64 {
    let units = item_bytes.div_ceil(4096).max(1);
    match is_consistent {
        true => 2 * units,
        false => units,
    }
}

/// What a service has done that is paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Consumed {
    /// Read request units.
    pub read_units: f64,
    /// Write request units.
    pub write_units: f64,
    /// Bytes of source data that were imported.
    pub imported_bytes: u64,
    /// Requests that put an object into S3.
    pub puts: u64,
}

impl Price {
    /// As tables that are paid for in this way cost: units of provisioned ones are paid for by the hour, whether they are used or not.
    pub fn billed(&self, mode: BillingMode) -> Self {
        match mode {
            BillingMode::OnDemand => self.clone(),
            BillingMode::Provisioned { .. } => Self {
                write_units: 0.0,
                read_units: 0.0,
                ..self.clone()
            },
        }
    }

    /// What all of it costs.
    pub fn of(&self, consumed: &Consumed) -> f64 {
        self.reads(consumed.read_units)
            + self.writes(consumed.write_units)
            + self.imported(consumed.imported_bytes, consumed.puts)
    }

    /// What write units cost.
    pub fn writes(&self, units: f64) -> f64 {
        units * self.write_units / 1e6
    }

    /// What read units cost.
    pub fn reads(&self, units: f64) -> f64 {
        units * self.read_units / 1e6
    }

    /// What it costs to write items of so many bytes each.
    pub fn rows(&self, items: u64, item_bytes: u64) -> f64 {
        self.writes(items as f64 * write_units(item_bytes) as f64)
    }

    /// What it costs to import so many bytes of source data in so many objects.
    pub fn imported(&self, source_bytes: u64, objects: u64) -> f64 {
        source_bytes as f64 / GIB * self.import + objects as f64 * self.puts / 1e3
    }

    /// What it costs a month to keep items of so many bytes each.
    pub fn stored(&self, items: u64, item_bytes: u64) -> f64 {
        items as f64 * (item_bytes as f64 + STORED_BESIDE) / GIB * self.storage
    }
}

/// Prices of several regions and times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices(Vec<Price>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    price: Vec<Price>,
}

/// What keeps prices from being read.
#[derive(Debug, thiserror::Error)]
#[error("prices, {file}: {message}", file = file.display())]
pub struct PriceError {
    file: PathBuf,
    message: String,
}

impl Classified for PriceError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(
            "each `[[price]]` has `region`, `from` (a day), `source`, and in dollars `write_units` and `read_units` (a million), `import` and \
             `storage` (a GiB), `puts` (a thousand)"
                .to_owned(),
        )
    }
}

impl Prices {
    /// Those that come with this program.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Prices> = OnceLock::new();
        // A test reads them.
        BUILT_IN.get_or_init(|| Self(parse(include_str!("prices.toml")).unwrap_or_default()))
    }

    /// Those of a file, which go before the ones that come with this program.
    pub fn read(file: &Path) -> Result<Self, PriceError> {
        let failed = |message| PriceError {
            file: file.to_owned(),
            message,
        };
        let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
        Ok(Self(parse(&text).map_err(failed)?))
    }

    /// Those that a project's file says, if it has one.
    pub fn of_project(file: Option<&str>, folder: &Path) -> Result<Self, PriceError> {
        file.map_or_else(|| Ok(Self::default()), |file| Self::read(&folder.join(file)))
    }

    /// The prices of a region at a time, and those that stand in for them where none are known.
    pub fn at(&self, region: Option<&str>, at: Timestamp) -> Option<&Price> {
        let day = chrono::DateTime::from_timestamp_micros(at.micros())?.date_naive();
        let latest = |prices: &'_ [Price], region: &str| {
            let holding = prices.iter().enumerate();
            let holding = holding.filter(|(_, price)| price.region == region && price.from <= day);
            holding.max_by_key(|(_, price)| price.from).map(|(place, _)| place)
        };
        let own = |region: &str| latest(&self.0, region).and_then(|place| self.0.get(place));
        let built_in = &Self::built_in().0;
        let other = |region: &str| latest(built_in, region).and_then(|place| built_in.get(place));
        let region = region.unwrap_or(STAND_IN);
        own(region)
            .or_else(|| other(region))
            .or_else(|| own(STAND_IN))
            .or_else(|| other(STAND_IN))
    }
}

fn parse(text: &str) -> Result<Vec<Price>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    for price in &file.price {
        let prices = [
            price.write_units,
            price.read_units,
            price.import,
            price.storage,
            price.puts,
        ];
        if prices.iter().any(|price| !price.is_finite() || *price < 0.0) {
            return Err(format!(
                "a price of {} from {} is no number of dollars",
                price.region, price.from
            ));
        }
    }
    Ok(file.price)
}

#[cfg(test)]
mod tests;
