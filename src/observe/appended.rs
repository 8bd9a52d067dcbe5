//! A file that is appended to, and opened anew when it is asked for: after `logrotate` has moved it away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// A file that is appended to. What is written at once stays together.
#[derive(Debug)]
pub struct Appended {
    path: PathBuf,
    file: File,
    reopen: Reopen,
    /// How often it has been asked to be opened anew, when it last was.
    seen: u64,
}

/// Has the files of all [`Appended`] that hold a clone of it opened anew, each before the next that is written to it.
#[derive(Clone, Debug, Default)]
pub struct Reopen(Arc<AtomicU64>);

impl Reopen {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Appended {
    /// Opens the file at `path`, or creates it.
    ///
    /// # Errors
    /// If it cannot be opened for appending.
    pub fn open(path: &Path, reopen: Reopen) -> Result<Self> {
        let seen = reopen.0.load(Ordering::Acquire);
        let file = open(path).map_err(|e| {
            Error::io(format!(
                "{} cannot be written; name a file in a folder that is there and writable",
                path.display()
            ))
            .with(e)
        })?;
        Ok(Self { path: path.to_owned(), file, reopen, seen })
    }
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let asked = self.reopen.0.load(Ordering::Acquire);
        if asked != self.seen {
            self.seen = asked;
            match open(&self.path) {
                Ok(file) => self.file = file,
                // Lines in the old file are better than none.
                Err(error) => {
                    tracing::error!(path = %self.path.display(), %error, "a file cannot be opened anew; the old one is written on");
                }
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_made_anew_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("a.log"), folder.path().join("a.log.1"));
        let reopen = Reopen::default();
        let mut file = Appended::open(&path, reopen.clone()).unwrap();
        file.write_all(b"1\n").unwrap();
        std::fs::rename(&path, &old).unwrap();
        file.write_all(b"2\n").unwrap();
        reopen.ask();
        file.write_all(b"3\n").unwrap();
        file.write_all(b"4\n").unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"1\n2\n");
        assert_eq!(std::fs::read(&path).unwrap(), b"3\n4\n");
        // Where that is not possible, the old one goes on.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        reopen.ask();
        file.write_all(b"5\n").unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_at_once() {
        let error = Appended::open("/nowhere/at/all.log".as_ref(), Reopen::default()).unwrap_err();
        assert!(error.is_io() && error.to_string().contains("/nowhere/at/all.log"));
    }
}
