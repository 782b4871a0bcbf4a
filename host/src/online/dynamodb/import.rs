//! A load by import: items are staged in S3, and the service makes a table of them without a write by us.
//!
//! Each step is in the generation's record before the next one begins, so that whoever resumes goes on from there: where the objects are,
//! what was staged when all of it is there, the token that the import is asked for with, and its name when it has begun. A token makes
//! asking twice the same import. What was staged is deleted when the generation is complete, or dropped.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    ImportStatus, ImportTableDescription, InputCompressionType, InputFormat, S3BucketSource, TableCreationParameters,
    TableStatus,
};
use flate2::read::MultiGzDecoder;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::{Cause, Dynamo, Failure, Patience, Waits, of_objects};
use super::control::{Phase, generation_key};
use super::fields::{Fields, bytes_of, fields, text};
use super::holder::since_1970;
use super::load::Filled;
use super::place::{Place, Stored, is_over};
use super::read::Wanted;
use super::source::{parse, source_bytes};
use super::stage::{Staged, Target, data, sample, stage};
use super::tables::{OWN_KEYS, own};
use super::{DynamoStore, Problem};
use crate::aws::BucketAt;
use crate::definition::OnlineLoad;
use crate::online::store::{Load, LoadProgress, OnlineError};
use crate::online::view::View;
use crate::price::Price;

/// How soon it is looked how far an import is, at first and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));
/// How long after it was asked for an import that nobody knows the name of may still make its table, in seconds.
const MAY_COME: u64 = 3600;
/// Keys that are told when items were not imported, and those that are looked at to find them.
const TOLD: usize = 10;
const LOOKED_AT: usize = 100_000;

/// A load by import, as far as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Import {
    pub(super) bucket: String,
    #[serde(default)]
    pub(super) at: BucketAt,
    /// What the names of its objects begin with.
    pub(super) prefix: String,
    /// When all of it is staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) staged: Option<Staged>,
    /// The same, as the generation's record will have it.
    #[serde(default)]
    pub(super) filled: Filled,
    /// With what the service is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// When it was asked last, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked_at: Option<u64>,
    /// The service's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arn: Option<String>,
}

/// Who builds a generation.
#[derive(Clone, Copy)]
pub(super) struct Building<'a> {
    pub(super) load: &'a Load<'a>,
    pub(super) generation: u64,
    pub(super) holder: &'a str,
}

impl Building<'_> {
    pub(super) fn view(&self) -> View<'_> {
        View(self.load.name)
    }

    /// Tells what could not be done and does no harm.
    pub(super) fn tell_left(&self, failure: Failure) {
        let message = failure.message;
        (self.load.tell)(&LoadProgress::Left { message });
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure {
        cause: Cause::Rejected,
        message: format!("ImportTable: {error}"),
    }
}

/// The table is there, of an import whose name nobody knows: it is given up with its generation, and all is done anew as another one. It must
/// not be dropped before that, as whoever took this process for dead may have switched to it.
fn lost(view: &View<'_>, table: &str) -> OnlineError {
    view.older(format!(
        "table {table} is there, of an import whose answer was lost; it is dropped, and another one is made"
    ))
}

impl DynamoStore {
    /// Whether a table of these items is imported; they are its first, and stand for all.
    pub(super) fn is_imported(&self, way: OnlineLoad, first: &[Stored]) -> bool {
        let is_staged = self.dynamo.options().staging.is_some();
        is_staged
            && match way {
                OnlineLoad::Rows => false,
                OnlineLoad::Bulk => true,
                OnlineLoad::Auto => {
                    let sizes = first
                        .iter()
                        .map(|stored| (stored.key.len() as u64, stored.size() as u64));
                    self.wait(self.dynamo.import_price(sizes))
                        .is_none_or(|price| price <= 1.0)
                }
            }
    }

