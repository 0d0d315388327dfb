//! wip
use super::{Console, Exit, Trouble};
pub(super) fn tokens(_: &[String], _: bool, _: &Console) -> Result<Exit, Trouble> {
    Err(Trouble::new("wip"))
}
