//! What changes cost, counted in jobs on the purchases; going back; destroying; adopting code that changes nothing.

use serde_json::Value;

use crate::harness::{Answer, Project, component};

const END: &str = "1997-01-11";

/// Two views: rows one by one in `v`, keys with a lookback in `w`.
fn definitions(code: &str) -> String {
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
transformation = "{code}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
ttl = "30d"
online = true

[[feature_view]]
name = "w"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "-2d" }}]
transformation = "{code}#customer_rfm"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
ttl = "30d"
online = true
"#
    )
}

/// The example's component, made once.
fn made() -> String {
    component("examples/purchases/transformations/purchases")
        .display()
        .to_string()
}

/// What a command says of a view.
fn of<'a>(answer: &'a Value, view: &str) -> &'a Value {
    let views = answer["feature_views"].as_array().unwrap();
    views.iter().find(|found| found["name"] == view).unwrap()
}

fn jobs(plan: &Value) -> u64 {
    plan["cost"]["jobs"].as_u64().unwrap()
}

/// What one change costs the two views: its name in the plan, jobs run, and what becomes of the items.
type Cost = (&'static str, u64, &'static str);

struct Changed {
    project: Project,
    text: String,
}

impl Changed {
    /// Replaces a line of both views, or of one, and pays what that costs.
    fn change(&mut self, from: &str, to: &str, v: Cost, w: Cost) {
        assert!(self.text.contains(from), "{from}");
        self.text = self.text.replace(from, to);
        self.pays(&format!("{from} to {to}"), v, w);
    }

    fn pays(&self, what: &str, v: Cost, w: Cost) {
        self.project.define(&self.text);
        let plan = self.project.json(END, &["plan"]);
        let applied = self.project.json(END, &["apply"]);
        let done = self.project.json(END, &["materialize"]);
        for (view, (change, count, items)) in [("v", v), ("w", w)] {
            assert_eq!(of(&plan, view)["change"], change, "plan of {view}: {what}");
            assert_eq!(of(&applied, view)["change"], change, "{view}: {what}");
            assert_eq!(jobs(of(&plan, view)), count, "plan of {view}: {what}");
            assert_eq!(of(&done, view)["jobs"], count, "{view}: {what}");
            let online = of(&done, view)["online"].as_str().unwrap();
            assert!(online.ends_with(items), "{view}: {what}: {online}, and not {items}");
        }
        let again = self.project.json(END, &["plan"]);
        for view in ["v", "w"] {
            assert_eq!(of(&again, view)["change"], "none", "{view}: {what}");
            assert_eq!(jobs(of(&again, view)), 0);
        }
    }

    fn get(&self, view: &str) -> Answer {
        self.project.run(END, &["get", view, "--key", "customer_id=1"])
    }
}

const NONE: Cost = ("none", 0, "unchanged");
const METADATA: Cost = ("metadata", 0, "unchanged");
const ONLINE: Cost = ("online", 0, "keys loaded");
const PLAN: Cost = ("plan", 0, "keys loaded");
/// Ten days, day by day.
const VERSION: Cost = ("new version", 10, "keys loaded");
const BACK: Cost = ("back to a kept version", 0, "keys loaded");

