use super::*;

fn at(region: Option<&str>, time: &str) -> &'static Price {
    Prices::built_in()
        .at(region, time.parse().expect("a time"))
        .expect("a price")
}

const THEN: &str = "2024-10-31T23:59:59Z";
const NOW: &str = "2026-11-22T00:00:00Z";

fn cents(dollars: f64) -> f64 {
    (dollars * 100.0).round() / 100.0
}

/// A thousand million records of 100 bytes: what is promised of loads by import.
#[test]
fn the_promise_at_the_prices_of_its_time_and_of_today() {
    let (records, bytes) = (1_000_000_000, 100);
    let then = at(Some("us-east-1"), THEN);
    assert_eq!(cents(then.rows(records, bytes)), 1250.0);
    assert_eq!(cents(then.imported(records * bytes, 0)), 13.97);
    let now = at(Some("us-east-1"), NOW);
    assert_eq!(cents(now.rows(records, bytes)), 625.0);
    assert_eq!(cents(now.imported(records * bytes, 0)), 13.97);
}

#[test]
fn a_new_price_holds_from_its_day_on() {
    assert_eq!(at(None, "2024-10-31T23:59:59Z").write_units, 1.25);
    assert_eq!(at(None, "2024-11-01T00:00:00Z").write_units, 0.625);
    // Before all that are known there is none.
    let early = "2012-01-18T00:00:00Z".parse().expect("a time");
    assert_eq!(Prices::built_in().at(None, early), None);
}

#[test]
fn units_begin_with_each_kib() {
    assert_eq!([0, 1, 1024, 1025, 2048, 409_600].map(write_units), [1, 1, 1, 2, 2, 400]);
    assert_eq!([0, 4096, 4097].map(|bytes| read_half_units(bytes, false)), [1, 1, 2]);
    assert_eq!([0, 4096, 4097].map(|bytes| read_half_units(bytes, true)), [2, 2, 4]);
}

#[test]
fn a_project_has_prices_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("prices.toml");
    let entry = |more: &str| {
        let text = format!(
            "[[price]]\nregion = \"eu-central-1\"\nfrom = 2025-01-01\nsource = \"our contract\"\nwrite_units = 0.7\nread_units = 0.1\n\
             import = 0.2\nstorage = 0.3\n{more}\n"
        );
        std::fs::write(&file, text).expect("a file");
        Prices::read(&file)
    };
    let prices = entry("puts = 0.005").expect("prices");
    let now = NOW.parse().expect("a time");
    let found = |region| {
        prices
            .at(region, now)
            .map(|price| (price.region.as_str(), price.write_units))
    };
    assert_eq!(found(Some("eu-central-1")), Some(("eu-central-1", 0.7)));
    // Elsewhere, and where the region is not known, those of the stand-in.
    assert_eq!(found(Some("ap-south-2")), Some(("us-east-1", 0.625)));
    assert_eq!(found(None), Some(("us-east-1", 0.625)));
    for wrong in [
        "",
        "puts = -1.0",
        "puts = nan",
        "puts = \"free\"",
        "puts = 1.0\ngets = 1.0",
    ] {
        let error = entry(wrong).expect_err("no prices");
        assert_eq!(error.kind(), Kind::Invalid, "{wrong}: {error}");
    }
    assert!(Prices::read(&folder.path().join("other")).is_err());
}
