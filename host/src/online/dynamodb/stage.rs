//! Puts the items of a load into S3, where an import finds them.
//!
//! Lines of items are made on the caller's thread, and compressed on as many others as there are cores, each of which fills an object of its
//! own; an object is put when it is full, while the next one is begun. What is in memory is two compressed objects a core, and a few
//! megabytes of lines.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::client::{Cause, Failure, of_objects, random};
use super::place::Stored;
use super::source::lines;

/// Lines that go to a compressor at once.
const BLOCK: usize = 512 << 10;
/// Compressors; more are not kept busy by one thread that makes lines.
const CORES_MAX: usize = 4;
/// An import takes so many objects.
const OBJECTS_MAX: u32 = 50_000;
/// From here on objects are larger, so that all that an import may have in bytes fits.
const MANY: u32 = 10_000;
const LARGER: u64 = 8;
/// Lines that are compared with what was imported.
pub(super) const SAMPLE: usize = 100;

/// What was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Staged {
    /// Keys with an item.
    pub(super) keys: u64,
    /// Items that the import should tell of, chunks among them.
    pub(super) items: u64,
    pub(super) objects: u32,
    /// Bytes of the lines.
    pub(super) source_bytes: u64,
}

/// Where objects go.
pub(super) struct Target {
    pub(super) bucket: Arc<AmazonS3>,
    /// What their names begin with.
    pub(super) prefix: String,
    pub(super) object_bytes: u64,
    pub(super) runtime: Handle,
}

/// The names of the objects that an import reads begin with this.
pub(super) fn data(prefix: &str) -> String {
    format!("{prefix}/data/")
}

/// Lines of some of the items, as they should be there afterwards.
pub(super) fn sample(prefix: &str) -> Path {
    Path::from(format!("{prefix}/sample.json"))
}

/// Takes items and puts them.
pub(super) struct Stager<'a> {
    blocks: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    /// How long a block is.
    full: usize,
    has_failed: &'a AtomicBool,
    sample: Sample,
    keys: u64,
    items: u64,
    source_bytes: u64,
}

impl Stager<'_> {
    /// False if some object could not be put, so that no more should come.
    pub(super) fn push(&mut self, stored: &Stored) -> bool {
        let start = self.block.len();
        self.keys += 1;
        self.items += lines(stored, &mut self.block);
        self.source_bytes += (self.block.len() - start) as u64;
        if self.sample.wants() {
            self.sample.take(&self.block[start..]);
        }
        if self.block.len() >= self.full {
            self.send();
        }
        !self.has_failed.load(Ordering::Relaxed)
    }

    fn send(&mut self) {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK + BLOCK / 8));
        // Compressors take blocks until there are no more, even when they have failed.
        let _ = self.blocks.send(block);
    }
}

/// Puts what `feed` pushes.
pub(super) fn stage<E: From<Failure>>(
    target: &Target,
    feed: impl FnOnce(&mut Stager<'_>) -> Result<(), E>,
) -> Result<Staged, E> {
    let cores = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(CORES_MAX);
    let (blocks, queue) = sync_channel(2 * cores);
    let (queue, has_failed, objects) = (Mutex::new(queue), AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let compressors: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| compress(target, &queue, &has_failed, &objects)))
            .collect();
        let mut stager = Stager {
            blocks,
            block: Vec::new(),
            full: BLOCK.min(target.object_bytes as usize),
            has_failed: &has_failed,
            sample: Sample::default(),
            keys: 0,
            items: 0,
            source_bytes: 0,
        };
        let fed = feed(&mut stager);
        stager.send();
        let Stager {
            blocks,
            sample: some,
            keys,
            items,
            source_bytes,
            ..
        } = stager;
        drop(blocks);
        let mut done = Ok(());
        for compressor in compressors {
            let compressed = compressor
                .join()
                .unwrap_or_else(|_| Err(broken("a compressor has panicked")));
            done = done.and(compressed);
        }
        fed?;
        done?;
        let sampled = put(target, sample(&target.prefix), some.lines.concat());
        target.runtime.block_on(sampled)?;
        Ok(Staged {
            keys,
            items,
            objects: objects.load(Ordering::Relaxed),
            source_bytes,
        })
    })
}

fn broken(message: impl std::fmt::Display) -> Failure {
    Failure {
        cause: Cause::Rejected,
        message: format!("staging: {message}"),
    }
}

