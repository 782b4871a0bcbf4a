//! Sources among the objects of a bucket: the same files that a folder has, found and read as there.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::harness::buckets::Bucket;
use crate::harness::servers::s3;
use crate::harness::{Project, Row, purchases, write_rows};
use crate::sources::{delta, world};

const NOW: &str = "1997-02-10";
const DAY: i64 = 86_400_000_000;
/// 1997-01-01.
const START: i64 = 852_076_800_000_000;

const VIEW: &str = r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
online = true
"#;

fn rows(from: i64, to: i64) -> Vec<Row> {
    let range = START + from * DAY..START + to * DAY;
    let rows = purchases().into_iter();
    rows.filter(|row| range.contains(&row.timestamp) && row.customer_id % 5 == 0)
        .collect()
}

/// A project whose source has these lines in its definition, where `ROOT` is a folder or a bucket.
fn define(project: &Project, root: &str, source: &str) {
    let text = format!(
        "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"customer\"\njoin_keys = {{ customer_id = \"int64\" }}\n\n\
         [[source]]\nname = \"purchases\"\ntimestamp_column = \"timestamp\"\n{}\n{VIEW}",
        source.replace("ROOT", root)
    );
    project.write_definitions(&text);
}

/// What a view of this source has, from files in a folder and from the same in a bucket.
fn both(fill: impl Fn(&std::path::Path), source: &str) -> [Project; 2] {
    let on_disk = Project::new("");
    let folder = on_disk.path("data");
    std::fs::create_dir_all(&folder).unwrap();
    fill(&folder);
    define(&on_disk, "data", source);
    let in_bucket = Project::new("").in_bucket();
    let bucket = in_bucket.bucket();
    bucket.upload(&folder, "raw data");
    let at = bucket.keys(&bucket.endpoint);
    define(
        &in_bucket,
        &format!("s3://{}/raw data", bucket.name),
        &format!("{source}\n{at}"),
    );
    [on_disk, in_bucket]
}

fn same(fill: impl Fn(&std::path::Path), source: &str) -> [Project; 2] {
    let projects = both(fill, source);
    for project in &projects {
        project.apply_and_materialize(NOW);
    }
    let [on_disk, in_bucket] = projects.each_ref().map(|project| project.rows("v", 1));
    assert!(!on_disk.is_empty());
    assert_eq!(in_bucket, on_disk, "{source}");
    let plans = projects.each_ref().map(|project| project.json("1997-03-01", &["plan"]));
    assert_eq!(
        plans[0]["feature_views"][0]["jobs"],
        plans[1]["feature_views"][0]["jobs"]
    );
    assert_eq!(
        plans[0]["feature_views"][0]["cost"],
        plans[1]["feature_views"][0]["cost"]
    );
    projects
}

fn csv(rows: &[Row]) -> String {
    let lines = rows
        .iter()
        .map(|row| format!("{},{},{}\n", row.customer_id, row.timestamp, row.amount));
    format!("customer_id,timestamp,amount\n{}", lines.collect::<String>())
}

#[test]
fn parquet_in_folders_by_day() {
    let _timed = crate::harness::Timed::new("s3::sources::parquet");
    let fill = |folder: &std::path::Path| {
        for day in 0..20 {
            let below = folder.join(format!("day=1997-01-{:02}", day + 1));
            std::fs::create_dir_all(&below).unwrap();
            write_rows(&below.join("a.parquet"), &rows(day, day + 1), 100);
            std::fs::write(below.join("_SUCCESS"), "").unwrap();
            std::fs::write(below.join(".hidden.parquet"), "no Parquet").unwrap();
            std::fs::write(below.join("notes.txt"), "no rows").unwrap();
        }
    };
    let source = "path = \"ROOT\"\npartitions = \"day=%Y-%m-%d\"";
    let [_, project] = same(fill, source);
    // Folders outside of a job's time are not read: what is broken there is not seen.
    project
        .bucket()
        .put("raw data/day=1997-01-01/a.parquet", b"PAR1".to_vec());
    let answer = project.run(NOW, &["plan"]);
    assert!(answer.stderr.contains("day=1997-01-01/a.parquet"), "{}", answer.stderr);
}

