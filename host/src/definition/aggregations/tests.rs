use crate::definition::{FeatureView, Problems, parse};
use crate::tile::TimeWindow;
use crate::time::Span;

const REST: &str = "[project]\nname = \"shop\"\n[[entity]]\nname = \"c\"\njoin_keys = { id = \"int64\" }\n[[source]]\nname = \"s\"\n\
    path = \"s.csv\"\ntimestamp_column = \"at\"\n[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = [\"c\"]\n\
    sources = [\"s\"]\ntimestamp_column = \"at\"\n";
const DAILY: &str = "batch_schedule = \"1d\"\nfeature_start_time = 2024-01-01\n";

fn read(keys: &str, aggregations: &str) -> Result<FeatureView, Problems> {
    let parsed = parse("sandglass.toml", &format!("{REST}{keys}{aggregations}"))?;
    Ok(parsed.project.feature_views[0].clone())
}

fn sum(window: &str) -> String {
    format!("[[feature_view.aggregation]]\ncolumn = \"amount\"\nfunction = \"sum\"\ntime_window = {window}\n")
}

fn names(view: &FeatureView) -> Vec<&str> {
    let aggregation = view.aggregation.as_ref().expect("aggregations");
    aggregation
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect()
}

#[test]
fn the_default_interval_goes_into_the_schedule_and_its_start() {
    for (schedule, start, interval) in [
        ("1d", "2024-01-01", "1d"),
        ("1d", "1969-12-31", "1d"),
        ("1d", "1970-01-01", "1d"),
        ("1d", "2024-01-01T12:00:00Z", "12h"),
        ("1d", "2024-01-01T09:00:00Z", "3h"),
        ("1d", "2024-01-01T00:00:01Z", "1s"),
        ("1h", "2024-01-01T00:50:00Z", "10m"),
        // Weeks from 1970 begin on Thursdays.
        ("7d", "2024-01-01", "1d"),
        ("7d", "2024-01-04", "7d"),
    ] {
        let keys = format!("batch_schedule = \"{schedule}\"\nfeature_start_time = \"{start}\"\n");
        let view = read(&keys, &sum("\"70d\"")).unwrap_or_else(|problems| panic!("{problems}"));
        let aggregation = view.aggregation.expect("aggregations");
        assert_eq!(aggregation.interval.to_string(), interval, "{schedule} from {start}");
    }
}

#[test]
fn names_are_made_of_column_function_window_and_interval() {
    let text = [
        sum("[\"7d\", \"1d12h\", \"2w\", \"lifetime\", { size = \"7d\", offset = \"-1d\" }]"),
        sum("{ series_start = \"-7d\", size = \"1d\" }"),
        "[[feature_view.aggregation]]\ncolumn = \"Amount.net\"\nfunction = \"last_distinct( 10 )\"\ntime_window = \"1h\"\n".into(),
        "[[feature_view.aggregation]]\ncolumn = \"amount\"\nfunction = \"sum\"\ntime_window = \"1h\"\nname = \"spent\"\n".into(),
    ]
    .concat();
    let keys = format!("{DAILY}aggregation_interval = \"10m\"\nlifetime_start_time = 2020-01-01\n");
    let view = read(&keys, &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        names(&view),
        [
            "amount_sum_7d_10m",
            "amount_sum_1d12h_10m",
            "amount_sum_14d_10m",
            "amount_sum_lifetime_10m",
            "amount_sum_7d_10m_offset_1d",
            "amount_sum_1d_series_7d_0s_step_1d_10m",
            "Amount.net_last_distinct_10_1h_10m",
            "spent",
        ]
    );
}

#[test]
fn a_series_steps_by_its_size_to_the_leading_edge() {
    let view =
        read(DAILY, &sum("{ series_start = \"-6d\", size = \"2d\" }")).unwrap_or_else(|problems| panic!("{problems}"));
    let window = view.aggregation.expect("aggregations").features[0].window;
    let expected = TimeWindow::Series {
        start: Span::from_days(-6),
        end: Span::ZERO,
        step: Span::from_days(2),
        size: Span::from_days(2),
    };
    assert_eq!(window, expected);
}

