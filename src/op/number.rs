//! Numbers as text.

/// The shortest text that reads back as the same finite number: `0.5`, `1e-8`, `-3`.
pub fn number_text(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        // Both zeros are written 0 where the sign does not matter; the minus keeps the bits.
        return if value.is_sign_negative() {
            "-0".to_owned()
        } else {
            "0".to_owned()
        };
    }
    if (1e-3..1e16).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}
