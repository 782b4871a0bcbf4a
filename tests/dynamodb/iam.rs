//! What commands ask AWS for is what `sandglass iam` prints, no less and no more.

mod asked;
mod world;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::world::{LATER, NOW, ROW, VIEWS, World, rows};
use super::local::{client_of, items_of, tables_of};
use super::projects::VIEW;
use crate::harness::iam::{ACCOUNT, Policy, Right};
use crate::harness::servers::moto;
use crate::harness::{Project, ServerProcess, Timed};
use crate::tables::{http, world as tables};

/// Batch views, and a service of all of them.
fn batch_views() -> String {
    let views = VIEWS.map(|(name, load)| {
        format!(
            "[[source]]\nname = \"{name}\"\npath = \"data/{name}.csv\"\ntimestamp_column = \"updated_at\"\n\n\
             [[feature_view]]\nname = \"{name}\"\nkind = \"batch\"\nentities = [\"customer\"]\nsources = [\"{name}\"]\n\
             timestamp_column = \"updated_at\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-02-01\"\n\
             online = true\nonline_load = \"{load}\"\n\n"
        )
    });
    views.concat() + "[[feature_service]]\nname = \"all\"\nfeatures = [\"profile\", \"many\", \"staged\"]\n"
}

/// Feature tables of the same names.
fn feature_tables() -> String {
    let views = VIEWS.map(|(name, load)| {
        format!(
            "[[feature_view]]\nname = \"{name}\"\nkind = \"table\"\nentities = [\"customer\"]\ncolumns = {{ plan = \"utf8\" }}\n\
             timestamp_column = \"updated_at\"\nonline = true\nonline_load = \"{load}\"\n\n"
        )
    });
    views.concat()
}

const ITEMS: (&str, &str) = ("BatchWriteItem", "sandglass.items");
const IMPORT: (&str, &str) = ("DescribeImport", "/import/");

/// Brings views online with a command, which is cut off on each way first, and on one of them on another machine, too.
fn bring(world: &World, command: &dyn Fn(&str) -> Vec<String>) {
    let arguments = VIEWS.map(|(view, _)| command(view));
    let [profile, many, staged] = &arguments.each_ref().map(|arguments| strs(arguments));
    world.cut_elsewhere(NOW, profile, ITEMS);
    world.cut(NOW, profile, ITEMS);
    world.cut(NOW, many, ("BatchWriteItem", "sandglass.shop.many."));
    world.cut(NOW, staged, IMPORT);
    for arguments in [profile, many, staged] {
        world.run(NOW, arguments);
    }
}

fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn batch_views_are_made_and_served() {
    let _timed = Timed::new("dynamodb::iam::batch_views_are_made_and_served");
    let world = World::new(&batch_views());
    let data = |view: &str, more: &str| {
        let path = world.project.path(&format!("data/{view}.csv"));
        std::fs::write(path, rows(view) + more).unwrap();
    };
    std::fs::create_dir(world.project.path("data")).unwrap();
    VIEWS.iter().for_each(|(view, _)| data(view, ""));
    world.run(NOW, &["apply"]);
    bring(&world, &|view| vec!["materialize".to_owned(), view.to_owned()]);
    for view in ["profile", "many"] {
        data(view, ROW);
        world.run(LATER, &["materialize", view]);
    }
    world.is_all("materialize");
    let vector = world.run(LATER, &["get", "all", "--key", "customer=ann"]);
    assert_eq!(vector["features"][0]["value"], "gold", "{vector}");
    world.is_all("get");
    world.begins("serve");
    let server = ServerProcess::start(&world.project, LATER, &[]);
    server.http().features(json!({
        "workspaceName": "shop", "featureServiceName": "all", "joinKeyMap": { "customer": "ann" },
    }));
    drop(server);
    world.is_all("serve");
    for command in ["plan", "status"] {
        world.run(LATER, &[command]);
        world.is_all(command);
    }
    // And what asks for nothing.
    let (spine, out) = (world.project.path("spine.csv"), world.project.path("out.csv"));
    std::fs::write(&spine, "customer,timestamp\nann,2024-02-02T12:00:00Z\n").unwrap();
    let (spine, out) = (spine.to_str().unwrap(), out.to_str().unwrap());
    let commands: [&[&str]; 6] = [
        &["apply"],
        &["test"],
        &["run", "profile", "--start", "2024-02-01"],
        &["explain", "profile", "--key", "customer=ann"],
        &["training-data", "--spine", spine, "--features", "all", "--out", out],
        &["key", "list"],
    ];
    for arguments in commands {
        world.run(LATER, arguments);
        assert_eq!(world.document(&arguments[..1])["Statement"], json!([]), "{arguments:?}");
        world.is_all(arguments[0]);
    }
}

