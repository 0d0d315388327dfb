//! tmp
use nos::context::*;
use std::path::Path;
struct H;
impl Host for H {
    fn show(&mut self, t: &str) {
        println!("{t}")
    }
    fn read(&mut self, p: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(p)
    }
    fn write(&mut self, p: &Path, b: &[u8]) -> std::io::Result<()> {
        std::fs::write(p, b)
    }
    fn progress(&mut self, _: f64, _: &str) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
    fn canvas(&self) -> (u16, bool) {
        (100, false)
    }
}
fn main() {
    let mut c = Context::new();
    let a: Vec<String> = std::env::args().collect();
    let o = if a[1] == "-e" {
        c.run("<e>", &a[2], None, Input::Program, &mut H)
    } else {
        c.run(
            &a[1],
            &std::fs::read_to_string(&a[1]).unwrap(),
            Some(Path::new(&a[1])),
            Input::Program,
            &mut H,
        )
    };
    for d in &o.diagnostics {
        eprint!(
            "{}",
            nos::diagnostic::render(d, c.sources(), nos::diagnostic::Style::PLAIN)
        );
    }
    std::process::exit(if o.is_ok() { 0 } else { 1 });
}