    /// Stages the items, and tells what there is.
    pub(super) fn stage(
        &self,
        building: Building<'_>,
        import: &Import,
        items: &mut dyn Iterator<Item = Result<Stored, OnlineError>>,
        is_sorted: &dyn Fn() -> bool,
    ) -> Result<Staged, OnlineError> {
        let view = building.view();
        let failed = |failure: Failure| view.failed(failure);
        let options = self.dynamo.options();
        let object_bytes = options
            .staging
            .as_ref()
            .map_or(u64::MAX, |staging| staging.object_bytes);
        let bucket = self.wait(self.staged_in(import)).map_err(failed)?;
        let target = Target {
            bucket,
            prefix: import.prefix.clone(),
            object_bytes,
            runtime: self.handle(),
        };
        let mut pushed = 0_u64;
        let staged = stage(&target, |stager| {
            for stored in items {
                let stored = stored.map_err(Problem::Store)?;
                if !is_sorted() {
                    let message =
                        "a load by import takes each key once, in ascending order; `online_load = \"rows\"` takes any";
                    return Err(Problem::Store(view.invalid(message.to_owned())));
                }
                pushed += 1;
                if pushed.is_multiple_of(100_000) {
                    (building.load.tell)(&LoadProgress::Staging { items: pushed });
                }
                if !stager.push(&stored) {
                    break;
                }
            }
            Ok(())
        });
        staged.map_err(|problem| match problem {
            Problem::Failure(failure) => failed(failure),
            Problem::Store(error) => error,
        })
    }

    /// Changes the record of a generation, if this process still builds it.
    pub(super) async fn update_held(
        &self,
        building: Building<'_>,
        update: &str,
        mut values: Fields,
    ) -> Result<(), Failure> {
        values.extend(fields([
            (":building", text(Phase::Building.as_str())),
            (":holder", text(building.holder)),
        ]));
        let condition = Some("build_phase = :building AND held_by = :holder");
        let key = generation_key(&building.view(), building.generation);
        let updated = self.dynamo.update_record(key, update, condition, values).await;
        updated.map(drop)
    }

    /// Keeps how far it is, unless somebody has taken this process for dead.
    pub(super) async fn keep_import(&self, building: Building<'_>, import: &Import) -> Result<(), OnlineError> {
        let view = building.view();
        let values = fields([(":import", text(view.encode_text(import)?))]);
        let kept = self.update_held(building, "SET import_json = :import", values).await;
        kept.map_err(|failure| match failure.cause {
            Cause::Condition => view.older(TAKEN_FOR_DEAD.to_owned()),
            _ => view.failed(failure),
        })
    }

    /// Has what is staged imported, and looks whether all of it is there.
    pub(super) async fn import(&self, building: Building<'_>, mut import: Import) -> Result<(), OnlineError> {
        let view = building.view();
        let failed = |failure: Failure| view.failed(failure);
        let Some(staged) = import.staged else {
            return Err(view.corrupt(format!("generation {} was never staged", building.generation)));
        };
        let table = own(self.dynamo.options(), view.0, building.generation);
        // Who asked before may have ended before the answer.
        let mut was_asked = import.token.is_some() && import.arn.is_none();
        let arn = match import.arn.clone() {
            Some(arn) => arn,
            None => {
                let cost = |price: &Price| price.imported(staged.source_bytes, 0);
                self.dynamo.afford(cost).await.map_err(failed)?;
                let token = import.token.get_or_insert_with(|| Uuid::new_v4().to_string()).clone();
                import.asked_at = Some(since_1970().as_secs());
                self.keep_import(building, &import).await?;
                let arn = match self.dynamo.begin_import(&table, &import, &token).await {
                    Ok((arn, is_again)) => {
                        was_asked |= is_again;
                        arn
                    }
                    Err(failure) if failure.cause == Cause::InUse => return Err(lost(&view, &table)),
                    Err(failure) => {
                        if failure.cause != Cause::Unavailable && !was_asked {
                            // It was refused, so no table will come of it.
                            (import.token, import.asked_at) = (None, None);
                            self.keep_import(building, &import).await?;
                        }
                        return Err(failed(failure));
                    }
                };
                self.dynamo.has_imported(staged.source_bytes);
                import.arn = Some(arn.clone());
                self.keep_import(building, &import).await?;
                arn
            }
        };
        let done = self.wait_for_import(building, &arn, staged.items).await?;
        if done.import_status != Some(ImportStatus::Completed) {
            let is_there = |text: &Option<String>| {
                let text = text.as_deref().unwrap_or_default();
                text.contains("already exists") || text.contains("AlreadyExists") || text.contains("ResourceInUse")
            };
            return Err(
                match was_asked && (is_there(&done.failure_code) || is_there(&done.failure_message)) {
                    true => lost(&view, &table),
                    false => self.import_failed(&view, &table, &import, &done).await,
                },
            );
        }
        let is_whole = done.error_count == 0
            && done.imported_item_count == staged.items as i64
            && done.processed_item_count == staged.items as i64;
        if !is_whole {
            return Err(self.import_failed(&view, &table, &import, &done).await);
        }
        (building.load.tell)(&LoadProgress::Verifying);
        self.dynamo.ready(&table).await.map_err(failed)?;
        self.verify(&view, &table, &import).await?;
        if let Err(failure) = self.dynamo.warm(&table).await {
            // It serves all the same, and may be slow at first.
            building.tell_left(failure);
        }
        Ok(())
    }

