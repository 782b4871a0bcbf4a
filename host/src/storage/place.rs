use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::execution::object_store::ObjectStoreUrl;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};

use super::StorageError;
use super::bucket::{Bucket, generic};
use super::pieces::Pieces;
use super::reader::ObjectReader;
use crate::aws::{Access, BucketAt, ObjectsCause};
use crate::definition::split_bucket;
use crate::time::Timestamp;

/// A file, a folder, an object, or what begins alike.
#[derive(Clone)]
pub struct Place(At);

#[derive(Clone)]
enum At {
    Folder(PathBuf),
    Objects {
        bucket: Arc<Bucket>,
        /// Without a `/` at the ends.
        path: String,
    },
}

/// How often what others change at the same time is tried again.
const TRIES: usize = 10;
/// How often a request is sent again whose answer was lost.
const LOST_MAX: usize = 3;

impl From<&str> for Place {
    /// A path on this machine.
    fn from(path: &str) -> Self {
        Self(At::Folder(path.into()))
    }
}

impl From<&FilePath> for Place {
    fn from(path: &FilePath) -> Self {
        Self(At::Folder(path.to_owned()))
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self(At::Folder(path))
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            At::Folder(path) => path.display().fmt(f),
            At::Objects { bucket, path } if path.is_empty() => write!(f, "s3://{}", bucket.name),
            At::Objects { bucket, path } => write!(f, "s3://{}/{path}", bucket.name),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Ord for Place {
    /// Folder by folder.
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (At::Folder(one), At::Folder(other)) => one.cmp(other),
            (At::Folder(_), At::Objects { .. }) => Ordering::Less,
            (At::Objects { .. }, At::Folder(_)) => Ordering::Greater,
            (
                At::Objects { bucket, path },
                At::Objects {
                    bucket: in_other,
                    path: other,
                },
            ) => {
                let names = bucket.name.cmp(&in_other.name);
                names.then_with(|| path.split('/').cmp(other.split('/')))
            }
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

impl Place {
    /// What a definition names: `s3://bucket/path`, or a path relative to `root`. Nothing is looked for yet. Who asks for objects is what
    /// the usual chain of AWS's tools finds.
    pub fn new(location: &str, at: &BucketAt, root: &FilePath) -> Self {
        Self::with_access(location, at, root, &Access::default())
    }

    /// The same, for whoever says who asks.
    pub fn with_access(location: &str, at: &BucketAt, root: &FilePath, access: &Access) -> Self {
        match split_bucket(location) {
            Some((bucket, path)) => Self(At::Objects {
                bucket: Arc::new(Bucket::new(bucket, at, access)),
                path: path.trim_end_matches('/').to_owned(),
            }),
            None => Self(At::Folder(root.join(location))),
        }
    }

    /// What lies below, its names with `/` between them.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        Self(match &self.0 {
            At::Folder(path) => At::Folder(path.join(below)),
            At::Objects { bucket, path } => At::Objects {
                bucket: Arc::clone(bucket),
                path: match path.as_str() {
                    "" => below.to_owned(),
                    path => format!("{path}/{below}"),
                },
            },
        })
    }

    /// Another object of the same bucket; none on this machine.
    pub(crate) fn object(&self, path: &str) -> Option<Self> {
        match &self.0 {
            At::Folder(_) => None,
            At::Objects { bucket, .. } => Some(Self(At::Objects {
                bucket: Arc::clone(bucket),
                path: path.to_owned(),
            })),
        }
    }

    /// The same, whatever folder the process is in.
    pub fn absolute(&self) -> Result<Self, StorageError> {
        match &self.0 {
            At::Folder(path) => {
                let absolute = std::path::absolute(path).map_err(|error| self.of_file(error))?;
                Ok(Self(At::Folder(absolute)))
            }
            At::Objects { .. } => Ok(self.clone()),
        }
    }

    /// The path, if it is on this machine.
    pub fn folder(&self) -> Option<&FilePath> {
        match &self.0 {
            At::Folder(path) => Some(path),
            At::Objects { .. } => None,
        }
    }

