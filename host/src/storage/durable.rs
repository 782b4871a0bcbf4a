//! Local folders, with syncs. `object_store` writes a local file under another name and then links or renames it, which is
//! atomic for other processes but says nothing to the disk: after a loss of power an entry of the log could be empty. Here
//! the bytes are synced before the name appears and the folder after it, so that what was committed stays, and what was
//! not committed is not seen.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

/// [`LocalFileSystem`] whose writes have reached the disk when they are reported as done.
#[derive(Debug)]
pub(crate) struct DurableFolder(Arc<LocalFileSystem>);

impl DurableFolder {
    /// The whole file system.
    pub(crate) fn root() -> Self {
        Self(Arc::new(LocalFileSystem::new()))
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableFolder({})", self.0)
    }
}

#[async_trait]
impl ObjectStore for DurableFolder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return self.0.put_opts(location, payload, options).await,
        };
        let path = self.0.path_to_filesystem(location)?;
        blocking(move || {
            write_durably(&path, &payload, create).map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists if create => Error::AlreadyExists {
                    path: path.display().to_string(),
                    source: Box::new(source),
                },
                _ => generic(source),
            })
        })
        .await?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.0.path_to_filesystem(location)?;
        let parent_is_new = path.parent().is_some_and(|parent| !parent.exists());
        let upload = self.0.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload {
            upload,
            path,
            parent_is_new,
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    path: PathBuf,
    parent_is_new: bool,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        let (path, parent_is_new) = (self.path.clone(), self.parent_is_new);
        blocking(move || {
            File::open(&path).and_then(|file| file.sync_all()).map_err(generic)?;
            sync_folders(&path, parent_is_new).map_err(generic)
        })
        .await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

fn write_durably(path: &FilePath, payload: &PutPayload, create: bool) -> std::io::Result<()> {
    let parent = path.parent().ok_or(ErrorKind::InvalidInput)?;
    let parent_is_new = !parent.exists();
    if parent_is_new {
        fs::create_dir_all(parent)?;
    }
    // `LocalFileSystem` leaves names with `#` and digits out of its lists.
    let mut staged = path.as_os_str().to_owned();
    staged.push(format!("#{}", uuid::Uuid::new_v4().as_u128()));
    let staged = PathBuf::from(staged);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&staged)?;
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_all()?;
        if create {
            fs::hard_link(&staged, path)
        } else {
            fs::rename(&staged, path)
        }
    })();
    if create || written.is_err() {
        // It has another name by now, or none that anybody looks for.
        let _ = fs::remove_file(&staged);
    }
    written?;
    sync_folders(path, parent_is_new)
}

/// The folder's list of names, and the list that the folder itself is in.
fn sync_folders(path: &FilePath, parent_is_new: bool) -> std::io::Result<()> {
    let mut folders = path.ancestors().skip(1).take(if parent_is_new { 3 } else { 1 });
    folders.try_for_each(|folder| File::open(folder)?.sync_all())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|source| Error::JoinError { source })?
}

fn generic(source: std::io::Error) -> Error {
    Error::Generic {
        store: "local",
        source: Box::new(source),
    }
}
