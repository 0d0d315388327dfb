//! Generates the parsers from `grammar/` with LALRPOP: one that stops at the first error, and one that skips statements
//! it cannot read. What the second carries for every symbol in case of errors makes it slower, so it only reads what the
//! first cannot.

use std::path::Path;

fn main() {
    // LALRPOP lists only the files that exist: a new grammar file must rerun this too.
    println!("cargo::rerun-if-changed=grammar");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    for (folder, features) in [("plain", &[][..]), ("recovering", &["recovery".to_owned()])] {
        let result = lalrpop::Configuration::new()
            .set_in_dir("grammar")
            .set_out_dir(Path::new(&out).join(folder))
            .set_features(features.to_vec())
            .emit_rerun_directives(true)
            .process();
        if result.is_err() {
            // The message is already on stderr.
            std::process::exit(1);
        }
    }
}