    /// The last of its names.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.0 {
            At::Folder(path) => path.file_name().map(OsStr::to_string_lossy).unwrap_or_default(),
            At::Objects { path, .. } => path.rsplit('/').next().unwrap_or_default().into(),
        }
    }

    /// Its bucket for plans and tables, and its path there; none on this machine.
    pub(crate) fn store(&self) -> object_store::Result<Option<(Arc<dyn ObjectStore>, Path)>> {
        match &self.0 {
            At::Folder(_) => Ok(None),
            At::Objects { bucket, path } => Ok(Some((bucket.shared()?, key(path)?))),
        }
    }

    /// The name of its bucket; none on this machine.
    pub(crate) fn bucket(&self) -> Option<&str> {
        match &self.0 {
            At::Folder(_) => None,
            At::Objects { bucket, .. } => Some(&bucket.name),
        }
    }

    /// What a plan knows its bucket by; none on this machine.
    pub(crate) fn store_url(&self) -> datafusion::error::Result<Option<ObjectStoreUrl>> {
        match &self.0 {
            At::Folder(_) => Ok(None),
            At::Objects { bucket, .. } => bucket.url().map(Some),
        }
    }

    /// The whole of a file; none if there is none.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let found = match &self.0 {
            At::Folder(path) => match fs::read(path) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(self.of_file(error)),
            },
            At::Objects { bucket, path } => self.versioned(bucket, path)?.map(|(bytes, _)| bytes),
        };
        Ok(found)
    }

    /// The same, with what it is to be replaced by.
    fn versioned(&self, bucket: &Bucket, path: &str) -> Result<Option<(Vec<u8>, UpdateVersion)>, StorageError> {
        let read = ask(bucket, path, |store, key| async move {
            let found = store.get(&key).await?;
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            Ok((found.bytes().await?.to_vec(), version))
        });
        match read {
            Ok(found) => Ok(Some(found)),
            Err(error) if ObjectsCause::of(&error) == ObjectsCause::NotFound => Ok(None),
            Err(error) => Err(self.of_object(&error)),
        }
    }

    /// Reads a file from its beginning, on a thread that may wait.
    pub fn reader(&self) -> std::io::Result<Box<dyn Read + Send>> {
        match &self.0 {
            At::Folder(path) => Ok(Box::new(File::open(path)?)),
            At::Objects { bucket, path } => {
                let opened = key(path).and_then(|key| ObjectReader::open(bucket, key));
                Ok(Box::new(opened.map_err(std::io::Error::other)?))
            }
        }
    }

    /// Makes a file, if there is none; else false. A request whose answer was lost is sent again, and finds its own: an object with these
    /// very bytes that came meanwhile counts as made.
    pub fn create(&self, bytes: &[u8]) -> Result<bool, StorageError> {
        let (bucket, path) = match &self.0 {
            At::Folder(path) => return create_file(path, bytes).map_err(|error| self.of_file(error)),
            At::Objects { bucket, path } => (bucket, path),
        };
        if self.look()?.is_some() {
            return Ok(false);
        }
        let mut failure = None;
        for _ in 0..LOST_MAX {
            match Self::put_if(bucket, path, bytes.to_vec(), PutMode::Create) {
                Ok(()) => return Ok(true),
                // Whether it is there is what is looked for.
                Err(Error::AlreadyExists { .. }) => {}
                Err(error) if ObjectsCause::of(&error) == ObjectsCause::Unavailable => failure = Some(error),
                Err(error) => return Err(self.of_object(&error)),
            }
            // One that was removed meanwhile is made.
            if let Some((there, _)) = self.versioned(bucket, path)? {
                return Ok(there == bytes);
            }
        }
        Err(self.of_object(&failure.unwrap_or_else(busy)))
    }

    /// Makes a file, in the place of one that there may be.
    pub fn put(&self, bytes: &[u8]) -> Result<(), StorageError> {
        match &self.0 {
            At::Folder(path) => put_file(path, bytes).map_err(|error| self.of_file(error)),
            At::Objects { bucket, path } => {
                let put = Self::put_if(bucket, path, bytes.to_vec(), PutMode::Overwrite);
                put.map_err(|error| self.of_object(&error))
            }
        }
    }

    /// Puts this behind what a file has, or makes one.
    pub fn append(&self, bytes: &[u8]) -> Result<(), StorageError> {
        let (bucket, path) = match &self.0 {
            At::Folder(path) => return append_to_file(path, bytes).map_err(|error| self.of_file(error)),
            At::Objects { bucket, path } => (bucket, path),
        };
        for _ in 0..TRIES {
            let (whole, mode) = match self.versioned(bucket, path)? {
                Some((there, version)) => ([&there, bytes].concat(), PutMode::Update(version)),
                None => (bytes.to_vec(), PutMode::Create),
            };
            match Self::put_if(bucket, path, whole, mode) {
                Ok(()) => return Ok(()),
                // Somebody else was faster.
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
                Err(error) => return Err(self.of_object(&error)),
            }
        }
        Err(self.of_object(&busy()))
    }

    fn put_if(bucket: &Bucket, path: &str, bytes: Vec<u8>, mode: PutMode) -> object_store::Result<()> {
        ask(bucket, path, |store, key| async move {
            let options = PutOptions::from(mode);
            store.put_opts(&key, bytes.into(), options).await.map(drop)
        })
    }

    /// Removes a file; whether there was one, as far as that is told.
    pub fn remove(&self) -> Result<bool, StorageError> {
        match &self.0 {
            At::Folder(path) => match fs::remove_file(path) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                Err(error) => Err(self.of_file(error)),
            },
            At::Objects { bucket, path } => {
                // S3 does not tell whether there was one.
                let there = self.look()?.is_some();
                let removed = ask(bucket, path, |store, key| async move { store.delete(&key).await });
                removed.map_err(|error| self.of_object(&error))?;
                Ok(there)
            }
        }
    }

    /// Removes a folder with all that is in it. One that is not there is no error.
    pub fn remove_all(&self) -> Result<(), StorageError> {
        match &self.0 {
            At::Folder(path) => match fs::remove_dir_all(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(self.of_file(error)),
                _ => Ok(()),
            },
            At::Objects { bucket, path } => {
                let removed = ask(bucket, path, |store, key| async move {
                    let keys = store.list(Some(&key)).map_ok(|object| object.location).boxed();
                    store.delete_stream(keys).try_for_each(|_| async { Ok(()) }).await
                });
                removed.map_err(|error| self.of_object(&error))
            }
        }
    }

    /// The names of the files and folders in a folder, in no order; none of one that is not there.
    pub fn names(&self) -> Result<Vec<String>, StorageError> {
        match &self.0 {
            At::Folder(path) => {
                let entries = match fs::read_dir(path) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                    Err(error) => return Err(self.of_file(error)),
                };
                Ok(entries
                    .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                    .collect())
            }
            At::Objects { bucket, path } => {
                let listed = ask(bucket, path, |store, key| async move {
                    store.list_with_delimiter(Some(&key)).await
                });
                let listed = listed.map_err(|error| self.of_object(&error))?;
                let objects = listed.objects.into_iter().map(|object| object.location);
                let all = listed.common_prefixes.into_iter().chain(objects);
                Ok(all.filter_map(|path| path.filename().map(str::to_owned)).collect())
            }
        }
    }

    /// The sizes of all files below a folder, in bytes, and when they were last written; none of one that is not there. Files that go
    /// meanwhile are left out.
    pub fn files(&self) -> Result<Vec<(u64, Timestamp)>, StorageError> {
        match &self.0 {
            At::Folder(path) => Ok(walk(path)),
            At::Objects { .. } => {
                let objects = self.objects()?.into_iter();
                Ok(objects.map(|object| (object.size, modified(&object))).collect())
            }
        }
    }

    /// All objects whose names begin with the folder's; nothing on this machine.
    pub(crate) fn objects(&self) -> Result<Vec<ObjectMeta>, StorageError> {
        let At::Objects { bucket, path } = &self.0 else {
            return Ok(Vec::new());
        };
        let listed = ask(bucket, path, |store, key| async move {
            store.list(Some(&key)).try_collect().await
        });
        listed.map_err(|error| self.of_object(&error))
    }

    /// An error if whoever keeps the objects lets two make one: then nobody would be told of another. Files are not looked at.
    pub fn check_conditions(&self) -> Result<(), StorageError> {
        let probe = self.join(&format!(".{}.tmp", uuid::Uuid::new_v4()));
        let At::Objects { bucket, path } = &probe.0 else {
            return Ok(());
        };
        let made = [b"1", b"2"].map(|bytes| Self::put_if(bucket, path, bytes.to_vec(), PutMode::Create));
        let removed = probe.remove();
        match made {
            [Ok(()), Err(Error::AlreadyExists { .. })] => removed.map(drop),
            [Ok(()), Ok(())] => Err(StorageError::Object {
                place: self.to_string(),
                cause: ObjectsCause::Rejected,
                message: "the server takes no notice of `If-None-Match`, so of two who write at once both would believe that they did"
                    .to_owned(),
            }),
            [Err(error), _] | [_, Err(error)] => Err(self.of_object(&error)),
        }
    }

    /// Whether any object's name begins with the folder's; never on this machine.
    pub(crate) fn has_objects(&self) -> Result<bool, StorageError> {
        let first = self.with_object(|store, key| async move { store.list(Some(&key)).try_next().await });
        let first = first.transpose().map_err(|error| self.of_object(&error))?;
        Ok(first.flatten().is_some())
    }

    /// What is known of one object; none if there is none.
    pub(crate) fn look(&self) -> Result<Option<ObjectMeta>, StorageError> {
        let At::Objects { bucket, path } = &self.0 else {
            return Ok(None);
        };
        match ask(bucket, path, |store, key| async move { store.head(&key).await }) {
            Ok(found) => Ok(Some(found)),
            Err(error) if ObjectsCause::of(&error) == ObjectsCause::NotFound => Ok(None),
            Err(error) => Err(self.of_object(&error)),
        }
    }

    /// Does something with an object, and waits for it; none on this machine.
    pub(crate) fn with_object<T, F>(
        &self,
        work: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> Option<object_store::Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        match &self.0 {
            At::Folder(_) => None,
            At::Objects { bucket, path } => Some(ask(bucket, path, |store, key| work(Arc::new(store), key))),
        }
    }

    /// What was to be written there cannot be.
    pub(crate) fn unfit(&self, error: serde_json::Error) -> StorageError {
        self.of_file(error.into())
    }

    pub(crate) fn of_file(&self, source: std::io::Error) -> StorageError {
        StorageError::File {
            place: self.to_string(),
            source,
        }
    }

    pub(crate) fn of_object(&self, error: &Error) -> StorageError {
        StorageError::object(self, error)
    }
}