#[test]
fn lines_of_text_compressed_and_not() {
    let _timed = crate::harness::Timed::new("s3::sources::lines");
    let zipped = |text: &str| {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let fill = |folder: &std::path::Path| {
        std::fs::write(folder.join("a.csv"), csv(&rows(0, 10))).unwrap();
        std::fs::write(folder.join("b.csv.gz"), zipped(&csv(&rows(10, 30)))).unwrap();
    };
    same(fill, "path = \"ROOT/*.csv*\"\ntimestamp_unit = \"us\"");
    let fill = |folder: &std::path::Path| {
        let lines = |rows: &[Row]| {
            let lines = rows.iter().map(|row| {
                format!(
                    "{{\"customer_id\":{},\"timestamp\":{},\"amount\":{}}}\n",
                    row.customer_id, row.timestamp, row.amount
                )
            });
            lines.collect::<String>()
        };
        std::fs::create_dir_all(folder.join("x/y")).unwrap();
        std::fs::write(folder.join("x/a.jsonl"), lines(&rows(0, 10))).unwrap();
        std::fs::write(folder.join("x/y/b.jsonl.gz"), zipped(&lines(&rows(10, 30)))).unwrap();
    };
    same(fill, "path = \"ROOT\"\ntimestamp_unit = \"us\"");
    same(fill, "path = \"ROOT/x/?.jsonl\"\ntimestamp_unit = \"us\"");
    same(
        fill,
        "path = \"ROOT/**/*.gz\"\nformat = \"jsonl\"\ntimestamp_unit = \"us\"",
    );
    // A folder that a pattern names is read with all that is below it.
    same(fill, "path = \"ROOT/[x]\"\ntimestamp_unit = \"us\"");
}

/// What a console leaves for a folder, and patterns that name folders.
#[test]
fn what_stands_for_a_folder_is_no_file() {
    let _timed = crate::harness::Timed::new("s3::sources::markers");
    let fill = |folder: &std::path::Path| {
        std::fs::write(folder.join("top.csv"), csv(&rows(10, 12))).unwrap();
        for (name, from, to) in [("day=1.csv", 0, 5), ("x/day=2", 5, 10)] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
            std::fs::write(folder.join(name).join("a.csv"), csv(&rows(from, to))).unwrap();
            std::fs::write(folder.join(name).join("_SUCCESS"), "done").unwrap();
        }
    };
    for pattern in ["", "/*", "/**", "/*/*.csv", "/*/**"] {
        let source = format!("path = \"ROOT{pattern}\"\ntimestamp_unit = \"us\"");
        let [on_disk, in_bucket] = both(fill, &source);
        for folder in ["", "day=1.csv/", "x/", "x/day=2/"] {
            in_bucket.bucket().put_empty(&format!("raw%20data/{folder}"));
        }
        for project in [&on_disk, &in_bucket] {
            project.apply_and_materialize(NOW);
        }
        assert!(!on_disk.rows("v", 1).is_empty(), "{pattern}");
        assert_eq!(in_bucket.rows("v", 1), on_disk.rows("v", 1), "{pattern}");
    }
}

#[test]
fn a_delta_table() {
    let _timed = crate::harness::Timed::new("s3::sources::delta");
    for (said, from, to) in [("version = 1", 0, 120), ("", 40, 120)] {
        let (made, project) = (Project::new(""), Project::new("").in_bucket());
        let rows = delta::table(&made);
        let bucket = project.bucket();
        bucket.upload(&made.path("table"), "raw data/table");
        let source = format!(
            "path = \"s3://{}/raw data/table\"\ntimestamp_column = \"timestamp\"\n{said}\n{}",
            bucket.name,
            bucket.keys(&bucket.endpoint)
        );
        project.write_definitions(&world::definition(&source, "incremental_backfills = true"));
        let expected = world::expected(&rows[from..to], "2024-01-04");
        assert_eq!(world::features(&project, "2024-01-04"), expected, "{said}");
    }
}

