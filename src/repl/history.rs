//! The history of the prompt, across sessions.

use super::helper::LineHelper;
use rustyline::Editor;
use rustyline::history::FileHistory;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Loads the history and gives the file that new entries go to; `None` keeps them in memory only.
pub(super) fn open(editor: &mut Editor<LineHelper, FileHistory>) -> Option<PathBuf> {
    let path = place(|name| env::var_os(name))?;
    // A first session has no file yet, and a file that cannot be read is no reason not to start.
    let _ = editor.load_history(&path);
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    Some(path)
}

/// `$NOS_HISTORY`, otherwise `nos/history` in the user's folder for data. An empty `NOS_HISTORY` asks for none.
fn place(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = variable("NOS_HISTORY") {
        return Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    }
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let data = match set("XDG_DATA_HOME") {
        Some(data) => PathBuf::from(data),
        None => PathBuf::from(set("HOME")?).join(".local/share"),
    };
    Some(data.join("nos/history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(variables: &[(&str, &str)]) -> Option<String> {
        let path = place(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        });
        path.map(|path| path.display().to_string())
    }

    #[test]
    fn place_follows_the_variables_in_order() {
        let all = [
            ("NOS_HISTORY", "/a"),
            ("XDG_DATA_HOME", "/b"),
            ("HOME", "/c"),
        ];
        assert_eq!(placed(&all).as_deref(), Some("/a"));
        assert_eq!(placed(&all[1..]).as_deref(), Some("/b/nos/history"));
        let home = Some("/c/.local/share/nos/history");
        assert_eq!(placed(&all[2..]).as_deref(), home);
        assert_eq!(placed(&[]), None);
        assert_eq!(placed(&[("NOS_HISTORY", ""), ("HOME", "/c")]), None);
    }
}
