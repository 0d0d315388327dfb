//! Generates the parser from `grammar/` with LALRPOP.

fn main() {
    // LALRPOP lists only the files that exist: a new grammar file must rerun this too.
    println!("cargo::rerun-if-changed=grammar");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    let result = lalrpop::Configuration::new()
        .set_in_dir("grammar")
        .set_out_dir(out)
        .emit_rerun_directives(true)
        .process();
    if result.is_err() {
        // The message is already on stderr.
        std::process::exit(1);
    }
}