/// Objects that are written anew within one second, with as many bytes, are others.
#[test]
fn objects_that_change_are_told() {
    let _timed = crate::harness::Timed::new("s3::sources::changed");
    let text = csv(&rows(0, 20));
    let fill = |folder: &std::path::Path| std::fs::write(folder.join("a.csv"), &text).unwrap();
    let [_, project] = same(fill, "path = \"ROOT\"\ntimestamp_unit = \"us\"");
    let status = |project: &Project| project.json(NOW, &["status"])["feature_views"][0]["changed_sources"].clone();
    assert_eq!(status(&project), Value::Array(Vec::new()));
    let first = text.lines().nth(1).unwrap();
    let other = match first.ends_with('1') {
        true => format!("{}2", &first[..first.len() - 1]),
        false => format!("{}1", &first[..first.len() - 1]),
    };
    project
        .bucket()
        .put("raw data/a.csv", text.replacen(first, &other, 1).into_bytes());
    let changed = status(&project);
    assert!(
        changed[0]["changes"][0]
            .as_str()
            .unwrap()
            .contains("raw data/a.csv was rewritten"),
        "{changed}"
    );
    let before = project.rows("v", 1);
    project.json(NOW, &["materialize", "--redo-changed"]);
    assert_ne!(project.rows("v", 1), before);
    assert_eq!(status(&project), Value::Array(Vec::new()));
}

#[test]
fn what_is_not_there_or_not_as_it_should_be_is_said() {
    let _timed = crate::harness::Timed::new("s3::sources::problems");
    let bucket = Bucket::new(&s3());
    bucket.put("data/a.csv", csv(&rows(0, 1)).into_bytes());
    bucket.put("data/b.parquet", b"PAR1 is not all".to_vec());
    bucket.put("mixed/a.csv", csv(&rows(0, 1)).into_bytes());
    bucket.put("mixed/b.jsonl", b"{}\n".to_vec());
    bucket.put("tables/t/_delta_log/00000000000000000000.json", b"{}\n".to_vec());
    bucket.put("tables/a.csv", csv(&rows(0, 1)).into_bytes());
    bucket.put_empty("odd//a.csv");
    let project = Project::new("").in_bucket();
    let at = bucket.keys(&bucket.endpoint);
    let name = &bucket.name;
    for (source, status, says) in [
        (
            format!("path = \"s3://{name}/nothing\"\n{at}"),
            1,
            "there is no such object, and no name begins with it",
        ),
        (
            format!("path = \"s3://{name}/data/*.jsonl\"\n{at}"),
            1,
            "no file there ends in",
        ),
        (
            format!("path = \"s3://{name}/mixed\"\n{at}"),
            1,
            "files of several formats (1 of csv, 1 of jsonl)",
        ),
        (
            format!("path = \"s3://{name}/tables\"\n{at}"),
            1,
            "tables/t is a Delta table",
        ),
        (
            format!("path = \"s3://{name}/data/b.parquet\"\n{at}"),
            1,
            "data/b.parquet",
        ),
        (
            format!("path = \"s3://{name}/data\"\nformat = \"delta\"\n{at}"),
            1,
            "no Delta table",
        ),
        (
            format!("path = \"s3://{name}/data/a.csv\"\npartitions = \"day=%F\"\n{at}"),
            1,
            "a file; with `partitions`",
        ),
        (format!("path = \"s3://{name}/odd\"\n{at}"), 1, "rename them"),
        (format!("path = \"s3://{name}-other/data\"\n{at}"), 1, "NoSuchBucket"),
    ] {
        define(&project, "", &source);
        let mut command = project.command(NOW, &["plan"]);
        let answer = crate::harness::Answer::of(&command.output().unwrap());
        assert_eq!(answer.status, status, "{source}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{source}: {}", answer.stderr);
    }
}