    /// Waits for its end.
    async fn wait_for_import(
        &self,
        building: Building<'_>,
        arn: &str,
        of: u64,
    ) -> Result<ImportTableDescription, OnlineError> {
        let (mut wait, longest) = LOOK;
        loop {
            let described = self.dynamo.describe_import(arn).await;
            let described = described.map_err(|failure| building.view().failed(failure))?;
            if !is_under_way(&described) {
                return Ok(described);
            }
            (building.load.tell)(&LoadProgress::Importing {
                items: described.processed_item_count.try_into().unwrap_or(0),
                of,
            });
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// What is told of an import that has not imported all.
    async fn import_failed(
        &self,
        view: &View<'_>,
        table: &str,
        import: &Import,
        described: &ImportTableDescription,
    ) -> OnlineError {
        let status = described.import_status.as_ref().map_or("unknown", ImportStatus::as_str);
        let mut message = format!(
            "the import {} is {status}",
            described.import_arn.as_deref().unwrap_or_default()
        );
        for part in [&described.failure_code, &described.failure_message]
            .into_iter()
            .flatten()
        {
            message.push_str(&format!(": {part}"));
        }
        let items = import.staged.map_or(0, |staged| staged.items);
        if described.error_count > 0 || described.imported_item_count < items as i64 {
            message.push_str(&format!(
                "; of {items} items {} were imported, with {} errors",
                described.imported_item_count, described.error_count
            ));
            // It may be that the table is not there, or what was staged.
            let missing = self.missing(table, import).await.unwrap_or_default();
            if !missing.is_empty() {
                message.push_str(&format!("; not imported are those of keys {}", missing.join(", ")));
            }
        }
        if let Some(group) = &described.cloud_watch_log_group_arn {
            message.push_str(&format!("; the service lists the errors in {group}"));
        }
        view.invalid(message)
    }

    /// Some keys whose items are not as they were staged, in hexadecimal.
    async fn missing(&self, table: &str, import: &Import) -> Result<Vec<String>, Failure> {
        let bucket = self.staged_in(import).await?;
        let prefix = Path::from(data(&import.prefix));
        let mut objects = bucket.list(Some(&prefix));
        let (mut looked_at, mut missing) = (0, Vec::new());
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| of_objects("listing", &error))?;
            let compressed = get(&bucket, &object.location).await?;
            let mut source = Vec::new();
            let read = MultiGzDecoder::new(compressed.as_slice()).read_to_end(&mut source);
            read.map_err(broken)?;
            let lines: Vec<&[u8]> = lines_of(&source).collect();
            for lines in lines.chunks(1000) {
                looked_at += lines.len();
                missing.extend(self.dynamo.differing(table, lines.iter().copied()).await?);
                if missing.len() >= TOLD || looked_at >= LOOKED_AT {
                    missing.truncate(TOLD);
                    return Ok(missing);
                }
            }
        }
        Ok(missing)
    }