#[test]
fn every_row_of_the_change_table() {
    let _timed = crate::harness::Timed::new("versions::every_row_of_the_change_table");
    let text = definitions(&made());
    let project = Project::with_purchases("");
    let mut all = Changed { project, text };
    let created = ("create", 10, "keys loaded");
    all.pays("new", created, created);
    let first = "name = \"v\"\n";
    all.change(first, "name = \"v\"\ndescription = \"details\"\n", METADATA, NONE);
    all.change(
        "\"details\"\n",
        "\"details\"\nowner = \"me\"\ntags = { team = \"growth\" }\n",
        METADATA,
        NONE,
    );
    all.change(
        "owner = \"me\"\n",
        "max_rejected = 3\nlimits = { memory_bytes = 300_000_000 }\n",
        METADATA,
        NONE,
    );
    all.change(
        "max_rejected = 3\n",
        "trigger = \"manual\"\nmanual_backfill_end_time = \"1997-01-11\"\n",
        METADATA,
        NONE,
    );
    all.change(
        "trigger = \"manual\"\nmanual_backfill_end_time = \"1997-01-11\"\n",
        "",
        METADATA,
        NONE,
    );
    all.change("ttl = \"30d\"", "ttl = \"20d\"", ONLINE, ONLINE);
    let served = all.get("v").stdout;
    assert!(served.contains("PRESENT"), "{served}");
    // Off, and on again.
    let last = "tags = { team = \"growth\" }\n";
    let off = ("online", 0, "taken down");
    let online = all.text.clone();
    all.text = online.replacen("online = true", "online = false", 1);
    all.pays("online off", off, NONE);
    assert_eq!(all.get("v").status, 1);
    assert!(all.project.items("v").is_empty());
    all.text = online;
    all.pays("online on", ONLINE, NONE);
    assert_eq!(all.get("v").stdout, served);
    all.change(
        last,
        "tags = { team = \"growth\" }\norder_by = \"price_per_cd\"\n",
        PLAN,
        NONE,
    );
    let recut = ("plan", 0, "unchanged");
    all.text = all
        .text
        .replacen("incremental_backfills = true", "max_backfill_interval = \"5d\"", 1);
    all.pays("one by one to five days at once", recut, NONE);
    all.text = all
        .text
        .replacen("max_backfill_interval = \"5d\"", "incremental_backfills = true", 1);
    all.pays("five days at once to one by one", recut, NONE);
    // Two days at once: rows that are made one by one stay, a window's do not.
    all.change(
        "batch_schedule = \"1d\"",
        "batch_schedule = \"2d\"",
        PLAN,
        ("new version", 5, "keys loaded"),
    );
    all.change("batch_schedule = \"2d\"", "batch_schedule = \"1d\"", PLAN, BACK);
    all.change(
        "#purchase_details\"\n",
        "#purchase_details\"\nparameters = { big_basket = 2 }\n",
        VERSION,
        NONE,
    );
    all.change("parameters = { big_basket = 2 }\n", "", BACK, NONE);
    all.change(
        "start_time_offset = \"-2d\"",
        "start_time_offset = \"-3d\"",
        NONE,
        VERSION,
    );
    all.change(
        "feature_start_time = \"1997-01-01\"",
        "feature_start_time = \"1997-01-02\"",
        ("new version", 9, "keys loaded"),
        ("new version", 9, "keys loaded"),
    );
    assert_eq!(of(&all.project.json(END, &["status"]), "w")["version"], 4);
}

#[test]
fn a_delay_and_another_file_of_a_source() {
    let _timed = crate::harness::Timed::new("versions::a_delay_and_another_file_of_a_source");
    let project = Project::with_purchases(&definitions(&made()));
    project.apply_and_materialize(END);
    let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    let path = "path = \"data/purchases.parquet\"\n";
    // Rows of the tenth become visible an hour later: what is online ends a day before.
    let delayed = text.replace(path, &format!("{path}description = \"late\"\ndata_delay = \"1h\"\n"));
    std::fs::write(project.path("sandglass.toml"), &delayed).unwrap();
    let plan = project.json(END, &["plan"]);
    for view in ["v", "w"] {
        assert_eq!(of(&plan, view)["change"], "plan");
        assert_eq!(jobs(of(&plan, view)), 0);
        let told = of(&plan, view)["reasons"].to_string();
        assert!(told.contains("source purchases: data_delay"), "{told}");
    }
    project.apply_and_materialize(END);
    let status = project.json(END, &["status"]);
    assert_eq!(of(&status, "v")["online_through"], "1997-01-10T00:00:00Z");
    std::fs::rename(
        project.path("data/purchases.parquet"),
        project.path("data/others.parquet"),
    )
    .unwrap();
    std::fs::write(
        project.path("sandglass.toml"),
        delayed.replace("purchases.parquet", "others.parquet"),
    )
    .unwrap();
    let plan = project.json(END, &["plan"]);
    for view in ["v", "w"] {
        assert_eq!(of(&plan, view)["change"], "new version");
        assert_eq!(jobs(of(&plan, view)), 9);
    }
}

