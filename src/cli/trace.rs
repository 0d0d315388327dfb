//! wip
use super::args::Trace;
use super::{Console, Exit, Trouble};
pub(super) fn trace(_: &Trace, _: &Console) -> Result<Exit, Trouble> {
    Err(Trouble::new("wip"))
}
