//! Fetches ONNX Runtime for the feature `bundled`; does nothing for every other build.
//!
//! The library comes out of the wheel that the ONNX Runtime project publishes on PyPI, taken with pip and pinned by
//! hash, and is left in `OUT_DIR`, from where `src/classify/bundled.rs` includes it in the binary, and its licence texts
//! with it. The version is pinned as well: Linux builds from 1.29 on contain a telemetry client.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of ONNX Runtime that is put into the binary.
const VERSION: &str = "1.28.0";
/// Names a library file to take instead of the wheel's.
const GIVEN: &str = "GROUNDWIRE_ONNXRUNTIME";
/// What `src/classify/bundled.rs` includes.
const OUTPUT: &str = "onnxruntime.lib";
/// The texts that its licence wants to go with it, by the names that the project gives them; what `src/cli/licenses.rs`
/// includes has the same names behind `onnxruntime.`.
const TEXTS: [&str; 2] = ["LICENSE", "ThirdPartyNotices.txt"];

/// One platform's wheel.
struct Wheel {
    /// The platform tag that pip is asked for.
    platform: &'static str,
    /// SHA-256 of the wheel for CPython 3.12, which is asked for whatever Python runs here: one hash a platform then suffices.
    sha256: &'static str,
    /// The library inside the wheel.
    member: &'static str,
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={GIVEN}");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_none() {
        return;
    }
    let result = match env::var_os(GIVEN).filter(|path| !path.is_empty()) {
        Some(path) => take_given(Path::new(&path)),
        None => take_wheel(),
    };
    if let Err(message) = result {
        // A message is one line to Cargo.
        println!("cargo::error={}", message.replace('\n', " "));
    }
}

