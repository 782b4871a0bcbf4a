use std::fs;
use std::path::Path;

use super::*;
use crate::definition::{JoinKey, KeyKind};
use crate::error::Classified;
use crate::time::Timestamp;

async fn open(path: &Path) -> Spine {
    let key = JoinKey {
        name: "id".to_owned(),
        kind: KeyKind::Int64,
    };
    Spine::open(path, &[key], &SpineOptions::default())
        .await
        .expect("a spine")
}

/// A spine through to an output, without features, and its manifest beside it.
#[tokio::test]
async fn from_a_spine_to_an_output_and_its_manifest() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spine.csv");
    fs::write(&path, "id,timestamp\n1,2024-01-01T00:00:00Z\n,\n").expect("written");
    let spine = open(&path).await;
    let out = folder.path().join("out.parquet");
    let target = Target::new(&out, None, false).expect("a target");
    let plan = spine.plan().expect("a plan");
    let rows = datafusion::physical_plan::execute_stream(plan, Default::default()).expect("a stream");
    let staged = write(target.clone(), rows).await.expect("staged");
    let view = ViewRecord {
        name: "v".to_owned(),
        version: 1,
        rows: Some(7),
        tiles: None,
        component: Some("c".to_owned()),
        definition: [("code".to_owned(), "d".to_owned())].into(),
        sources: Vec::new(),
    };
    let manifest = Manifest::new(
        "w".to_owned(),
        3,
        vec!["v.a".to_owned(), "v".to_owned()],
        vec![view],
        SpineRecord::of(&spine),
        Options {
            allow_gaps: false,
            from_source: false,
            now: Timestamp::from_micros(1),
        },
        OutputRecord::of(target.format(), staged.written()),
    );
    let written = staged.publish(Some(&manifest)).expect("published");
    let beside = manifest_path(&out);
    assert_eq!(beside, folder.path().join("out.parquet.manifest.json"));
    let read = Manifest::read(&beside).expect("a manifest");
    assert_eq!(read, manifest);
    read.check_spine(&open(&path).await).expect("the same spine");
    read.check_output(&out, &written).expect("the same output");

    fs::write(&path, "id,timestamp\n2,2024-01-01T00:00:00Z\n,\n").expect("written");
    let error = read.check_spine(&open(&path).await).expect_err("another spine");
    assert!(error.to_string().contains("its SHA-256 is"), "{error}");
    let other = Written {
        digest: "0".to_owned(),
        ..written
    };
    assert!(read.check_output(&out, &other).is_err());

    let text = fs::read_to_string(&beside).expect("text");
    for (from, to, problem) in [
        (
            "\"manifest\": 1",
            "\"manifest\": 2",
            "its form is version 2, and this program reads 1",
        ),
        (
            "\"manifest\": 1",
            "\"manifest\": \"1\"",
            "its form is version \"1\", and this program reads 1",
        ),
        ("\"manifest\"", "\"m\"", "no manifest of training data"),
        ("\"workspace\"", "\"work\"", "unknown field `work`"),
        ("{", "[", "not JSON"),
    ] {
        fs::write(&beside, text.replacen(from, to, 1)).expect("written");
        let error = Manifest::read(&beside).expect_err(to);
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(error.kind(), crate::error::Kind::Invalid);
    }
}
