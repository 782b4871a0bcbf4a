//! When passes are made: after each job, by a schedule, by hand; and that turning compaction off and on touches nothing offline.

use serde_json::json;

use super::world::{columns, days, items, live, row, told, view};
use crate::aggregates::world::{DAY, at, definitions, project, time, write_events};

#[test]
fn a_schedule_is_waited_for_and_a_hand_is_not() {
    let start = at("2024-01-01");
    let day = |day: i64| start + day * DAY;
    let project = project(&[view("v", start, &[days(7)], "compaction_schedule = \"3d\"")]);
    let rows: Vec<_> = (0..20).map(|number| row(number % 5, day(number), number)).collect();
    write_events(&project, &columns(), &rows, 100);
    project.apply_and_materialize(&time(day(10)));
    let through = || live(&project, "v").1.through.to_string();
    // The first pass is not waited for.
    assert_eq!(through(), time(day(10)));
    let pass = |command: &[&str], now: i64| {
        let answer = project.json(&time(now), command);
        told(&answer, "v")["compaction"]["pass"].clone()
    };
    // Boundaries lie 3, 6, 9, 12 days after the start.
    assert_eq!(pass(&["materialize"], day(11)), json!({ "waiting": time(day(12)) }));
    assert_eq!(through(), time(day(10)));
    assert_eq!(pass(&["materialize"], day(12)), "changed");
    assert_eq!(through(), time(day(12)));
    assert_eq!(pass(&["materialize"], day(13)), json!({ "waiting": time(day(15)) }));
    assert_eq!(pass(&["compact"], day(13)), "changed");
    assert_eq!(through(), time(day(13)));
    assert_eq!(pass(&["compact"], day(13)), "unchanged");
    // Two boundaries have passed.
    assert_eq!(pass(&["materialize"], day(19)), "changed");
    assert_eq!(through(), time(day(19)));
    assert_eq!(pass(&["compact", "v", "--full"], day(19)), "loaded");
}

#[test]
fn turning_it_off_and_on_touches_the_online_store_only() {
    let start = at("2024-01-01");
    let day = |day: i64| start + day * DAY;
    let views = |more: &str| [view("v", start, &[days(7), days(30)], more)];
    let project = project(&views(""));
    let rows: Vec<_> = (0..60).map(|number| row(number % 50, day(number), number)).collect();
    write_events(&project, &columns(), &rows, 100);
    project.apply_and_materialize(&time(day(50)));
    let mut generations = vec![live(&project, "v").0.generation];
    for (number, more) in [
        "compaction_enabled = false",
        "",
        "online_load = \"bulk\"",
        "online_load = \"rows\"",
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(project.path("sandglass.toml"), definitions(&views(more))).unwrap();
        let now = day(50 + number as i64);
        let plan = project.json(&time(now), &["plan"]);
        let plan = told(&plan, "v");
        assert_eq!(
            (&plan["change"], &plan["jobs"]),
            (&json!("metadata"), &json!([])),
            "{plan}"
        );
        project.json(&time(now), &["apply"]);
        let answer = project.json(&time(now), &["materialize"]);
        assert_eq!(told(&answer, "v")["compaction"]["pass"], "unchanged");
        // Each day is written as the settings say.
        let now = day(51 + number as i64);
        let answer = project.json(&time(now), &["materialize"]);
        let all_anew = more.contains("false") || more.contains("bulk");
        let expected = if all_anew { "loaded" } else { "changed" };
        assert_eq!(told(&answer, "v")["compaction"]["pass"], expected, "{more}");
        assert_eq!(
            (&told(&answer, "v")["jobs"], &told(&answer, "v")["version"]),
            (&json!(1), &json!(1))
        );
        let generation = live(&project, "v").0.generation;
        assert_eq!(generation > *generations.last().unwrap(), all_anew);
        generations.push(generation);
        let before = items(&project, "v");
        project.json(&time(now), &["compact", "--full"]);
        assert_eq!(items(&project, "v"), before);
        generations.push(live(&project, "v").0.generation);
    }
}

#[test]
fn what_is_wrong_with_a_command_or_a_setting_is_told() {
    let start = at("2024-01-01");
    let broken = project(&[view(
        "v",
        start,
        &[days(7)],
        "compaction_schedule = \"36h\"\nonline_load = \"all\"",
    )]);
    let answer = broken.run(&time(start), &["plan"]);
    assert_eq!(answer.status, 1);
    for told in [
        "`compaction_schedule` 1d12h is not a multiple of the schedule 1d",
        "\"1d\" or \"2d\" would do",
    ] {
        // The other problem is found first.
        let fixed = project(&[view("v", start, &[days(7)], "compaction_schedule = \"36h\"")]);
        let answer = fixed.run(&time(start), &["plan"]);
        assert!(answer.stderr.contains(told), "{}", answer.stderr);
    }
    let told = "`online_load` is \"all\"; it can be `auto`, `bulk`, `rows`";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);

    let project = project(&[view("v", start, &[days(7)], "")]);
    let rows = [row(1, start, 1)];
    write_events(&project, &columns(), &rows, 100);
    let now = time(start + 2 * DAY);
    let answer = project.run(&now, &["compact"]);
    assert!(
        answer.stderr.contains("nothing has been applied yet"),
        "{}",
        answer.stderr
    );
    project.json(&now, &["apply"]);
    let answer = project.run(&now, &["compact"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("run `sandglass materialize` first"),
        "{}",
        answer.stderr
    );
    let answer = project.run(&now, &["compact", "w"]);
    assert_eq!(answer.status, 1);
    assert!(answer.stderr.contains("no feature view `w`"), "{}", answer.stderr);
}