/// Fills objects with blocks until there are no more.
fn compress(
    target: &Target,
    queue: &Mutex<Receiver<Vec<u8>>>,
    has_failed: &AtomicBool,
    objects: &AtomicU32,
) -> Result<(), Failure> {
    let mut open: Option<(u32, u64, GzEncoder<Vec<u8>>)> = None;
    let mut flying: Option<JoinHandle<Result<(), Failure>>> = None;
    let mut done = Ok(());
    loop {
        let block = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = block else { break };
        if done.is_err() || block.is_empty() {
            continue;
        }
        let (number, bytes, mut object) = open.take().unwrap_or_else(|| {
            let number = objects.fetch_add(1, Ordering::Relaxed);
            (number, 0, GzEncoder::new(Vec::new(), Compression::fast()))
        });
        let bytes = bytes + block.len() as u64;
        let most = match number < MANY {
            true => target.object_bytes,
            false => target.object_bytes * LARGER,
        };
        done = object.write_all(&block).map_err(broken);
        if bytes < most {
            open = Some((number, bytes, object));
        } else {
            done = done.and_then(|()| end(target, number, object, &mut flying));
        }
        if done.is_err() {
            has_failed.store(true, Ordering::Relaxed);
        }
    }
    if let (Ok(()), Some((number, _, object))) = (&done, open) {
        done = end(target, number, object, &mut flying);
    }
    let landed = land(target, flying);
    done.and(landed)
}

/// Puts a full object when the one before it is there.
fn end(
    target: &Target,
    number: u32,
    object: GzEncoder<Vec<u8>>,
    flying: &mut Option<JoinHandle<Result<(), Failure>>>,
) -> Result<(), Failure> {
    if number >= OBJECTS_MAX {
        return Err(broken(format!(
            "an import takes {OBJECTS_MAX} objects, and this load has more"
        )));
    }
    let bytes = object.finish().map_err(broken)?;
    land(target, flying.take())?;
    let path = Path::from(format!("{}{number:05}.json.gz", data(&target.prefix)));
    *flying = Some(target.runtime.spawn(put(target, path, bytes)));
    Ok(())
}

fn land(target: &Target, flying: Option<JoinHandle<Result<(), Failure>>>) -> Result<(), Failure> {
    match flying {
        None => Ok(()),
        Some(flying) => target.runtime.block_on(flying).map_err(broken)?,
    }
}

fn put(target: &Target, path: Path, bytes: Vec<u8>) -> impl Future<Output = Result<(), Failure>> + use<> {
    let bucket = Arc::clone(&target.bucket);
    async move {
        let put = bucket.put(&path, PutPayload::from(bytes)).await;
        put.map(drop)
            .map_err(|error| of_objects(&format!("putting {path}"), &error))
    }
}

/// Some of the pieces that come, each with the same chance (Li's algorithm L, <https://doi.org/10.1145/198429.198435>).
struct Sample {
    lines: Vec<Vec<u8>>,
    /// Pieces to let pass before the next one is taken.
    passing: u64,
    weight: f64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            passing: 0,
            weight: 1.0,
        }
    }
}

impl Sample {
    /// Whether the piece that comes is to be taken.
    fn wants(&mut self) -> bool {
        match self.passing {
            0 => true,
            _ => {
                self.passing -= 1;
                false
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        if self.lines.len() < SAMPLE {
            self.lines.push(piece.to_vec());
        } else {
            let place = (random() * SAMPLE as f64) as usize;
            self.lines[place.min(SAMPLE - 1)] = piece.to_vec();
        }
        if self.lines.len() == SAMPLE {
            // Never 0, whose logarithm is none.
            let drawn = || random().max(f64::MIN_POSITIVE);
            self.weight *= (drawn().ln() / SAMPLE as f64).exp();
            let passing = (drawn().ln() / (-self.weight).ln_1p()).floor();
            // Beyond the range it is the largest, which is what is meant.
            self.passing = passing as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a thousand runs each piece is taken about as often as the others.
    #[test]
    fn a_sample_takes_all_alike() {
        let (runs, pieces) = (1000, 1000_u32);
        let mut taken = vec![0_u32; pieces as usize];
        for _ in 0..runs {
            let mut sample = Sample::default();
            for piece in 0..pieces {
                if sample.wants() {
                    sample.take(&piece.to_le_bytes());
                }
            }
            assert_eq!(sample.lines.len(), SAMPLE);
            for line in sample.lines {
                taken[u32::from_le_bytes(line.try_into().expect("a piece")) as usize] += 1;
            }
        }
        // 100 are expected of each, with a standard deviation under 10; a tenth of the pieces 10,000, under 100.
        assert!(taken.iter().all(|count| (40..=160).contains(count)), "{taken:?}");
        for tenth in taken.chunks(100) {
            let count: u32 = tenth.iter().sum();
            assert!((9_400..=10_600).contains(&count), "{count}");
        }
    }

    #[test]
    fn a_short_load_is_its_own_sample() {
        let mut sample = Sample::default();
        for piece in 0..7_u8 {
            assert!(sample.wants());
            sample.take(&[piece]);
        }
        assert_eq!(sample.lines.concat(), [0, 1, 2, 3, 4, 5, 6]);
    }
}
