//! Objects as files: made once, whole, and found again.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandglass::aws::{Access, BucketAt};
use sandglass::error::{Classified, Kind};
use sandglass::maintain::{drop_folder, is_being_dropped, leftovers, names, remove_leftover, versions};
use sandglass::storage::Place;
use sandglass::time::Span;

use crate::harness::buckets::{ACCESS, Bucket, REGION};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::servers::s3;

/// A place in a bucket, by a server before that of the bucket.
pub fn place(bucket: &str, endpoint: &str, below: &str) -> Place {
    let at = BucketAt {
        region: Some(REGION.to_owned()),
        endpoint: Some(endpoint.to_owned()),
    };
    let [(_, key), (_, secret)] = ACCESS;
    let access = Access {
        credentials: Some(aws_sdk_dynamodb::config::Credentials::new(
            key, secret, None, None, "test",
        )),
        ..Access::default()
    };
    Place::with_access(&format!("s3://{bucket}/{below}"), &at, Path::new("/"), &access)
}

fn own(bucket: &Bucket) -> Place {
    place(&bucket.name, &bucket.endpoint, "some/place")
}

#[test]
fn what_is_put_is_there() {
    let bucket = Bucket::new(&s3());
    let root = own(&bucket);
    let file = root.join("a/b.json");
    assert_eq!(file.read().unwrap(), None);
    assert!(root.names().unwrap().is_empty() && root.files().unwrap().is_empty());
    file.put(b"1").unwrap();
    file.put(b"12").unwrap();
    root.join("a/c").put(b"").unwrap();
    root.join("ab").put(b"x").unwrap();
    assert_eq!(file.read().unwrap().unwrap(), b"12");
    let mut found = root.names().unwrap();
    found.sort();
    // `ab` does not lie in `a`.
    assert_eq!(found, ["a", "ab"]);
    let sizes: Vec<u64> = root
        .join("a")
        .files()
        .unwrap()
        .into_iter()
        .map(|(size, _)| size)
        .collect();
    assert_eq!(sizes.iter().sum::<u64>(), 2);
    assert_eq!(sizes.len(), 2);
    let mut read = String::new();
    std::io::Read::read_to_string(&mut file.reader().unwrap(), &mut read).unwrap();
    assert_eq!(read, "12");
    assert!(file.remove().unwrap());
    assert!(!file.remove().unwrap());
    root.join("a").remove_all().unwrap();
    assert_eq!(bucket.objects(), ["some/place/ab"]);
}