/// Uses the library that the environment names.
fn take_given(path: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let library = fs::read(path).map_err(|e| format!("{GIVEN}={}: {e}", path.display()))?;
    if !contains(&library, VERSION.as_bytes()) {
        return Err(format!(
            "{GIVEN}={}: this is not ONNX Runtime {VERSION}, the version that is bundled",
            path.display()
        ));
    }
    write(&library)?;
    // Where releases are unpacked, they lie beside the library or beside its folder.
    let folders: Vec<&Path> = path.ancestors().skip(1).take(2).collect();
    for name in TEXTS {
        let found = folders.iter().map(|folder| folder.join(name)).find(|text| text.is_file());
        let text = match found {
            Some(text) => {
                println!("cargo::rerun-if-changed={}", text.display());
                fs::read_to_string(&text).map_err(|e| format!("{}: {e}", text.display()))?
            }
            None => format!(
                "{name} did not lie beside the library that this was built with; it is at\n\
                 https://github.com/microsoft/onnxruntime/blob/v{VERSION}/{name}\n"
            ),
        };
        let path = text_path(&out_dir()?, name);
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Where the text `name` is left.
fn text_path(out: &Path, name: &str) -> PathBuf {
    out.join(format!("onnxruntime.{name}"))
}

/// Takes the library out of the wheel on PyPI.
fn take_wheel() -> Result<(), String> {
    let wheel = wheel_for_target()?;
    let out = out_dir()?;
    let stamp = out.join("onnxruntime.sha256");
    let done = fs::read_to_string(&stamp).is_ok_and(|hash| hash == wheel.sha256);
    if done && out.join(OUTPUT).is_file() && TEXTS.iter().all(|name| text_path(&out, name).is_file()) {
        return Ok(());
    }
    let folder = out.join("wheel");
    // What an interrupted build left would be taken for this build's.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let requirements = out.join("onnxruntime-requirements.txt");
    fs::write(&requirements, format!("onnxruntime=={VERSION} --hash=sha256:{}\n", wheel.sha256))
        .map_err(|e| format!("{}: {e}", requirements.display()))?;
    let python = python()?;
    let mut download = Command::new(python);
    download
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--only-binary=:all:", "--require-hashes", "--implementation", "cp", "--python-version", "3.12"])
        .args(["--platform", wheel.platform])
        .arg("--dest")
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements);
    run(&mut download, "pip could not download ONNX Runtime")?;
    let file = fs::read_dir(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| format!("pip succeeded but left no wheel in {}", folder.display()))?;
    let mut unpack = Command::new(python);
    unpack
        .args([
            "-c",
            "import sys, zipfile; wheel = zipfile.ZipFile(sys.argv[1]); \
             [open(to, 'wb').write(wheel.read(member)) for member, to in zip(sys.argv[2::2], sys.argv[3::2])]",
        ])
        .arg(&file)
        .arg(wheel.member)
        .arg(out.join(OUTPUT));
    for name in TEXTS {
        unpack.arg(format!("onnxruntime/{name}")).arg(text_path(&out, name));
    }
    run(&mut unpack, "the wheel of ONNX Runtime could not be unpacked")?;
    let _ = fs::remove_dir_all(&folder);
    fs::write(&stamp, wheel.sha256).map_err(|e| format!("{}: {e}", stamp.display()))
}

/// The wheel for the platform that is compiled for, which need not be the one that compiles.
fn wheel_for_target() -> Result<Wheel, String> {
    let of = |name| env::var(name).unwrap_or_default();
    let (os, arch, libc) = (of("CARGO_CFG_TARGET_OS"), of("CARGO_CFG_TARGET_ARCH"), of("CARGO_CFG_TARGET_ENV"));
    match (os.as_str(), arch.as_str(), libc.as_str()) {
        ("linux", "x86_64", "gnu") => Ok(Wheel {
            platform: "manylinux_2_28_x86_64",
            sha256: "0a83bdb70d143cede762b677789bf2a7acca54b3fb82565601d5c30695aa933c",
            member: "onnxruntime/capi/libonnxruntime.so.1.28.0",
        }),
        ("linux", "aarch64", "gnu") => Ok(Wheel {
            platform: "manylinux_2_28_aarch64",
            sha256: "4e81a23df16e7acb9d51b06d30cc098e49315ef9180f97bc2221d167b4b04d9c",
            member: "onnxruntime/capi/libonnxruntime.so.1.28.0",
        }),
        ("macos", "aarch64", _) => Ok(Wheel {
            platform: "macosx_14_0_arm64",
            sha256: "26ff0fdd06efb6c155bae95387a09db1a2be89c7a03e4d0bffd5a171cc2826da",
            member: "onnxruntime/capi/libonnxruntime.1.28.0.dylib",
        }),
        _ => Err(format!(
            "there is no ready-made ONNX Runtime {VERSION} to bundle for {}; {}",
            of("TARGET"),
            ways_out("build it from source")
        )),
    }
}

/// The Python that has pip.
fn python() -> Result<&'static str, String> {
    let has_pip = |python: &&str| {
        Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success())
    };
    ["python3", "python"].into_iter().find(has_pip).ok_or_else(|| {
        format!(
            "bundling ONNX Runtime needs python3 with pip, and there is none; {}",
            ways_out("install it (Debian, Ubuntu: apt-get install python3-pip)")
        )
    })
}

fn ways_out(first: &str) -> String {
    format!(
        "either {first}, or set {GIVEN} to a libonnxruntime of {VERSION} (also without network), or build with \
         --no-default-features --features cli and give the library at run time in ORT_DYLIB_PATH or beside the binary"
    )
}

fn run(command: &mut Command, failure: &str) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{failure}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let hint = if said.contains("DO NOT MATCH THE HASHES") {
        "the file is not the one that was pinned, and is not used".to_owned()
    } else {
        ways_out("mend that")
    };
    Err(format!("{failure}: {}; {hint}", said.trim()))
}

fn write(library: &[u8]) -> Result<(), String> {
    let path = out_dir()?.join(OUTPUT);
    // The stamp of a wheel no longer describes what lies beside it.
    let _ = fs::remove_file(path.with_file_name("onnxruntime.sha256"));
    fs::write(&path, library).map_err(|e| format!("{}: {e}", path.display()))
}

fn out_dir() -> Result<PathBuf, String> {
    env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| "Cargo gave no OUT_DIR".to_owned())
}

fn contains(library: &[u8], wanted: &[u8]) -> bool {
    library.windows(wanted.len()).any(|window| window == wanted)
}
