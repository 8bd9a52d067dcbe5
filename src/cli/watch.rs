//! Files that the configuration is made of, watched for a change of what is in them.
//!
//! They are looked at every second and compared by content, through whatever links lead to them. So it does not matter how
//! a file changes: written in place, renamed over by an editor, or exchanged with the folder that a link such as the
//! `..data` of a Kubernetes volume points to; and a network's file system, which tells of no change, is as good as any.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::config::{Config, Model};

/// The files of a model, which are compared by their dates and sizes: they are large.
const MODEL: [&str; 3] = ["model.onnx", "tokenizer.json", "labels.json"];

/// What was in all files at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(blake3::Hash);

/// Watches files.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<PathBuf>,
    model: Vec<PathBuf>,
    seen: Fingerprint,
    /// What was there the last time, where that is not what was seen before.
    changed: Option<Fingerprint>,
}

impl Watch {
    /// Watches the configuration's own file and those that it names, from what is in them now.
    pub(super) fn of(file: Option<&Path>, config: &Config) -> Self {
        let files: Vec<PathBuf> = file.map(Path::to_owned).into_iter().chain(config.files()).collect();
        let model = model_files(config);
        let seen = fingerprint(&files, &model);
        Self { files, model, seen, changed: None }
    }

    /// Looks. Whether something has changed and then been the same twice: a file that is being written is let be.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = fingerprint(&self.files, &self.model);
        if now == self.seen {
            self.changed = None;
            return false;
        }
        let settled = self.changed == Some(now);
        self.changed = (!settled).then_some(now);
        if settled {
            self.seen = now;
        }
        settled
    }
}

/// What is in the model's files; of one that ships, always the same.
pub(super) fn model_fingerprint(config: &Config) -> Fingerprint {
    fingerprint(&[], &model_files(config))
}

/// What is in the files that the configuration names, its own and the model's apart.
pub(super) fn named_fingerprint(config: &Config) -> Fingerprint {
    fingerprint(&config.files(), &[])
}

fn model_files(config: &Config) -> Vec<PathBuf> {
    match &config.classifier.model {
        Model::Folder(folder) => MODEL.iter().map(|name| folder.join(name)).collect(),
        Model::Builtin | Model::Off => Vec::new(),
    }
}

fn fingerprint(files: &[PathBuf], model: &[PathBuf]) -> Fingerprint {
    let mut hasher = blake3::Hasher::new();
    for path in files {
        match std::fs::read(path) {
            Ok(content) => {
                hasher.update(&[1]);
                hasher.update(blake3::hash(&content).as_bytes());
            }
            // It is being replaced, or gone.
            Err(_) => drop(hasher.update(&[0])),
        }
    }
    for path in model {
        match std::fs::metadata(path) {
            Ok(metadata) => drop(hasher.update(&dates(&metadata))),
            Err(_) => drop(hasher.update(&[0])),
        }
    }
    Fingerprint(hasher.finalize())
}

/// What differs where the content does.
fn dates(metadata: &Metadata) -> Vec<u8> {
    let mut bytes = metadata.len().to_le_bytes().to_vec();
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    bytes.extend(modified.map_or(0, |since| since.as_nanos()).to_le_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        // Another file in its place may have the same date and size.
        bytes.extend([metadata.dev(), metadata.ino()].iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(metadata.ctime_nsec().to_le_bytes());
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn config(key: &Path) -> Config {
        let text = format!("upstream = \"http://h\"\nidentity-key = \"file:{}\"", key.display());
        Config::from_toml(&text, "f", &Overrides::default()).unwrap()
    }

    #[test]
    fn a_change_is_taken_once_it_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let (file, key) = (folder.path().join("g.toml"), folder.path().join("key"));
        std::fs::write(&file, "a").unwrap();
        std::fs::write(&key, "k").unwrap();
        let mut watch = Watch::of(Some(&file), &config(&key));
        assert!(!watch.has_changed());
        std::fs::write(&file, "b").unwrap();
        assert!(!watch.has_changed(), "it may still be written");
        std::fs::write(&file, "c").unwrap();
        assert!(!watch.has_changed());
        assert!(watch.has_changed());
        assert!(!watch.has_changed(), "once");
        // There and back again is no change.
        std::fs::write(&file, "d").unwrap();
        assert!(!watch.has_changed());
        std::fs::write(&file, "c").unwrap();
        assert!(!watch.has_changed() && !watch.has_changed());
        // Written anew with the same content: none.
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "c").unwrap();
        assert!(!watch.has_changed() && !watch.has_changed());
        // A file that it names.
        std::fs::write(&key, "l").unwrap();
        assert!(!watch.has_changed() && watch.has_changed());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_pointed_elsewhere_is_a_change() {
        use std::os::unix::fs::symlink;

        // As the kubelet writes config maps: `g.toml` -> `..data/g.toml`, `..data` -> a folder of the moment.
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (moment, text) in [("..1", "a"), ("..2", "b")] {
            std::fs::create_dir(at(moment)).unwrap();
            std::fs::write(at(moment).join("g.toml"), text).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/g.toml", at("g.toml")).unwrap();
        let mut watch = Watch::of(Some(&at("g.toml")), &config(&at("key")));
        assert!(!watch.has_changed() && !watch.has_changed());
        symlink("..2", at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert!(!watch.has_changed() && watch.has_changed());
    }
}