/// When an object was last written.
pub(crate) fn modified(object: &ObjectMeta) -> Timestamp {
    Timestamp::from_micros(object.last_modified.timestamp_micros())
}

fn ask<T, F>(bucket: &Bucket, path: &str, work: impl FnOnce(Pieces, Path) -> F) -> object_store::Result<T>
where
    T: Send + 'static,
    F: Future<Output = object_store::Result<T>> + Send + 'static,
{
    let key = key(path)?;
    bucket.wait(|store| work(store, key))
}

fn key(path: &str) -> object_store::Result<Path> {
    Ok(Path::parse(path)?)
}

fn busy() -> Error {
    generic(format!("it was not written in {TRIES} tries").into())
}

/// Whole or not at all: written and synced under another name, then linked, which fails if the name is taken.
fn create_file(path: &FilePath, bytes: &[u8]) -> std::io::Result<bool> {
    let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    if path.exists() {
        return Ok(false);
    }
    let temporary = write_beside(folder, bytes)?;
    let linked = fs::hard_link(&temporary, path);
    // Whether it is still there matters to nobody.
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn put_file(path: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    fs::rename(write_beside(folder, bytes)?, path)
}

fn write_beside(folder: &FilePath, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let temporary = folder.join(format!(".{}.tmp", uuid::Uuid::new_v4()));
    let mut file = File::create(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(temporary)
}

fn append_to_file(path: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(bytes)
}

fn walk(folder: &FilePath) -> Vec<(u64, Timestamp)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => {
                    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push((metadata.len(), modified.into()));
                }
                // Gone meanwhile.
                Err(_) => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_who_create_a_file_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::from(folder.path()).join("a/b");
        assert_eq!(place.read().expect("readable"), None);
        let made = std::thread::scope(|scope| {
            let each: Vec<_> = (0..8_u8)
                .map(|number| {
                    scope.spawn({
                        let place = &place;
                        move || place.create(&[number])
                    })
                })
                .collect();
            each.into_iter()
                .map(|each| each.join().expect("no panic").expect("written"))
                .filter(|made| *made)
                .count()
        });
        assert_eq!(made, 1);
        assert_eq!(Place::from(folder.path()).join("a").names().expect("listed"), ["b"]);
        place.put(b"x").expect("written");
        place.append(b"y").expect("written");
        assert_eq!(place.read().expect("readable").as_deref(), Some(b"xy".as_slice()));
        assert_eq!(Place::from(folder.path()).files().expect("listed").len(), 1);
        assert!(place.remove().expect("removed") && !place.remove().expect("gone"));
    }

    #[test]
    fn objects_have_their_address() {
        let at = BucketAt::default();
        let place = Place::new("s3://bucket/", &at, FilePath::new("/root"));
        assert_eq!(place.to_string(), "s3://bucket");
        assert_eq!(place.join("a").join("b/c").to_string(), "s3://bucket/a/b/c");
        assert_eq!(place.join("a/b").name(), "b");
        let mut places = ["a-b/1", "a/2", "a/1"].map(|path| place.join(path));
        places.sort();
        assert_eq!(
            places.map(|place| place.to_string()),
            ["s3://bucket/a/1", "s3://bucket/a/2", "s3://bucket/a-b/1"]
        );
        assert_eq!(Place::new("x", &at, FilePath::new("/root")).to_string(), "/root/x");
    }
}
