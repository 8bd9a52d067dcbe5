//! The ONNX Runtime inside this binary, given to the system's loader as a file.
//!
//! On Linux the file lives in memory only (`memfd_create(2)`) and needs no writable disk. Where that is forbidden, and
//! elsewhere, it is a private temporary file that is gone again as soon as it is loaded.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// Left here by the build script.
static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/onnxruntime.lib"));

/// Calls `load` with the path of the library, which may be gone once `load` has returned.
///
/// # Errors
/// That of `load`, or why there is no place for the file.
pub(super) fn open<T>(load: impl Fn(&Path) -> Result<T>) -> Result<T> {
    #[cfg(target_os = "linux")]
    match in_memory(&load) {
        Ok(loaded) => return Ok(loaded),
        Err(error) => tracing::debug!(?error, "the library cannot be loaded from memory; trying a temporary file"),
    }
    let folder = TemporaryFolder::new()?;
    let path = folder.0.join("libonnxruntime");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&path)
        .and_then(|mut file| file.write_all(LIBRARY))
        .map_err(|e| no_place(&path, e))?;
    load(&path)
}

#[cfg(target_os = "linux")]
fn in_memory<T>(load: impl Fn(&Path) -> Result<T>) -> Result<T> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{MemfdFlags, memfd_create};

    let failed = |e| Error::io("a file in memory for ONNX Runtime").with(e);
    let mut file = fs::File::from(memfd_create("onnxruntime", MemfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?);
    file.write_all(LIBRARY).map_err(failed)?;
    // The mapping outlives the descriptor.
    load(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())))
}

/// A folder that only this user can enter; removed on drop.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let path = env::temp_dir().join(format!("groundwire-{}-{nanos}", process::id()));
        // Fails where the name is taken, be it by a symbolic link somebody put there.
        DirBuilder::new().mode(0o700).create(&path).map_err(|e| no_place(&path, e))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn no_place(path: &Path, error: std::io::Error) -> Error {
    Error::io(format!(
        "ONNX Runtime cannot be put into {}; give its library in ORT_DYLIB_PATH or set TMPDIR",
        path.display()
    ))
    .with(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_temporary_file_is_whole_private_and_gone_afterwards() {
        use std::os::unix::fs::PermissionsExt;

        let seen = open(|path| {
            if path.starts_with("/proc") {
                return Err(Error::io("as where /proc is not mounted"));
            }
            assert_eq!(fs::metadata(path).unwrap().len(), LIBRARY.len() as u64);
            assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
            Ok(path.to_owned())
        })
        .unwrap();
        assert!(!seen.exists() && !seen.parent().unwrap().exists());
    }
}
