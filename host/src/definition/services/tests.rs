use super::*;
use crate::definition::{Problems, parse};

const VIEWS: &str = r#"
[project]
name = "shop"
[[entity]]
name = "customer"
join_keys = { customer_id = "int64" }
[[entity]]
name = "store"
join_keys = { store_id = "utf8" }
[[source]]
name = "s"
path = "s.csv"
timestamp_column = "at"
[[feature_view]]
name = "rfm"
kind = "batch"
entities = ["customer"]
sources = ["s"]
timestamp_column = "at"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
[[feature_view]]
name = "spend"
kind = "batch"
entities = ["store", "customer"]
sources = ["s"]
timestamp_column = "at"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = ["7d", "1d"]
"#;

fn read(features: &str) -> Result<Project, Problems> {
    let text = format!("{VIEWS}[[feature_service]]\nname = \"both\"\nfeatures = {features}\n");
    parse("sandglass.toml", &text).map(|parsed| parsed.project)
}

/// What the views have when they are compiled.
fn features(view: &str) -> Option<Vec<(String, String)>> {
    let features: &[(&str, &str)] = match view {
        "rfm" => &[("recency", "float64"), ("frequency", "int64")],
        _ => &[("amount_sum_1d_1d", "float64"), ("amount_sum_7d_1d", "float64")],
    };
    let features = features.iter();
    Some(
        features
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect(),
    )
}

#[test]
fn a_service_with_everything() {
    let text = r#"["spend[amount_sum_7d_1d]", "rfm", { view = "rfm", join_keys = { customer_id = "buyer_id" }, prefix = "buyer" },
        { view = "rfm", columns = ["frequency"], prefix = "again" }]"#;
    let project = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    let service = project.feature_service("both").expect("it is there");
    let resolved = service.resolve(&project, features).expect("valid");
    let named: Vec<_> = resolved
        .features
        .iter()
        .map(|feature| (feature.name(), feature.data_type.as_str(), feature.from))
        .collect();
    let named: Vec<_> = named
        .iter()
        .map(|(name, kind, from)| match from {
            FeatureFrom::Lookup(lookup) => (name.as_str(), *kind, *lookup),
            FeatureFrom::Request(_) => panic!("{name} is computed"),
        })
        .collect();
    assert_eq!(
        named,
        [
            ("again.frequency", "int64", 1),
            ("buyer.frequency", "int64", 2),
            ("buyer.recency", "float64", 2),
            ("rfm.frequency", "int64", 1),
            ("rfm.recency", "float64", 1),
            ("spend.amount_sum_7d_1d", "float64", 0),
        ]
    );
    assert_eq!(resolved.features[5].training_name(), "spend__amount_sum_7d_1d");
    let keys: Vec<_> = resolved
        .keys
        .iter()
        .map(|key| (key.name.as_str(), key.kind.name()))
        .collect();
    assert_eq!(
        keys,
        [("store_id", "utf8"), ("customer_id", "int64"), ("buyer_id", "int64")]
    );
    let lookups: Vec<_> = resolved
        .lookups
        .iter()
        .map(|lookup| (lookup.view.as_str(), lookup.keys.join(", ")))
        .collect();
    assert_eq!(
        lookups,
        [
            ("spend", "store_id, customer_id".to_owned()),
            ("rfm", "customer_id".to_owned()),
            ("rfm", "buyer_id".to_owned()),
        ]
    );
}

/// Request views come first, in the order of their transformations; what they read is looked up with the keys of requests.
#[test]
fn a_service_with_request_views() {
    let text = format!(
        r#"{VIEWS}
        [[feature_view]]
        name = "risk"
        kind = "request"
        request_context = {{ amount = "float64" }}
        features = ["rfm[recency]", {{ view = "rfm", prefix = "seller", join_keys = {{ customer_id = "seller_id" }} }}]
        transformation = "risk.wasm"
        [[feature_service]]
        name = "both"
        features = ["rfm[recency]", "risk[a, b]", {{ view = "risk", prefix = "x", join_keys = {{ seller_id = "other_id" }} }}]
        "#
    );
    let parsed = parse("sandglass.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let known = |view: &str| match view {
        "risk" => Some(vec![
            ("b".to_owned(), "utf8".to_owned()),
            ("a".to_owned(), "int64".to_owned()),
        ]),
        other => features(other),
    };
    let service = parsed.project.feature_service("both").expect("it is there");
    let resolved = service.resolve(&parsed.project, known).expect("valid");
    let named: Vec<_> = resolved
        .features
        .iter()
        .map(|feature| (feature.name(), feature.from))
        .collect();
    let expected = [
        ("risk.b", FeatureFrom::Request(0)),
        ("risk.a", FeatureFrom::Request(0)),
        ("x.b", FeatureFrom::Request(1)),
        ("x.a", FeatureFrom::Request(1)),
        ("rfm.recency", FeatureFrom::Lookup(0)),
    ];
    assert_eq!(named, expected.map(|(name, from)| (name.to_owned(), from)));
    let keys: Vec<&str> = resolved.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["customer_id", "seller_id", "other_id"]);
    let lookups: Vec<_> = resolved.lookups.iter().map(|lookup| lookup.keys.join(", ")).collect();
    assert_eq!(lookups, ["customer_id", "seller_id", "other_id"]);
    let reads: Vec<_> = resolved
        .requests
        .iter()
        .map(|request| request.lookups.clone())
        .collect();
    assert_eq!(reads, [[0, 1], [0, 2]]);
    assert_eq!(
        (resolved.context.len(), resolved.requests[1].context.as_slice()),
        (1, &[0][..])
    );
}

