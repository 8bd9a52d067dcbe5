//! ONNX Runtime: found, checked and started once per process.
//!
//! Looked for in this order: the path given in the configuration, `ORT_DYLIB_PATH`, beside the executable, inside this
//! binary (feature `bundled`), and last under the system's name for it. A library that is missing or does not fit is
//! an error that says what to do; `ort`'s own start-up panics instead and is never used.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::error::{Error, Result};

/// The oldest minor version that speaks the interface this crate is compiled against (`ort`'s feature `api-24`).
const OLDEST: u32 = 24;
/// From this minor version on, Linux builds contain a telemetry client that asks only the environment.
const TELEMETRY_SINCE: u32 = 29;
/// What that client asks; anything but `1` lets it run.
const TELEMETRY_OFF: &str = "ORT_DISABLE_TELEMETRY";

/// The one environment of this process, once there is one.
static STARTED: Mutex<Option<Started>> = Mutex::new(None);

struct Started {
    environment: Environment,
    origin: String,
}

/// Starts ONNX Runtime, or returns what was started before.
///
/// A process has room for one: a later call that names another `library` gets the first. After an error the next
/// call tries again.
///
/// # Errors
/// If no library is found, or the one that is found does not load, is too old, or would report home.
pub(super) fn start(library: Option<&Path>) -> Result<Environment> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = &*started {
        if let Some(path) = library.filter(|path| path.display().to_string() != there.origin) {
            tracing::warn!(wanted = %path.display(), running = %there.origin, "ONNX Runtime is loaded already and stays");
        }
        return Ok(there.environment.clone());
    }
    let new = find(library)?;
    tracing::debug!(origin = %new.origin, "ONNX Runtime loaded");
    let environment = new.environment.clone();
    *started = Some(new);
    Ok(environment)
}

fn find(library: Option<&Path>) -> Result<Started> {
    if let Some(path) = library {
        return load(path, path.display().to_string());
    }
    if let Some(path) = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return load(&path, format!("{} (ORT_DYLIB_PATH)", path.display()));
    }
    if let Some(path) = beside_executable() {
        return load(&path, path.display().to_string());
    }
    #[cfg(feature = "bundled")]
    {
        super::bundled::open(|path| load(path, "inside this binary".to_owned()))
    }
    #[cfg(not(feature = "bundled"))]
    {
        let name = format!("{}onnxruntime{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
        load(Path::new(&name), format!("{name} (the system's)"))
    }
}

/// `libonnxruntime.so`, or with a version behind it, in the folder of the executable.
fn beside_executable() -> Option<PathBuf> {
    let executable = env::current_exe().ok()?;
    let folder = executable.parent()?;
    let plain = folder.join(format!("{}onnxruntime{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX));
    let versioned =
        folder.join(if cfg!(target_os = "macos") { "libonnxruntime.1.28.0.dylib" } else { "libonnxruntime.so.1.28.0" });
    [plain, versioned].into_iter().find(|path| path.is_file())
}

/// Loads and starts the library at `path`, which is absolute unless the system's loader is to search for it.
fn load(path: &Path, origin: String) -> Result<Started> {
    let absolute;
    let path = if path.components().count() > 1 {
        // `ort` would look for a relative path beside the executable.
        absolute =
            std::path::absolute(path).map_err(|e| Error::model(format!("ONNX Runtime: {}", path.display())).with(e))?;
        &*absolute
    } else {
        // `ort` asks for the executable's folder first, and panics where there is none.
        if env::current_exe().is_err() {
            return Err(Error::model("ONNX Runtime: give the library's path, since the executable's is unknown"));
        }
        path
    };
    let cannot_load = || {
        Error::model(format!(
            "ONNX Runtime 1.28 cannot be loaded: {origin}. Give the path of its library in the configuration or in \
             ORT_DYLIB_PATH, put it beside the executable, or use a build with the feature `bundled`"
        ))
    };
    let Some(minor) = ort::util::probe(path) else {
        // Says why, unless this process has loaded another copy already.
        return Err(ort::init_from(path).err().map_or_else(cannot_load, |e| cannot_load().with(e)));
    };
    fits(minor, &origin, env::var(TELEMETRY_OFF).is_ok_and(|value| value == "1"))?;
    let builder = ort::init_from(path).map_err(|e| cannot_load().with(e))?;
    let environment = builder
        .with_name("groundwire")
        .with_telemetry(false)
        .with_logger(Arc::new(|level, _: &str, _: &str, _: &str, message: &str| log(level, message)))
        .build()
        .map_err(|e| {
            Error::model(format!(
                "ONNX Runtime does not start: {origin}. Where a process uses the crate `ort` by itself, it cannot also \
                 be started here"
            ))
            .with(e.to_string())
        })?;
    environment.set_log_level(LogLevel::Error);
    Ok(Started { environment, origin })
}

/// Whether version 1.`minor` may be used.
fn fits(minor: u32, origin: &str, telemetry_is_off: bool) -> Result<()> {
    if minor < OLDEST {
        return Err(Error::model(format!(
            "ONNX Runtime 1.{minor} is too old: {origin}. Use 1.28, or any from 1.{OLDEST} on"
        )));
    }
    if minor >= TELEMETRY_SINCE && !telemetry_is_off {
        return Err(Error::model(format!(
            "ONNX Runtime 1.{minor} contains a telemetry client: {origin}. Use 1.28, or set {TELEMETRY_OFF}=1"
        )));
    }
    Ok(())
}

fn log(level: LogLevel, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => tracing::error!(target: "groundwire::onnxruntime", "{message}"),
        LogLevel::Warning => tracing::warn!(target: "groundwire::onnxruntime", "{message}"),
        LogLevel::Info | LogLevel::Verbose => tracing::trace!(target: "groundwire::onnxruntime", "{message}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_do_not_fit_say_what_to_do() {
        let message = |minor, off| fits(minor, "x.so", off).unwrap_err().to_string();
        assert!(message(23, true).contains("Use 1.28"));
        assert!(message(29, false).contains("ORT_DISABLE_TELEMETRY=1"));
        assert!(fits(24, "x.so", false).is_ok() && fits(28, "x.so", false).is_ok());
        assert!(fits(31, "x.so", true).is_ok());
    }

    #[test]
    fn what_is_no_library_is_an_error_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("libonnxruntime.so");
        for content in [None, Some(&b""[..]), Some(b"not a library")] {
            content.iter().for_each(|content| std::fs::write(&file, content).unwrap());
            let error = load(&file, file.display().to_string()).err().unwrap();
            assert!(error.is_model() && error.to_string().contains("ORT_DYLIB_PATH"), "{error}");
        }
        let error = load(Path::new("no-such-library.so"), "no-such-library.so".to_owned()).err().unwrap();
        assert!(error.is_model());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn another_library_is_an_error() {
        // The C library is a shared object without ONNX Runtime's entry point.
        let error = load(Path::new("libc.so.6"), "libc.so.6".to_owned()).err().unwrap();
        assert!(error.is_model());
    }

    #[test]
    #[cfg(feature = "bundled")]
    fn threads_that_start_it_at_once_share_it() {
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(|| start(None).is_ok())).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }
}
