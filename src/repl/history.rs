//! Where the prompt remembers what was typed.

use std::env;
use std::fs;
use std::path::PathBuf;

/// How many inputs are remembered.
pub(super) const SIZE: usize = 10_000;

/// The history file: `NOS_HISTORY`, else `nos/history` among the user's data. None where `NOS_HISTORY` is set to nothing, or
/// nobody says where data goes. Its folder is made if it is missing.
pub(super) fn path() -> Option<PathBuf> {
    let path = choose(|name| env::var_os(name).map(PathBuf::from))?;
    if let Some(folder) = path.parent() {
        // Where it cannot be made, writing will fail too, and the history stays in memory.
        let _ = fs::create_dir_all(folder);
    }
    Some(path)
}

fn choose(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(path) = variable("NOS_HISTORY") {
        return Some(path).filter(|path| !path.as_os_str().is_empty());
    }
    // The XDG rules: a relative path there does not count.
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let home = || {
        variable("HOME")
            .filter(|path| path.is_absolute())
            .map(|home| home.join(".local/share"))
    };
    Some(data.or_else(home)?.join("nos/history"))
}

#[cfg(test)]
mod tests {
    use super::choose;
    use std::path::{Path, PathBuf};

    #[track_caller]
    fn check(variables: &[(&str, &str)], want: Option<&str>) {
        let found = choose(|name| {
            variables
                .iter()
                .find(|each| each.0 == name)
                .map(|each| PathBuf::from(each.1))
        });
        assert_eq!(found.as_deref(), want.map(Path::new));
    }

    #[test]
    fn nearest_variable_wins() {
        check(
            &[
                ("HOME", "/h"),
                ("XDG_DATA_HOME", "/d"),
                ("NOS_HISTORY", "x"),
            ],
            Some("x"),
        );
        check(
            &[("HOME", "/h"), ("XDG_DATA_HOME", "/d")],
            Some("/d/nos/history"),
        );
        check(
            &[("HOME", "/h"), ("XDG_DATA_HOME", "d")],
            Some("/h/.local/share/nos/history"),
        );
        check(&[("HOME", "/h"), ("NOS_HISTORY", "")], None);
        check(&[], None);
    }
}