/// Each by the definitions alone, with its message and hint.
#[test]
fn what_is_refused() {
    for (text, message, hint) in [
        (
            "[]",
            "`features` is empty, and names at least one",
            "write `features = [\"view\", \"view[feature]\"]`",
        ),
        (
            "[\"rmf\"]",
            "no feature view `rmf`; this project has `rfm`, `spend`",
            "did you mean `rfm`?",
        ),
        (
            "[\"rfm[a\"]",
            "`rfm[a` lacks a closing bracket",
            "write \"view\" or \"view[feature, feature]\"",
        ),
        (
            "[\"rfm[]\"]",
            "an empty name or list of features",
            "name features, or leave the list out for all of the view's",
        ),
        ("[\"rfm[a, a]\"]", "feature `a` is named twice", ""),
        (
            "[\"spend[amount_sum_2d_1d]\"]",
            "feature view `spend` has no feature `amount_sum_2d_1d`; it has `amount_sum_7d_1d`, `amount_sum_1d_1d`",
            "did you mean `amount_sum_1d_1d`?",
        ),
        (
            "[\"spend\", \"spend[amount_sum_1d_1d]\"]",
            "feature service `both` has two features `spend.amount_sum_1d_1d`",
            "give one of the entries a `prefix` of its own: { view, prefix }",
        ),
        (
            "[{ view = \"rfm\", join_keys = { customer = \"buyer_id\" } }]",
            "feature view `rfm` has no join key `customer`; it has `customer_id`",
            "did you mean `customer_id`?",
        ),
        (
            "[{ view = \"spend\", join_keys = { customer_id = \"store_id\" } }]",
            "two join keys of feature view `spend` are called `store_id`",
            "map each to a name of its own",
        ),
        (
            "[\"spend\", { view = \"rfm\", join_keys = { customer_id = \"store_id\" } }]",
            "join key `store_id` is int64 for feature view `rfm` and utf8 for `spend`",
            "call one of them otherwise with `join_keys = { key = \"another_name\" }`",
        ),
        (
            "[{ view = \"rfm\", prefix = \"A\" }]",
            "`A` is not a name: lower-case letters, digits and `_`, a letter first, at most 63",
            "",
        ),
    ] {
        let problems = read(text).expect_err(message);
        let found: Vec<_> = problems
            .problems()
            .iter()
            .map(|problem| (problem.message.as_str(), problem.hint.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(found, [(message, hint)], "{text}");
    }
}

#[test]
fn what_only_compiled_views_tell() {
    let project = read(r#"["rfm[recensy]", "rfm", { view = "rfm", columns = ["recency"] }]"#).expect("valid so far");
    let problems = project.feature_services[0]
        .resolve(&project, features)
        .expect_err("refused");
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.entry, problem.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                0,
                "feature view `rfm` has no feature `recensy`; it has `recency`, `frequency`"
            ),
            (2, "feature service `both` has two features `rfm.recency`"),
        ]
    );
}

#[test]
fn a_service_is_not_called_as_a_view() {
    let text = format!("{VIEWS}[[feature_service]]\nname = \"rfm\"\nfeatures = [\"rfm\"]\n");
    let problems = parse("sandglass.toml", &text).expect_err("refused");
    assert_eq!(
        problems.problems()[0].message,
        "a feature service and a feature view are named `rfm`"
    );
}

#[test]
fn names_of_training_data_are_told_apart_too() {
    let text = format!(
        "{VIEWS}[[feature_service]]\nname = \"both\"\nfeatures = [{{ view = \"rfm\", columns = [\"b__c\"], prefix = \"a\" }}, \
         {{ view = \"rfm\", columns = [\"c\"], prefix = \"a__b\" }}]\n"
    );
    let problems = parse("sandglass.toml", &text).expect_err("refused");
    assert_eq!(
        problems.problems()[0].message,
        "feature service `both` has two features `a__b.c`"
    );
}