#[test]
fn rows_are_ingested() {
    let _timed = Timed::new("dynamodb::iam::rows_are_ingested");
    let world = World::new(&feature_tables());
    world.run(NOW, &["apply"]);
    let put = |view: &str, content: String| tables::put(&world.project, &format!("{view}.csv"), content);
    let ingest = |view: &str, file: String| ["ingest", view, "--file", &file].map(str::to_owned).to_vec();
    bring(&world, &|view| ingest(view, put(view, rows(view))));
    for view in ["profile", "many"] {
        let row = put("row", format!("customer,updated_at,plan\n{ROW}"));
        world.run(LATER, &strs(&ingest(view, row)));
    }
    world.is_all("ingest");
    // A server brings data frames in, so it may do what `ingest` may.
    world.begins("serve");
    let server = ServerProcess::start(&world.project, LATER, &[]);
    let mut http = server.http();
    let job = http::brought(&mut http, &[("ann", "lead", 1_706_832_000)]);
    assert_eq!(job["state"], "MATERIALIZATION_TASK_STATUS_SUCCESS", "{job}");
    http.features(json!({
        "workspaceName": "shop", "featureServiceName": "staged", "joinKeyMap": { "customer": "c1" },
    }));
    drop(server);
    world.is_allowed("serve");
    assert_eq!(world.document(&["serve"]), world.document(&["get", "ingest"]));
}

/// Leaves generations behind that nobody completes: one whose process may be alive on another machine, one of items, and an import.
fn leave(world: &World) {
    world.cut_elsewhere(LATER, &["compact", "profile", "--full"], ITEMS);
    world.cut(LATER, &["compact", "profile", "--full"], ITEMS);
    world.cut(LATER, &["compact", "staged", "--full"], IMPORT);
}

#[test]
fn what_is_there_is_changed_and_removed() {
    let _timed = Timed::new("dynamodb::iam::what_is_there_is_changed_and_removed");
    let world = World::new(&feature_tables());
    let ingest = |project: &Project, now: &str, view: &str, content: String| {
        let file = tables::put(project, "rows.csv", content);
        project.json(now, &["ingest", view, "--file", &file]);
    };
    world.embedded(|project| {
        project.json(NOW, &["apply"]);
        for (view, _) in VIEWS {
            ingest(project, NOW, view, rows(view));
        }
    });
    bring(&world, &|view| vec!["compact".to_owned(), view.to_owned()]);
    world.embedded(|project| {
        for view in ["profile", "many"] {
            ingest(project, LATER, view, format!("customer,updated_at,plan\n{ROW}"));
        }
    });
    for view in ["profile", "many"] {
        world.run(LATER, &["compact", view]);
    }
    world.is_all("compact");
    leave(&world);
    world.run(LATER, &["forget", "customer", "--key", "customer=big", "--yes"]);
    world.is_all("forget");
    let client = client_of(&moto());
    let tables = tables_of(&client, &world.prefix);
    let many: Vec<_> = tables.iter().filter(|table| table.contains(".many.")).collect();
    let [many] = many.as_slice() else { panic!("{tables:?}") };
    // What stands for the key knows nothing of it, and of what its item went on in nothing is left.
    assert!(
        items_of(&client, many)
            .iter()
            .all(|item| item["k"].as_b().unwrap().as_ref()[0] < 2)
    );
    leave(&world);
    world.run(LATER, &["maintain"]);
    world.is_all("maintain");
    leave(&world);
    for (view, _) in VIEWS {
        world.run(LATER, &["destroy", view, "--yes"]);
    }
    world.is_all("destroy");
    // What was left behind is the same command's, too.
    world.is_all("compact");
}

