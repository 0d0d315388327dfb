//! Reasons why there is no picture.

use std::fmt;

/// Why something was not drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PlotError {
    /// The report has no rules.
    EmptyReport,
    /// The picture could not be written as PNG.
    Png {
        /// What the encoder said.
        reason: String,
    },
}

impl fmt::Display for PlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyReport => f.write_str("the report has no rules to draw"),
            Self::Png { reason } => write!(f, "cannot write the picture as PNG: {reason}"),
        }
    }
}

impl std::error::Error for PlotError {}
