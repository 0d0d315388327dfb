//! wip
use super::args::Bench;
use super::{Console, Exit, Trouble};
pub(super) fn bench(_: &Bench, _: &Console) -> Result<Exit, Trouble> {
    Err(Trouble::new("wip"))
}