    /// Looks whether some of the items are as they were staged.
    async fn verify(&self, view: &View<'_>, table: &str, import: &Import) -> Result<(), OnlineError> {
        let failed = |failure: Failure| view.failed(failure);
        let bucket = self.staged_in(import).await.map_err(failed)?;
        let lines = get(&bucket, &sample(&import.prefix)).await.map_err(failed)?;
        let differing = self.dynamo.differing(table, lines_of(&lines)).await.map_err(failed)?;
        match differing.is_empty() {
            true => Ok(()),
            false => Err(view.invalid(format!(
                "the import says that it is complete, and of a random sample these keys do not have their items: {}",
                differing.join(", ")
            ))),
        }
    }

    async fn staged_in(&self, import: &Import) -> Result<Arc<object_store::aws::AmazonS3>, Failure> {
        self.dynamo.bucket(&import.bucket, &import.at).await
    }

    /// Deletes what was staged; a bucket that is not there has nothing of it.
    pub(super) async fn clear_staged(&self, import: &Import) -> Result<(), Failure> {
        let bucket = self.staged_in(import).await?;
        let prefix = Path::from(import.prefix.as_str());
        let mut waits = Waits::new(self.dynamo.options(), Patience::Write);
        loop {
            let objects = bucket.list(Some(&prefix)).map_ok(|object| object.location).boxed();
            let cleared = bucket.delete_stream(objects).try_for_each(|_| async { Ok(()) }).await;
            let failure = match cleared {
                Ok(()) => return Ok(()),
                Err(error) => of_objects(&format!("deleting {}", import.prefix), &error),
            };
            if failure.message.contains("NoSuchBucket") {
                return Ok(());
            }
            // Deleting is not sent again by the client of objects.
            if failure.cause != Cause::Unavailable || !waits.again().await {
                return Err(failure);
            }
        }
    }

    /// The same of a generation that is complete; what is left is deleted with the next sweep, and told.
    pub(super) async fn end_or_tell(&self, building: Building<'_>, import: &Import) {
        let ended = self.end_import(&building.view(), building.generation, import).await;
        if let Err(failure) = ended {
            building.tell_left(failure);
        }
    }

    /// The same, and takes it out of the generation's record.
    pub(super) async fn end_import(&self, view: &View<'_>, generation: u64, import: &Import) -> Result<(), Failure> {
        self.clear_staged(import).await?;
        let key = generation_key(view, generation);
        // Not a record of its own, if the generation was dropped meanwhile.
        let condition = Some("attribute_exists(p)");
        let ended = self
            .dynamo
            .update_record(key, "REMOVE import_json", condition, Fields::new());
        match ended.await {
            Err(failure) if failure.cause != Cause::Condition => Err(failure),
            _ => Ok(()),
        }
    }
}

/// What is told to a process that somebody has taken for dead.
pub(super) const TAKEN_FOR_DEAD: &str = "this process was taken for dead, and what it has loaded was dropped";

fn is_under_way(described: &ImportTableDescription) -> bool {
    matches!(
        described.import_status,
        Some(ImportStatus::InProgress | ImportStatus::Cancelling)
    )
}