#[test]
fn of_several_who_create_one_does() {
    let bucket = Bucket::new(&s3());
    for round in 0..20 {
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for number in 0..4_u8 {
                let (bucket, made) = (&bucket, &made);
                // As different processes do: each with connections of its own.
                scope.spawn(move || {
                    let file = own(bucket).join(&format!("{round}"));
                    if file.create(&[number]).unwrap() {
                        made.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(file.read().unwrap().unwrap(), [number]);
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}

#[test]
fn nothing_that_is_appended_is_lost() {
    let bucket = Bucket::new(&s3());
    std::thread::scope(|scope| {
        for number in 0..3_u8 {
            let bucket = &bucket;
            scope.spawn(move || {
                let file = own(bucket).join("log");
                for _ in 0..5 {
                    file.append(&[number]).unwrap();
                }
            });
        }
    });
    let mut all = own(&bucket).join("log").read().unwrap().unwrap();
    all.sort_unstable();
    assert_eq!(all, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
}

/// The answer is lost when all has been done, or the service fails when it has done it.
#[test]
fn whoever_gets_no_answer_finds_out() {
    for fault in [Fault::Unanswered, Fault::Cut, Fault::Refused(503, "SlowDown")] {
        let bucket = Bucket::new(&s3());
        let proxy = Proxy::start(&bucket.endpoint, move |asked| {
            (asked.operation == "PutObject" && asked.before % 2 == 0).then_some(fault)
        });
        let root = place(&bucket.name, &proxy.endpoint(), "p");
        let file = root.join("file");
        assert!(file.create(b"mine").unwrap(), "{fault:?}");
        assert!(
            !place(&bucket.name, &bucket.endpoint, "p/file")
                .create(b"theirs")
                .unwrap()
        );
        assert_eq!(file.read().unwrap().unwrap(), b"mine");
        root.join("other").put(b"1").unwrap();
        assert_eq!(root.join("other").read().unwrap().unwrap(), b"1");
        assert!(proxy.seen().faults["PutObject"] > 1);
    }
}

/// A server that writes whatever the condition says lets two believe that they made one: it is not taken.
#[test]
fn whoever_takes_no_notice_of_conditions_is_refused() {
    let bucket = Bucket::new(&s3());
    own(&bucket).check_conditions().unwrap();
    let proxy = Proxy::start(&bucket.endpoint, |asked| {
        (asked.operation == "PutObject").then_some(Fault::Unconditional)
    });
    let error = place(&bucket.name, &proxy.endpoint(), "p")
        .check_conditions()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("If-None-Match"), "{error}");
    assert!(bucket.objects().is_empty());
}

/// Objects are read in pieces, all of one version.
#[test]
fn long_objects_are_read_in_pieces() {
    let bucket = Bucket::new(&s3());
    let bytes: Vec<u8> = (0..20_u32 << 18).flat_map(u32::to_le_bytes).collect();
    bucket.put("some/place/long", bytes.clone());
    bucket.put("some/place/empty", Vec::new());
    let proxy = Proxy::start(&bucket.endpoint, |asked| {
        (asked.operation == "GetObject" && asked.before % 2 == 1).then_some(Fault::Refused(503, "SlowDown"))
    });
    let root = place(&bucket.name, &proxy.endpoint(), "some/place");
    assert!(root.join("long").read().unwrap().unwrap() == bytes);
    let all = |name: &str| {
        let mut read = Vec::new();
        std::io::Read::read_to_end(&mut root.join(name).reader().unwrap(), &mut read).unwrap();
        read
    };
    assert!(all("long") == bytes);
    assert!(all("empty").is_empty() && root.join("empty").read().unwrap().unwrap().is_empty());
    assert!(root.join("none").reader().is_err());
    assert!(proxy.seen().faults["GetObject"] > 3);
}

#[test]
fn a_bucket_that_is_not_there_is_said_so() {
    let missing = place("no-such-bucket-here", &s3(), "p");
    for error in [
        missing.read().unwrap_err(),
        missing.names().unwrap_err(),
        missing.join("x").put(b"1").unwrap_err(),
        missing.join("x").create(b"1").unwrap_err(),
        missing.files().unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(error.to_string().contains("NoSuchBucket"), "{error}");
        assert!(error.to_string().starts_with("s3://no-such-bucket-here/p"), "{error}");
        assert!(error.hint().unwrap().contains("the bucket's name"));
    }
}

/// What is being dropped is hidden from the first step on, and a drop that was cut off is ended by whoever comes next.
#[test]
fn drops_are_seen_through() {
    for cut_at in 0..4 {
        let bucket = Bucket::new(&s3());
        let root = own(&bucket);
        for name in ["v1/rows/a", "v1/rows/b", "v2/rows/a", "v10/rows/a"] {
            root.join(name).put(b"123").unwrap();
        }
        assert_eq!(versions(&root).unwrap(), [1, 2, 10]);
        // What says that it is dropped, then the objects, then that again.
        let proxy = Proxy::start(&bucket.endpoint, move |asked| {
            let step = match asked.operation {
                "PutObject" => 0,
                "DeleteObjects" => asked.before + 1,
                _ => return None,
            };
            (step >= cut_at).then_some(Fault::Refused(403, "AccessDenied"))
        });
        let seen_by = place(&bucket.name, &proxy.endpoint(), "some/place");
        let dropped = drop_folder(&seen_by, "v1");
        match cut_at {
            3 => assert_eq!(dropped.map(|size| (size.files, size.bytes)).unwrap(), (2, 6)),
            _ => assert!(dropped.is_err(), "{cut_at}"),
        }
        let is_hidden = cut_at > 0;
        assert_eq!(
            versions(&root).unwrap(),
            if is_hidden { vec![2, 10] } else { vec![1, 2, 10] }
        );
        assert_eq!(is_being_dropped(&root, "v1").unwrap(), is_hidden && cut_at < 3);
        let left = leftovers(&root, Span::DAY).unwrap();
        for name in &left {
            remove_leftover(&root, name).unwrap();
        }
        assert_eq!(left.len(), usize::from(is_hidden && cut_at < 3));
        drop_folder(&root, "v1").unwrap();
        assert_eq!(names(&root).unwrap(), ["v10", "v2"]);
        assert_eq!(bucket.objects(), ["some/place/v10/rows/a", "some/place/v2/rows/a"]);
    }
}