#[test]
fn back_and_forth() {
    let _timed = crate::harness::Timed::new("versions::back_and_forth");
    let definitions = definitions(&made());
    let project = Project::with_purchases(&definitions);
    project.apply_and_materialize(END);
    let (rows, items) = (project.rows("v", 1), project.items("v"));
    let refused = project.run(END, &["rollback", "v"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.stderr.contains("no other version is kept"),
        "{}",
        refused.stderr
    );
    let changed = definitions.replacen(
        "#purchase_details\"\n",
        "#purchase_details\"\nparameters = { big_basket = 2 }\n",
        1,
    );
    project.define(&changed);
    project.apply_and_materialize(END);
    assert_ne!(project.items("v"), items);
    // Two days later, the other version has two days to make up for.
    let later = "1997-01-13";
    let back = project.json(later, &["rollback", "v"]);
    assert_eq!(
        (&back["feature_views"][0]["from"], &back["feature_views"][0]["version"]),
        (&2.into(), &1.into())
    );
    let status = project.json(later, &["status"]);
    assert_eq!(of(&status, "v")["live_version"], 2, "not before it is complete");
    let done = project.json(later, &["materialize"]);
    assert_eq!(of(&done, "v")["jobs"], 2);
    let status = project.json(later, &["status"]);
    assert_eq!(of(&status, "v")["live_version"], 1);
    let kept: Vec<_> = project
        .rows("v", 1)
        .into_iter()
        .filter(|row| rows.contains(row))
        .collect();
    assert_eq!(kept, rows);
    // The folder still has the other definition.
    let plan = project.json(later, &["plan"]);
    assert_eq!(of(&plan, "v")["change"], "back to a kept version");
    assert_eq!((jobs(of(&plan, "v")), &of(&plan, "v")["version"]), (2, &2.into()));
    let unknown = project.run(later, &["rollback", "v", "--to", "7"]);
    assert!(
        unknown.stderr.contains("cannot go back to version 7: kept are 2"),
        "{}",
        unknown.stderr
    );
    assert!(
        project
            .run(later, &["rollback", "x"])
            .stderr
            .contains("no feature view `x` is applied")
    );
}

#[test]
fn a_destroyed_view_leaves_nothing() {
    let _timed = crate::harness::Timed::new("versions::a_destroyed_view_leaves_nothing");
    let definitions = definitions(&made());
    let project = Project::with_purchases(&definitions);
    project.apply_and_materialize(END);
    let changed = definitions.replacen(
        "#purchase_details\"\n",
        "#purchase_details\"\nparameters = { big_basket = 2 }\n",
        1,
    );
    project.define(&changed);
    project.apply_and_materialize(END);
    let shown = project.json(END, &["destroy", "v"]);
    assert_eq!(
        (shown["tables"].as_array().unwrap().len(), &shown["destroyed"]),
        (2, &false.into())
    );
    assert!(!project.items("v").is_empty());
    // Not defined any more is not destroyed.
    let only_w = definitions
        .split("[[feature_view]]")
        .nth(2)
        .map(|view| format!("[[feature_view]]{view}"))
        .unwrap();
    project.define(&only_w);
    let applied = project.json(END, &["apply"]);
    assert_eq!(of(&applied, "v")["change"], "remove");
    project.define(&changed);
    let plan = project.json(END, &["plan"]);
    assert_eq!(
        (&of(&plan, "v")["change"], jobs(of(&plan, "v"))),
        (&"back to a kept version".into(), 0)
    );
    project.define(&only_w);
    project.json(END, &["destroy", "v", "--yes"]);
    assert!(project.items("v").is_empty());
    for place in ["store/offline/shop/v", "store/online/shop/v"] {
        assert!(!project.path(place).exists(), "{place}");
    }
    assert!(!project.items("w").is_empty());
    let w = project.json(END, &["materialize"]);
    assert_eq!(of(&w, "w")["jobs"], 0);
    // Again is no error; a stranger is.
    project.json(END, &["destroy", "v", "--yes"]);
    assert!(
        project
            .run(END, &["destroy", "x"])
            .stderr
            .contains("no feature view `x`; there are `w`")
    );
    // Its numbers are not used again.
    project.define(&changed);
    project.apply_and_materialize(END);
    assert_eq!(of(&project.json(END, &["status"]), "v")["live_version"], 3);
}

/// A crate of its own, which a test may edit.
fn crate_in(project: &Project) -> std::path::PathBuf {
    let from = crate::harness::repository().join("examples/purchases/transformations/purchases");
    let to = project.path("code");
    std::fs::create_dir_all(to.join("src")).unwrap();
    for file in std::fs::read_dir(from.join("src")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join("src").join(file.file_name())).unwrap();
    }
    std::fs::copy(from.join("Cargo.lock"), to.join("Cargo.lock")).unwrap();
    let sdk = crate::harness::repository()
        .join("guest-sdk/rust")
        .canonicalize()
        .unwrap();
    let manifest = std::fs::read_to_string(from.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("../../../../guest-sdk/rust", sdk.to_str().unwrap());
    assert!(manifest.contains(sdk.to_str().unwrap()), "{manifest}");
    std::fs::write(to.join("Cargo.toml"), manifest).unwrap();
    to.join("src")
}

/// Puts text in front of a file, or replaces some of it.
fn edit(file: &std::path::Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(file).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text);
    std::fs::write(file, changed).unwrap();
}

