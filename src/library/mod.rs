//! The standard library, embedded, in the order it is loaded.

/// A file of the standard library: its name and text.
pub const FILES: &[(&str, &str)] = &[
    ("operands.nos", include_str!("../../stdlib/operands.nos")),
    ("decays.nos", include_str!("../../stdlib/decays.nos")),
    (
        "optimizers.nos",
        include_str!("../../stdlib/optimizers.nos"),
    ),
    ("signs.nos", include_str!("../../stdlib/signs.nos")),
    (
        "discovered.nos",
        include_str!("../../stdlib/discovered.nos"),
    ),
    ("functions.nos", include_str!("../../stdlib/functions.nos")),
    ("training.nos", include_str!("../../stdlib/training.nos")),
];
