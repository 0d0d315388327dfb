//! Files read and written whole.
//!
//! A file is written beside its place and then moved there, so that nobody ever sees half of it and a failure leaves the old
//! one alone.

use super::{Console, Trouble};
use crate::eval::reason;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The name under which a file appears in diagnostics.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// All bytes of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let result = if is_stdin(path) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    result.map_err(|error| {
        let why = reason(&error);
        Trouble::new(format!("cannot read `{}`: {why}", name(path)))
    })
}

/// Reads a file; what keeps it from being read is reported.
pub(super) fn read_or_report(path: &Path, console: Console) -> Option<Vec<u8>> {
    match read(path) {
        Ok(bytes) => Some(bytes),
        Err(trouble) => {
            console.trouble(&trouble);
            None
        }
    }
}

/// Writes a file, whole or not at all.
///
/// # Errors
/// Why it cannot be written; what was there before is still there.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link is followed, and what is no file (a device, a pipe) cannot be replaced by one.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let permissions = match fs::metadata(&target) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => return fs::write(&target, bytes),
        Ok(found) if found.permissions().readonly() => {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(found) => Some(found.permissions()),
        Err(_) => None,
    };
    let (mut file, beside) = fresh(&target)?;
    let result = file
        .write_all(bytes)
        .and_then(|()| permissions.map_or(Ok(()), |rights| file.set_permissions(rights)))
        .and_then(|()| {
            drop(file);
            fs::rename(&beside, &target)
        });
    if result.is_err() {
        // The first failure is what the caller wants to hear of.
        let _ = fs::remove_file(&beside);
    }
    result
}

/// A new file in the folder of another one.
fn fresh(target: &Path) -> io::Result<(fs::File, PathBuf)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Some(name) = target.file_name() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        hidden.push(format!(".{}-{count}.tmp", std::process::id()));
        let path = target.with_file_name(hidden);
        match fs::File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
