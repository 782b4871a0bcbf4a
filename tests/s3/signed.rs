//! A server that checks who asks.

use crate::harness::buckets::Bucket;
use crate::harness::servers::{signed_s3, unique};
use crate::harness::{Answer, Project};
use crate::maintain::world::SPEND;

const NOW: &str = "1997-01-11";

#[test]
fn requests_are_signed() {
    let _timed = crate::harness::Timed::new("s3::signed");
    let (endpoint, folder) = signed_s3();
    let name = unique("signed-");
    std::fs::create_dir_all(folder.join(&name)).unwrap();
    let project = Project::with_purchases(SPEND).in_bucket_at(Bucket::of(&endpoint, &name), &endpoint);
    let alone = Project::with_purchases(SPEND);
    for project in [&project, &alone] {
        project.apply_and_materialize(NOW);
        project.json("1997-03-11", &["materialize"]);
        project.json("1997-03-11", &["maintain", "--orphans-after", "0s"]);
    }
    assert_eq!(project.rows("spend", 1), alone.rows("spend", 1));
    // Objects are files there.
    let text = std::fs::read_to_string(
        folder
            .join(&name)
            .join("some/features/shop/_registry/applied/000000000001.json"),
    );
    assert!(text.unwrap().contains("\"spend\""));
    for (variable, value, says) in [
        ("AWS_SECRET_ACCESS_KEY", "another", "credentials are looked for"),
        (
            "AWS_ACCESS_KEY_ID",
            "nobody",
            "No user exists with the provided access key ID.",
        ),
    ] {
        let output = project.command(NOW, &["status"]).env(variable, value).output().unwrap();
        let answer = Answer::of(&output);
        assert_eq!(answer.status, 1, "{}", answer.stderr);
        assert!(
            answer.stderr.contains(says) && !answer.stderr.contains("<"),
            "{}",
            answer.stderr
        );
        assert!(!answer.stderr.contains("testsecret"));
    }
    let mut nobody = project.command(NOW, &["status"]);
    nobody
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    nobody
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        .env("AWS_CONFIG_FILE", "/nowhere");
    let answer = Answer::of(&nobody.output().unwrap());
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("credentials are looked for"),
        "{}",
        answer.stderr
    );
}
