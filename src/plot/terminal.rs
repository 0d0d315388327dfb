//! Pictures as text for a terminal.

use super::Picture;

/// The picture as lines of text.
pub fn terminal(_picture: &Picture, _width: u16, _colour: bool) -> String {
    String::new()
}