/// A store that nobody asks anything.
fn nowhere(views: &str) -> Project {
    let online = "[stores.online]\nkind = \"dynamodb\"\nregion = \"eu-central-1\"\ntable_prefix = \"prod-\"\n\
                  staging = { location = \"s3://bucket/load\" }\n";
    Project::with_purchases(views).on(online)
}

#[test]
fn documents_are_printed_alone_or_by_command() {
    let project = nowhere(VIEW);
    let all = project.json(NOW, &["iam"]);
    let all = all["policies"].as_object().unwrap();
    assert_eq!(all.len(), 25);
    for command in ["serve", "materialize", "apply", "iam", "training-data"] {
        assert_eq!(project.json(NOW, &["iam", command]), all[command], "{command}");
    }
    // For people and for IAM it is the same document.
    let answer = project.run(NOW, &["iam", "serve", "maintain"]);
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let printed: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(printed, project.json(NOW, &["iam", "maintain", "serve"]));
    let each = project.run(NOW, &["iam"]);
    assert_eq!(each.status, 0);
    assert!(
        each.stdout.starts_with("compact\n{\n  \"Version\": \"2012-10-17\","),
        "{}",
        each.stdout
    );
    assert!(
        each.stderr.contains("nothing is asked of AWS by `apply`, "),
        "{}",
        each.stderr
    );
    // No feature table is there to ingest anything into.
    let nothing = project.run(NOW, &["iam", "apply", "ingest"]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (0, ""));
    let told = "the offline store and the sources are on this machine: nothing is asked of AWS by `apply`, `ingest`, and no policy is needed\n";
    assert_eq!(nothing.stderr, told);
    let embedded = Project::with_purchases(VIEW);
    let nothing = embedded.run(NOW, &["iam", "serve"]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (0, ""));
    assert!(
        nothing
            .stderr
            .starts_with("the stores and the sources are on this machine: "),
        "{}",
        nothing.stderr
    );
    let policies = embedded.json(NOW, &["iam"])["policies"].clone();
    let mut policies = policies.as_object().unwrap().values();
    assert!(policies.all(|policy| *policy == json!({ "Version": "2012-10-17", "Statement": [] })));
}

