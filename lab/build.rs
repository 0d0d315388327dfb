//! Tells the linker where libtorch is, so that programs and tests start without `LD_LIBRARY_PATH`: link arguments of a dependency's build script do not reach the
//! programs of other packages. And tells the program which version it is.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut version = None;
    if let Some(folder) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
        version = Path::new(&folder).parent().and_then(torch_version);
    }
    println!(
        "cargo::rustc-env=NOS_LAB_TORCH={}",
        version.as_deref().unwrap_or("2.13")
    );
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // The kernels register themselves when the library is loaded: it is needed though no symbol of it may be.
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo::rustc-link-arg=-ltorch");
    }
}

/// The version, from the file that comes with a separate libtorch or with that of Python.
fn torch_version(folder: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(folder.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = std::fs::read_to_string(folder.join("version.py")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim_matches(['\'', '"']).to_owned())
}
