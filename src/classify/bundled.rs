//! The ONNX Runtime inside this binary, given to the system's loader as a file.
//!
//! On Linux the file lives in memory only (`memfd_create(2)`) and needs no writable disk. Where that is forbidden, and
//! elsewhere, it is a private temporary file that is gone again as soon as it is loaded.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
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
    match our_copy() {
        Ok(mut ours) => drop(io::copy(&mut ours, &mut file).map_err(failed)?),
        Err(error) => {
            tracing::debug!(%error, "the library is copied from memory");
            file.write_all(LIBRARY).map_err(failed)?;
        }
    }
    // The mapping outlives the descriptor.
    load(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())))
}

/// The library as it stands in the file that this process was started from.
///
/// Copied from there, inside the kernel, its 25 MB never become part of this process; copied from [`LIBRARY`], all of its
/// pages are mapped and stay resident until the system runs short of memory.
///
/// # Errors
/// If this code is not in that file (but in a library), or `/proc` is not there.
#[cfg(target_os = "linux")]
fn our_copy() -> io::Result<io::Take<fs::File>> {
    let mut file = fs::File::open("/proc/self/exe")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let program = fs::read_link("/proc/self/exe")?;
    let offset = offset_in(&maps, &program.to_string_lossy(), LIBRARY.as_ptr().addr(), LIBRARY.len());
    let offset = offset.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(LIBRARY.len() as u64))
}

/// Where in the file `path` stands what is mapped at `address`, by `/proc/self/maps` (proc(5)); `None` if it is not whole in
/// one mapping of that file.
#[cfg(target_os = "linux")]
fn offset_in(maps: &str, path: &str, address: usize, length: usize) -> Option<u64> {
    maps.lines().find_map(|line| {
        let mut fields = line.splitn(6, ' ');
        let (from, to) = fields.next()?.split_once('-')?;
        let hex = |digits| usize::from_str_radix(digits, 16).ok();
        let (from, to) = (hex(from)?, hex(to)?);
        let offset = hex(fields.nth(1)?)?;
        let mapped = fields.nth(2)?.trim_start();
        let is_whole = from <= address && address.checked_add(length)? <= to;
        (is_whole && mapped == path).then(|| (offset + (address - from)) as u64)
    })
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

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_copied_from_the_program_is_the_library() {
        let mut copied = Vec::new();
        our_copy().unwrap().read_to_end(&mut copied).unwrap();
        assert!(copied == LIBRARY);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_mapping_tells_the_place_in_its_file() {
        let maps = "1000-3000 r--p 00000000 08:01 42                         /bin/a b\n\
                    3000-9000 r-xp 00002000 08:01 42                         /bin/a b\n\
                    9000-a000 rw-p 00000000 00:00 0 \n";
        assert_eq!(offset_in(maps, "/bin/a b", 0x3010, 16), Some(0x2010));
        assert_eq!(offset_in(maps, "/bin/a b", 0x1000, 0x2000), Some(0));
        assert_eq!(offset_in(maps, "/bin/a b", 0x1000, 0x2001), None, "in two mappings");
        assert_eq!(offset_in(maps, "/bin/other", 0x3010, 16), None);
        assert_eq!(offset_in(maps, "", 0x9000, 16), Some(0), "no file, and no program has that path");
    }

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