#[test]
fn what_is_wrong_is_told() {
    let project = nowhere(VIEW);
    let wrong = project.run(NOW, &["iam", "get", "serv"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (1, ""));
    for says in [
        "no command `serv`; there are ",
        "`serve`, ",
        "`training-data`",
        "did you mean `serve`?",
    ] {
        assert!(wrong.stderr.contains(says), "{}", wrong.stderr);
    }
    for account in ["12345678901", "12345678901x"] {
        let wrong = project.run(NOW, &["iam", "get", "--account", account]);
        assert_ne!(wrong.status, 0);
        assert!(wrong.stderr.contains("an account is 12 digits"), "{}", wrong.stderr);
    }
}

fn table(action: &str, name: &str) -> Right {
    let resource = format!("arn:aws:dynamodb:eu-central-1:{}:table/{name}", ACCOUNT);
    Right::new(&format!("dynamodb:{action}"), &resource)
}

/// The evaluator of these tests: what is missing is noticed, and so is what is too much.
#[test]
fn what_is_not_allowed_is_denied() {
    let project = nowhere(VIEW);
    let document = project.json(NOW, &["iam", "maintain", "--account", ACCOUNT]);
    let policy = Policy::of(&document);
    let names = |prefix| Right::new("s3:ListBucket", "arn:aws:s3:::bucket").with("s3:prefix", prefix);
    let object = |name: &str| Right::new("s3:DeleteObject", &format!("arn:aws:s3:::bucket/{name}"));
    let allowed: [Right; 6] = [
        table("BatchGetItem", "prod-sandglass.control"),
        table("Query", "prod-sandglass.items"),
        table("DeleteTable", "prod-sandglass.shop.latest.v1.g7"),
        table("DescribeImport", "prod-sandglass.shop.latest.v1.g7/import/01"),
        names("load/prod-sandglass.shop.latest.v1.g7/holder/"),
        object("load/prod-sandglass.shop.latest.v1.g7/holder/sample.json"),
    ];
    for right in &allowed {
        assert!(policy.allows(right), "{right:?}");
    }
    let elsewhere = |right: Right, from: &str, to: &str| Right {
        resource: right.resource.replace(from, to),
        ..right
    };
    let denied = [
        // Another action, table, workspace, prefix, region or account.
        table("PutItem", "prod-sandglass.control"),
        table("BatchGetItem", "prod-sandglass.items"),
        table("DeleteTable", "prod-sandglass.control"),
        table("DeleteTable", "prod-sandglass.other.latest.v1.g7"),
        table("DeleteTable", "prod-sandglass.shopping.latest.v1.g7"),
        table("BatchGetItem", "test-sandglass.control"),
        table("BatchGetItem", "prod-sandglass.control.more"),
        elsewhere(
            table("BatchGetItem", "prod-sandglass.control"),
            "eu-central-1",
            "eu-west-1",
        ),
        elsewhere(table("BatchGetItem", "prod-sandglass.control"), ACCOUNT, "999999999999"),
        // Of a bucket only some names, and no key is no name.
        names("other/"),
        names(""),
        Right::new("s3:ListBucket", "arn:aws:s3:::bucket"),
        elsewhere(names("load/prod-sandglass.shop.x/"), "bucket", "bucket2"),
        object("prod-sandglass.shop.latest.v1.g7/holder/sample.json"),
        object("load/prod-sandglass.other.latest.v1.g7/holder/sample.json"),
    ];
    for right in &denied {
        assert!(!policy.allows(right), "{right:?}");
    }
    let seen: BTreeSet<Right> = allowed.into_iter().collect();
    assert!(policy.unused(&seen).contains(&("dynamodb:GetItem", "Control")));
    assert!(!policy.unused(&seen).contains(&("dynamodb:BatchGetItem", "Control")));
    // Without any one of its actions something is denied, and a right that nobody uses is seen.
    for (number, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
        for action in statement["Action"].as_array().unwrap() {
            let mut without = document.clone();
            let actions = without["Statement"][number]["Action"].as_array_mut().unwrap();
            actions.retain(|other| other != action);
            let missing = seen
                .iter()
                .filter(|right| right.action == *action && policy.allows(right) && !Policy::of(&without).allows(right));
            let of_statement = (action.as_str().unwrap(), statement["Sid"].as_str().unwrap());
            let is_seen = !policy.unused(&seen).contains(&of_statement);
            assert_eq!(missing.count() > 0, is_seen, "{of_statement:?}");
        }
    }
}

#[test]
fn patterns_and_conditions_are_those_of_iam() {
    let policy = |resource: &str, condition: Value| {
        Policy::of(&json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "A", "Effect": "Allow", "Action": ["kms:ReEncrypt*"], "Resource": resource, "Condition": condition,
        }] }))
    };
    let right = |action, resource| Right::new(action, resource).with("kms:ViaService", "dynamodb.x.amazonaws.com");
    let via = |operator: &str, value: &str| json!({ operator: { "kms:ViaService": value } });
    let any = policy("arn:*:key/?", json!({}));
    assert!(any.allows(&right("kms:ReEncryptFrom", "arn:a:b:key/1")));
    for (action, resource) in [
        ("kms:ReEncryptFrom", "arn:a:b:key/12"),
        ("kms:ReEncryptFrom", "arn:a:b:key/"),
        ("kms:Encrypt", "arn:a:b:key/1"),
        ("kms:ReEncryptFrom", "x:arn:a:b:key/1"),
    ] {
        assert!(!any.allows(&right(action, resource)), "{action}, {resource}");
    }
    for (operator, value, is_allowed) in [
        ("StringLike", "dynamodb.*.amazonaws.com", true),
        ("StringLike", "dynamodb.*.amazonaws.com.cn", false),
        ("StringEquals", "dynamodb.x.amazonaws.com", true),
        ("StringEquals", "dynamodb.*.amazonaws.com", false),
        ("ForAnyValue:StringEquals", "dynamodb.x.amazonaws.com", true),
    ] {
        let policy = policy("*", via(operator, value));
        assert_eq!(
            policy.allows(&right("kms:ReEncryptTo", "key")),
            is_allowed,
            "{operator} {value}"
        );
        assert!(
            !policy.allows(&Right::new("kms:ReEncryptTo", "key")),
            "no key is no value"
        );
    }
}