/// Each with its message and hint, and nothing beside it.
#[test]
fn what_is_refused() {
    let day = &sum("\"1d\"");
    let from = |start: &str, rest: &str| format!("batch_schedule = \"1d\"\nfeature_start_time = \"{start}\"\n{rest}");
    let daily = |rest: &str| format!("{DAILY}{rest}");
    for (keys, text, message, hint) in [
        (
            daily("aggregation_interval = \"7h\"\n"),
            sum("\"7h\""),
            "`batch_schedule` `1d` is no multiple of the aggregation interval `7h`",
            "an aggregation interval of `6h` or `8h` would do",
        ),
        (
            daily("aggregation_interval = \"2d\"\n"),
            sum("\"2d\""),
            "`batch_schedule` `1d` is no multiple of the aggregation interval `2d`",
            "an aggregation interval of `1d` would do",
        ),
        (
            from("2024-01-01T12:00:00Z", "aggregation_interval = \"1d\"\n"),
            day.clone(),
            "`feature_start_time` 2024-01-01T12:00:00Z is no multiple of the aggregation interval `1d`, counted from 1970",
            "2024-01-01T00:00:00Z or 2024-01-02T00:00:00Z would do, or an aggregation interval of `12h`",
        ),
        (
            from("2024-01-01T00:00:00.5Z", ""),
            day.clone(),
            "no aggregation interval of a second or more goes into `batch_schedule` `1d` and `feature_start_time` \
             2024-01-01T00:00:00.500000Z",
            "2024-01-01T00:00:00Z or 2024-01-02T00:00:00Z would do",
        ),
        (
            daily("aggregation_interval = \"10ms\"\n"),
            day.clone(),
            "an aggregation interval of 10ms is shorter than a second",
            "",
        ),
        (
            daily(""),
            sum("\"36h\""),
            "the window `1d12h` is no multiple of the aggregation interval `1d`; `1d` or `2d` would do",
            "",
        ),
        (
            daily(""),
            sum("[\"1d\", \"36h\"]"),
            "the window `1d12h` is no multiple of the aggregation interval `1d`; `1d` or `2d` would do",
            "",
        ),
        (
            daily("ttl = \"90d\"\n"),
            day.clone(),
            "a `ttl` of 90d in a view with aggregations: their windows say how long a row counts",
            "leave it out: what is online lives for the aggregation interval, the longest window and 7 days",
        ),
        (
            daily(""),
            sum("\"lifetime\""),
            "a lifetime window, in a view without a `lifetime_start_time`",
            "write `lifetime_start_time = \"2020-01-01\"` in the feature view, for one",
        ),
        (
            daily("lifetime_start_time = 2020-01-01\n"),
            day.clone(),
            "`lifetime_start_time` of a view without a lifetime window",
            "leave it out",
        ),
        (
            daily("lifetime_start_time = 2020-01-01T06:00:00Z\n"),
            sum("\"lifetime\""),
            "`lifetime_start_time` 2020-01-01T06:00:00Z is no multiple of the aggregation interval `1d`, counted from 1970",
            "2020-01-01T00:00:00Z or 2020-01-02T00:00:00Z would do",
        ),
        (
            daily("aggregation_interval = \"1d\"\n"),
            String::new(),
            "`aggregation_interval` of a view without aggregations",
            "leave it out, or say with `[[feature_view.aggregation]]` what is aggregated",
        ),
        (
            daily("aggregation = []\n"),
            String::new(),
            "`aggregation` is empty",
            "leave it out: the features are then the columns of the view's rows",
        ),
        (
            daily("aggregation_secondary_key = \"ad\"\n"),
            sum("{ series_start = \"-2d\", size = \"1d\" }"),
            "a series of windows in a view with an `aggregation_secondary_key`",
            "write a list of windows with offsets, or another view without the key",
        ),
        (
            daily("aggregation_secondary_key = \"id\"\n"),
            day.clone(),
            "`aggregation_secondary_key` is `id`, a join key of the view: every key has one of it",
            "",
        ),
        (
            daily("aggregation_secondary_key = \"at\"\n"),
            day.clone(),
            "`aggregation_secondary_key` is `at`, the view's timestamp column",
            "",
        ),
        (
            daily(""),
            format!("{day}{day}"),
            "feature `amount_sum_1d_1d` is there twice",
            "leave one of the two out",
        ),
        (
            daily(""),
            format!("{day}{}name = \"amount_sum_1d_1d\"\n", sum("\"2d\"")),
            "two features are named `amount_sum_1d_1d`",
            "give one of them another `name`",
        ),
        (
            daily(""),
            format!("{day}name = \"id\"\n"),
            "feature `id` has the name of a join key",
            "give it another `name`",
        ),
        (
            daily("aggregation_secondary_key = \"ad\"\n"),
            format!("{day}name = \"ad_keys_1d\"\n"),
            "feature `ad_keys_1d` has the name of a list of secondary keys",
            "give it another `name`",
        ),
        (
            daily(""),
            format!("{}name = \"spent\"\n", sum("[\"1d\", \"7d\"]")),
            "one `name` for a list of windows, of which each is a feature",
            "leave it out, or write a table with a `name` for each window",
        ),
        (
            daily(""),
            day.replace("\"sum\"", "\"smu\""),
            "there is no aggregation function `smu`",
            "did you mean `sum`?",
        ),
        (
            daily(""),
            sum("[]"),
            "`time_window` is empty",
            "write \"7d\", \"lifetime\" or a list of windows",
        ),
        (
            daily(""),
            sum("7"),
            "`time_window` is no window",
            "write \"7d\", \"lifetime\", { size, offset }, { series_start, size }, or a list of these",
        ),
        (
            daily(""),
            sum("{ size = \"1d\", step_size = \"1d\" }"),
            "a series of windows without a `series_start`",
            "write `series_start = \"-7d\"`, for one",
        ),
        (
            daily(""),
            sum("{ size = \"1d\", series_start = \"-2d\", offset = \"-1d\" }"),
            "a series of windows with an `offset`",
            "shift `series_start` and `series_end`",
        ),
        (
            daily("window_edge = \"exact\"\n"),
            day.clone(),
            "`window_edge` is for stream views only, which are not supported yet",
            "leave it out: windows of batch views are exact",
        ),
    ] {
        let problems = read(&keys, &text).expect_err(message);
        let found: Vec<_> = problems
            .problems()
            .iter()
            .map(|problem| (problem.message.as_str(), problem.hint.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(found, [(message, hint)], "{keys}{text}");
    }
}

/// Lengths of time at the ends of their range are refused or read, and nothing overflows.
#[test]
fn extreme_lengths() {
    let most = "9223372036854775807us";
    for window in [
        format!("\"{most}\""),
        format!("\"-{most}\""),
        format!("{{ size = \"1d\", offset = \"-{most}\" }}"),
        format!("{{ series_start = \"-{most}\", size = \"1d\" }}"),
        format!("{{ series_start = \"-{most}\", series_end = \"-1us\", size = \"{most}\", step_size = \"{most}\" }}"),
    ] {
        for interval in ["1s", "1d", "5000000000000000000us", most] {
            for start in ["0001-01-01", "2024-01-01T00:00:00.000001Z", "9999-12-31"] {
                for schedule in ["1m", "1d", most] {
                    let keys = format!(
                        "batch_schedule = \"{schedule}\"\nfeature_start_time = \"{start}\"\naggregation_interval = \"{interval}\"\n"
                    );
                    let _ = read(&keys, &sum(&window));
                }
            }
        }
    }
}