#[test]
fn code_that_changes_nothing_costs_nothing() {
    let _timed = crate::harness::Timed::new("versions::code_that_changes_nothing_costs_nothing");
    let project = Project::with_purchases(&definitions("code"));
    let source = crate_in(&project);
    project.apply_and_materialize(END);
    assert_eq!(of(&project.json(END, &["plan"]), "v")["change"], "none");
    let items = (project.items("v"), project.items("w"));
    // A comment, lines from the top: panics say other lines, and no row differs.
    edit(&source.join("lib.rs"), |text| format!("// A comment.\n\n\n{text}"));
    let plan = project.json(END, &["plan", "--replay", "all"]);
    for view in ["v", "w"] {
        let plan = of(&plan, view);
        assert_eq!(
            (&plan["change"], &plan["reasons"][0], jobs(plan)),
            (&"new version".into(), &"code".into(), 10)
        );
        assert_eq!(plan["replay"]["difference"], Value::Null);
        assert_eq!(plan["replay"]["intervals"], 10);
        assert_eq!(
            plan["replay"]["rows"],
            project.rows(plan["name"].as_str().unwrap(), 1).len()
        );
    }
    let applied = project.json(END, &["apply", "--keep-data"]);
    let done = project.json(END, &["materialize"]);
    for view in ["v", "w"] {
        assert_eq!(of(&applied, view)["change"], "new code, same rows");
        assert_eq!(
            (&of(&done, view)["jobs"], &of(&done, view)["version"]),
            (&0.into(), &1.into())
        );
        assert_eq!(of(&done, view)["online"], "unchanged");
        assert_eq!(of(&project.json(END, &["plan"]), view)["change"], "none");
    }
    assert_eq!((project.items("v"), project.items("w")), items);
    // Logic of one of the two: the first row that differs is shown, and nothing is adopted.
    let details = std::fs::read_dir(&source).unwrap().map(|file| file.unwrap().path());
    let details = details.filter(|path| std::fs::read_to_string(path).unwrap().contains("big_basket"));
    let details = details.last().unwrap();
    edit(&details, |text| text.replace(">= ", "> "));
    let plan = project.json(END, &["plan", "--replay", "3"]);
    let difference = &of(&plan, "v")["replay"]["difference"];
    assert_eq!(
        (&difference["interval"]["start"], &difference["row"].is_u64()),
        (&"1997-01-01T00:00:00Z".into(), &true)
    );
    assert_ne!(difference["before"], difference["after"]);
    assert_eq!(of(&plan, "w")["replay"]["difference"], Value::Null);
    let refused = project.run(END, &["apply", "--keep-data"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.stderr.contains("the new code differs: interval"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        of(&project.json(END, &["plan"]), "v")["change"],
        "new version",
        "nothing was applied"
    );
    // On the caller's word.
    project.json(END, &["apply", "--keep-data=unchecked"]);
    assert_eq!(of(&project.json(END, &["materialize"]), "v")["jobs"], 0);
    let registry = project.path("store/offline/shop/_registry/applied");
    let last = std::fs::read_dir(registry)
        .unwrap()
        .map(|file| file.unwrap().path())
        .max()
        .unwrap();
    let applied: Value = serde_json::from_slice(&std::fs::read(last).unwrap()).unwrap();
    let adopted = applied["views"]["v"]["adopted"].as_array().unwrap();
    assert_eq!(
        (&adopted[0]["replayed"], &adopted[1]["replayed"]),
        (&5.into(), &Value::Null)
    );
    // More than code is a new version, whatever is asked for.
    edit(&details, |text| format!("// Another.\n{text}"));
    project.define(&definitions("code").replacen(
        "#purchase_details\"\n",
        "#purchase_details\"\nparameters = { big_basket = 2 }\n",
        1,
    ));
    let refused = project.run(END, &["apply", "--keep-data"]);
    assert!(
        refused.stderr.contains("not only its code changes: code; parameters"),
        "{}",
        refused.stderr
    );
}

/// Two copies of a crate, as two checkouts have it: what is built of one is not taken for the other, whichever is newer.
#[test]
fn copies_of_a_crate_are_not_taken_for_each_other() {
    let _timed = crate::harness::Timed::new("versions::copies_of_a_crate_are_not_taken_for_each_other");
    let build = |project: &Project| {
        let said = project.json(END, &["build"]);
        said["components"][0]["digest"].as_str().unwrap().to_owned()
    };
    let [one, other] = [(), ()].map(|()| Project::with_purchases(&definitions("code")));
    let sources = [&one, &other].map(crate_in);
    let first = build(&one);
    let details = sources[1].join("purchase_details.rs");
    let (least, more) = ("quantity? >= big_basket", "quantity? > big_basket");
    edit(&details, |text| text.replace(least, more));
    let changed = build(&other);
    assert_ne!(first, changed);
    // The other's is newer than the sources of this one, and still it is not this one's.
    assert_eq!(build(&one), first);
    assert_eq!(build(&other), changed);
    // Where a crate lies says nothing.
    edit(&details, |text| text.replace(more, least));
    assert_eq!(build(&other), first);
}

/// A view that passes the purchases on and sums them up.
const SPEND: &str = r#"
[[feature_view]]
name = "spend"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"

[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = ["7d", "2d"]
"#;

fn told(plan: &Value, view: &str) -> (String, Vec<String>) {
    let view = of(plan, view);
    let reasons = view["reasons"].as_array().unwrap().iter();
    let reasons = reasons.map(|reason| reason.as_str().unwrap().to_owned()).collect();
    (view["change"].as_str().unwrap().to_owned(), reasons)
}

#[test]
fn what_changes_of_aggregations_cost() {
    let _timed = crate::harness::Timed::new("versions::what_changes_of_aggregations_cost");
    let project = Project::with_purchases(SPEND);
    project.json(END, &["apply"]);
    for (from, to, change, reasons) in [
        (
            r#"["7d", "2d"]"#,
            r#""7d""#,
            "tiles",
            vec!["aggregation amount_sum_2d_1d dropped".to_owned()],
        ),
        (r#"["7d", "2d"]"#, r#"["2d", "7d"]"#, "none", vec![]),
        (
            "\n[[feature_view.agg",
            "aggregation_secondary_key = \"quantity\"\n[[feature_view.agg",
            "tiles",
            vec![r#"aggregation_secondary_key: nothing to "quantity""#.to_owned()],
        ),
    ] {
        assert!(SPEND.contains(from), "{from}");
        project.define(&SPEND.replace(from, to));
        let found = told(&project.json(END, &["plan"]), "spend");
        assert_eq!(found, (change.to_owned(), reasons), "{from} to {to}");
    }
    let hourly = "feature_start_time = \"1997-01-01\"\naggregation_interval = \"1h\"";
    project.define(&SPEND.replace("feature_start_time = \"1997-01-01\"", hourly));
    let (change, reasons) = told(&project.json(END, &["plan"]), "spend");
    assert_eq!(change, "plan");
    assert!(
        reasons.contains(&r#"aggregation_interval: "1d" to "1h""#.to_owned()),
        "{reasons:?}"
    );
    project.define(SPEND.split("\n[[feature_view.agg").next().unwrap());
    assert_eq!(told(&project.json(END, &["plan"]), "spend").0, "plan");
}

#[test]
fn tiles_that_are_missing_are_told_and_made() {
    let _timed = crate::harness::Timed::new("versions::tiles_that_are_missing_are_told_and_made");
    let project = Project::with_purchases(SPEND);
    let tiles = project.path("store/offline/shop/spend/v1/tiles");
    let missing = |command: &str| of(&project.json(END, &[command]), "spend")["missing_tiles"].clone();
    let none = serde_json::json!([]);
    let all = serde_json::json!([{ "start": "1997-01-01T00:00:00Z", "end": "1997-01-11T00:00:00Z" }]);
    assert_eq!(missing("plan"), none);
    project.apply_and_materialize(END);
    assert_eq!((missing("status"), missing("plan")), (none.clone(), none.clone()));
    // Rows that were made again, by a process that was killed before their tiles were.
    let kept = project.path("kept");
    std::fs::rename(&tiles, &kept).unwrap();
    assert_eq!((missing("status"), missing("plan")), (all.clone(), all.clone()));
    let range = ["--start", "1997-01-01", "--end", END, "--overwrite"];
    project.json(END, &[&["materialize"][..], &range].concat());
    std::fs::remove_dir_all(&tiles).unwrap();
    std::fs::rename(&kept, &tiles).unwrap();
    assert_eq!((missing("status"), missing("plan")), (all.clone(), all.clone()));
    let status = project.run(END, &["status"]).stdout;
    assert!(status.contains("missing tiles"), "{status}");
    let made = project.json(END, &["materialize"]);
    assert_eq!(of(&made, "spend")["jobs"], 0);
    assert!(of(&made, "spend")["tiles"].as_u64() > Some(0), "{made}");
    assert_eq!(missing("status"), none);
    // Another aggregation has other tiles; those of the one before are kept beside them.
    project.define(&SPEND.replace("\"sum\"", "\"max\""));
    let plan = project.run(END, &["plan"]);
    let told = "spend: tiles of 1997-01-01T00:00:00Z to 1997-01-11T00:00:00Z are to be made of rows that are there";
    assert!(plan.stderr.contains(told), "{}", plan.stderr);
    assert_eq!(missing("plan"), all);
    assert_eq!(missing("status"), none);
    project.json(END, &["apply"]);
    assert_eq!(missing("status"), all);
    let made = project.json(END, &["materialize"]);
    assert_eq!(of(&made, "spend")["jobs"], 0);
    assert_eq!(missing("status"), none);
    let shown = project.json(END, &["destroy", "spend"]);
    assert_eq!(shown["tables"][0]["tiles"]["tables"], 2, "{shown}");
    assert!(
        project
            .run(END, &["destroy", "spend"])
            .stdout
            .contains("2 tables of tiles")
    );
    project.json(END, &["destroy", "spend", "--yes"]);
    assert!(!tiles.exists());
}

#[test]
fn services_are_planned_applied_and_kept_whole() {
    let _timed = crate::harness::Timed::new("versions::services_are_planned_applied_and_kept_whole");
    let service = "[[feature_service]]\nname = \"all\"\nfeatures = [\"spend\"]\n";
    let project = Project::with_purchases(&format!("{SPEND}{service}"));
    let services = |answer: &Value| answer["feature_services"].clone();
    let created = serde_json::json!([{ "name": "all", "change": "create", "reasons": [] }]);
    assert_eq!(services(&project.json(END, &["plan"])), created);
    assert_eq!(services(&project.json(END, &["apply"])), created);
    let plan = project.run(END, &["plan"]);
    assert!(
        plan.stdout
            .contains("\nfeature service  change  reasons\nall              none\n"),
        "{}",
        plan.stdout
    );
    let fewer = service.replace("spend", "spend[amount_sum_7d_1d]");
    project.define(&format!("{SPEND}{fewer}"));
    let applied = project.json(END, &["apply"]);
    let changed = serde_json::json!([
        { "name": "all", "change": "metadata", "reasons": ["features: spend to spend[amount_sum_7d_1d]"] }
    ]);
    assert_eq!(services(&applied), changed);
    assert_eq!(of(&applied, "spend")["change"], "none");
    // A view that a service has goes neither from the definitions nor from the stores.
    let refused = project.run(END, &["destroy", "spend", "--yes"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.stderr.contains("feature service `all` has features of `spend`"),
        "{}",
        refused.stderr
    );
    project.define(service);
    let refused = project.run(END, &["plan"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused
            .stderr
            .contains("no feature view `spend`; this project has none"),
        "{}",
        refused.stderr
    );
    project.define(SPEND);
    let removed = serde_json::json!([{ "name": "all", "change": "remove", "reasons": ["not in the definitions"] }]);
    assert_eq!(services(&project.json(END, &["apply"])), removed);
    assert_eq!(services(&project.json(END, &["plan"])), serde_json::json!([]));
}
