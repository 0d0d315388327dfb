//! The structure of the sources: which module may use which, where memory is touched, how long files are.

use std::path::{Path, PathBuf};

/// Modules from the ground up: each may use those before it.
const ORDER: [&str; 7] = [
    "torch",
    "random",
    "data",
    "nets",
    "optimizer",
    "task",
    "server",
];

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut out) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                out.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    out.sort();
    out
}

#[test]
fn modules_use_only_those_below_them() {
    let place = |name: &str| ORDER.iter().position(|module| *module == name);
    for (path, text) in sources() {
        let first = path
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy();
        let Some(own) = place(first.trim_end_matches(".rs")) else {
            continue;
        };
        let code = text.split("#[cfg(test)]").next().unwrap();
        for piece in code.split("crate::").skip(1) {
            let end = piece
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(piece.len());
            let to = &piece[..end];
            assert!(
                place(to).is_some_and(|other| other <= own),
                "{} uses `{to}`",
                path.display()
            );
        }
    }
}

#[test]
fn memory_is_touched_in_two_places_only() {
    let unsafe_files = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("unsafe {"));
    let names: Vec<PathBuf> = unsafe_files.map(|(path, _)| path).collect();
    assert_eq!(
        names,
        [Path::new("optimizer/memory.rs"), Path::new("torch.rs")]
    );
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}
