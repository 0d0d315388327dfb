//! wip
use crate::cli::{Console, Exit, Trouble};
/// wip
pub fn run(_: &Console) -> Result<Exit, Trouble> {
    Err(Trouble::new("wip"))
}