fn lines_of(source: &[u8]) -> impl Iterator<Item = &[u8]> {
    source.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

async fn get(bucket: &object_store::aws::AmazonS3, path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| of_objects(&format!("getting {path}"), &error);
    let got = bucket.get(path).await.map_err(failed)?;
    Ok(got.bytes().await.map_err(failed)?.to_vec())
}

impl Dynamo {
    /// What an item of these sizes of key and whole costs in an import, where a write of it costs 1; none where no prices are known.
    pub(super) async fn import_price(&self, sizes: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
        let region = self.region().await;
        let price = self
            .options()
            .prices
            .at(region.as_deref(), super::holder::wall_clock())?;
        let (mut rows, mut source) = (0.0, 0);
        for (key, size) in sizes {
            rows += price.rows(1, size);
            source += source_bytes(key, size);
        }
        // Where writes cost nothing beside, as on provisioned tables, time is what counts.
        (rows > 0.0).then(|| price.imported(source, 0) / rows)
    }

    /// Asks for an import; its name, and whether it was asked for more than once.
    async fn begin_import(&self, table: &str, import: &Import, token: &str) -> Result<(String, bool), Failure> {
        let options = self.options();
        let source = S3BucketSource::builder()
            .s3_bucket(&import.bucket)
            .s3_key_prefix(data(&import.prefix))
            .set_s3_bucket_owner(options.staging.as_ref().and_then(|staging| staging.owner.clone()))
            .build()
            .map_err(broken)?;
        let made = super::tables::Creation::new(options, OWN_KEYS)?;
        let parameters = TableCreationParameters::builder()
            .table_name(table)
            .set_attribute_definitions(Some(made.attributes))
            .set_key_schema(Some(made.schema))
            .billing_mode(made.mode)
            .set_provisioned_throughput(made.throughput)
            .set_sse_specification(made.encryption)
            .build()
            .map_err(broken)?;
        let mut asked = 0;
        let begun = self.call("ImportTable", Patience::Write, |client| {
            asked += 1;
            client
                .import_table()
                .client_token(token)
                .s3_bucket_source(source.clone())
                .input_format(InputFormat::DynamodbJson)
                .input_compression_type(InputCompressionType::Gzip)
                .table_creation_parameters(parameters.clone())
                .send()
        });
        let begun = begun.await.map_err(Failure::from)?;
        let arn = begun.import_table_description.and_then(|begun| begun.import_arn);
        let arn = arn.ok_or_else(|| broken("the service has not told the import's name"))?;
        Ok((arn, asked > 1))
    }

    pub(super) async fn describe_import(&self, arn: &str) -> Result<ImportTableDescription, Failure> {
        let described = self.call("DescribeImport", Patience::Write, |client| {
            client.describe_import().import_arn(arn).send()
        });
        let described = described.await.map_err(Failure::from)?;
        let described = described.import_table_description;
        described.ok_or_else(|| broken("the service has not described the import"))
    }

    /// Whether an import is under way, or may be, which cannot be ended, nor its table be dropped.
    pub(super) async fn is_importing(&self, table: &str, import: &Import) -> Result<bool, Failure> {
        let Some(arn) = &import.arn else {
            // Its table comes some time after it was asked for.
            let may_come = import
                .asked_at
                .is_some_and(|asked| asked + MAY_COME > since_1970().as_secs());
            return Ok(match self.status(table).await? {
                None => may_come,
                Some(status) => status == TableStatus::Creating,
            });
        };
        match self.describe_import(arn).await {
            Ok(described) => Ok(is_under_way(&described)),
            // The service forgets imports.
            Err(failure) if failure.cause == Cause::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The keys of those lines whose items are not in the table as they are there, in hexadecimal.
    async fn differing(&self, table: &str, lines: impl Iterator<Item = &[u8]>) -> Result<Vec<String>, Failure> {
        let place = Place::Own {
            table: table.to_owned(),
        };
        let items: Option<Vec<Fields>> = lines.map(parse).collect();
        let items = items.ok_or_else(|| broken("what was staged makes no sense"))?;
        let wanted: Vec<Wanted<'_>> = items
            .iter()
            .map(|item| Wanted {
                place: &place,
                generation: 0,
                stored: bytes_of(item, "k").unwrap_or_default().to_vec(),
            })
            .collect();
        let found = self.fetch(&wanted, true, Patience::Write).await?;
        let now = since_1970().as_secs();
        let differ = wanted.iter().zip(&items).filter(|(wanted, item)| {
            let found = found.get(&wanted.address());
            found != Some(item) && !(found.is_none() && is_over(item, now))
        });
        Ok(differ
            .map(|(wanted, _)| sandglass_runtime::hex(wanted.stored.get(1..).unwrap_or_default()))
            .collect())
    }
}
