//! Tables that are maintained read the same.

use std::process::Command;

use sandglass::offline::OfflineTable;

use super::world::{ALONE, SPEND, everything, of, table, tables, unnamed};
use crate::harness::{Project, python, runtime};

const NOW: &str = "1997-04-11";
/// Longer after the test than anything is kept, and before.
const LATER: &str = "2200-01-01";

/// A hundred days by a job each, and some of them again.
fn project() -> Project {
    let project = Project::with_purchases(SPEND);
    project.apply_and_materialize("1997-02-11");
    project.json(NOW, &["materialize"]);
    let again = [
        "materialize",
        "--start",
        "1997-01-20",
        "--end",
        "1997-02-03",
        "--overwrite",
    ];
    project.json(NOW, &again);
    project
}

fn training(project: &Project, now: &str, out: &str, more: &[&str]) -> crate::harness::Answer {
    let paths = [project.path("spine.csv"), project.path(out)].map(|path| path.to_str().unwrap().to_owned());
    let base = ["training-data", "--spine", &paths[0], "--out", &paths[1]];
    project.run(now, &[&base[..], more].concat())
}

#[test]
fn fewer_files_and_nothing_else() {
    let _timed = crate::harness::Timed::new("maintain::tables::fewer_files_and_nothing_else");
    let project = project();
    let spine: String = (1..200)
        .map(|key| format!("{key},1997-0{}-05T00:00:00Z\n", 1 + key % 4))
        .collect();
    std::fs::write(project.path("spine.csv"), format!("customer_id,timestamp\n{spine}")).unwrap();
    let made = training(&project, NOW, "out.parquet", &["--features", "spend"]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let manifest = project.path("out.parquet.manifest.json");
    let again = |now: &str| {
        let more = ["--manifest", manifest.to_str().unwrap(), "--overwrite"];
        training(&project, now, "again.parquet", &more)
    };
    let bytes = |out: &str| std::fs::read(project.path(out)).unwrap();
    let (rows, items) = (everything(&project, "spend", 1), project.items("spend"));
    let status = project.json(NOW, &["status"]);
    assert!(!rows.is_empty() && !items.is_empty());

    let dry = project.json(NOW, &[&ALONE[..], &["--dry-run"]].concat());
    let done = project.json(NOW, &ALONE);
    for name in ["rows", "tiles/"] {
        let (dry, done) = (table(&dry, "spend", 1, name), table(&done, "spend", 1, name));
        assert_eq!(dry["after"], serde_json::Value::Null);
        assert_eq!(
            (&dry["merged"], &dry["expired"], &dry["orphans"]),
            (&done["merged"], &done["expired"], &done["orphans"])
        );
        assert_eq!(done["state"], "kept");
        // January, February, March, and April, which goes on: ten days by a job each, whose tiles were made at once.
        let april = if name == "rows" { 10 } else { 1 };
        assert_eq!(done["live"]["files"], 3 + april, "{done}");
        assert!(
            done["into"]["files"].as_u64() < done["merged"]["files"].as_u64(),
            "{done}"
        );
        assert_eq!(done["expired"]["files"], 0);
        assert_eq!(done["orphans"]["files"], 0, "nothing was killed");
    }
    let check = |what: &str| {
        assert_eq!(everything(&project, "spend", 1), rows, "{what}");
        assert_eq!(project.items("spend"), items, "{what}");
        let now = project.json(NOW, &["status"]);
        let parts = [
            "materialized",
            "missing",
            "missing_tiles",
            "online_through",
            "failed",
            "changed_sources",
        ];
        for part in parts {
            assert_eq!(of(&now, "spend")[part], of(&status, "spend")[part], "{what}: {part}");
        }
        assert_eq!(
            of(&project.json(NOW, &["plan"]), "spend")["jobs"],
            serde_json::json!([]),
            "{what}"
        );
    };
    check("maintained");
    let twice = project.json(NOW, &ALONE);
    let twice = table(&twice, "spend", 1, "rows");
    assert_eq!(
        (&twice["merged"]["files"], &twice["before"]),
        (&0.into(), &twice["after"])
    );
    for table in tables(&project, "spend", 1) {
        assert_eq!(unnamed(&table), Vec::<String>::new());
    }
    // What was made before is made again, to the bit, as long as it is kept.
    let made = again(NOW);
    assert_eq!(made.status, 0, "{}", made.stderr);
    assert!(bytes("out.parquet") == bytes("again.parquet"));

    // It ends at once, as threads of pyarrow may outlive the interpreter that ends them.
    let script = "import os, sys; from deltalake import DeltaTable; \
        print(DeltaTable(sys.argv[1]).to_pyarrow_table().num_rows, flush=True); os._exit(0)";
    let packages = ["deltalake==1.6.1", "pyarrow==26.0.1", "duckdb==2.0.0"];
    for table in tables(&project, "spend", 1) {
        let read = Command::new(python("1", &packages))
            .args(["-c", script])
            .arg(&table)
            .output()
            .unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let ours: u64 = runtime().block_on(async {
            let table = OfflineTable::open(table.to_str().unwrap()).await.unwrap().unwrap();
            table.files().iter().filter_map(|file| file.rows).sum()
        });
        assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), ours.to_string());
    }

    // Later everything goes that nobody reads any more.
    let later = project.json(LATER, &ALONE);
    for name in ["rows", "tiles/"] {
        let later = table(&later, "spend", 1, name);
        assert!(later["expired"]["files"].as_u64() > Some(4), "{later}");
        assert!(later["log_entries"].as_u64() > Some(0), "{later}");
    }
    check("vacuumed");
    let refused = again(NOW);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("is not kept any more"), "{}", refused.stderr);
    // And jobs go on.
    project.json("1997-05-02", &["materialize"]);
    assert_eq!(
        of(&project.json("1997-05-02", &["status"]), "spend")["missing"],
        serde_json::json!([])
    );
}

/// A table that cannot be kept up is told, and the others are.
#[test]
fn one_that_is_damaged_does_not_keep_others() {
    let _timed = crate::harness::Timed::new("maintain::tables::one_that_is_damaged_does_not_keep_others");
    let project = project();
    let rows = project.path("store/offline/shop/spend/v1/rows");
    let lost = runtime().block_on(async {
        let table = OfflineTable::open(rows.to_str().unwrap()).await.unwrap().unwrap();
        table.files().pop().unwrap().path
    });
    std::fs::remove_file(rows.join(&lost)).unwrap();
    let answer = project.run(NOW, &[&["--format", "json"], &ALONE[..]].concat());
    assert_eq!(answer.status, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains(&lost), "{}", answer.stderr);
    let said: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(table(&said, "spend", 1, "rows")["state"], "failed");
    assert_eq!(table(&said, "spend", 1, "tiles/")["live"]["files"], 4);
    let refused = project.run(NOW, &["maintain", "spent"]);
    assert!(
        refused.stderr.contains("no feature view `spent`; there are `spend`"),
        "{}",
        refused.stderr
    );
    let refused = project.run(NOW, &["maintain", "--orphans-after=-1s"]);
    assert_eq!(refused.status, 1, "{}", refused.stderr);
}
