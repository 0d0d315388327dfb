//! Numbers, lists and ranges in words.

use crate::op::number_text;
use crate::types::Range;

/// `1 addition`, `2 additions`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Things with commas between them.
pub(super) fn list(parts: &[String]) -> String {
    parts.join(", ")
}

/// The values of a range in words.
pub(super) fn range(range: Range) -> String {
    let Range { lo, hi, .. } = range;
    if let Some(point) = range.as_point() {
        return format!("always {}", number_text(point));
    }
    if range.whole && lo >= -4.0 && hi <= 4.0 {
        let mut values: Vec<String> = (-4..=4)
            .filter(|value| {
                let value = f64::from(*value);
                value >= lo && value <= hi && (range.zero || value != 0.0)
            })
            .map(|value| value.to_string())
            .collect();
        let last = values.pop().unwrap_or_default();
        return format!("{} or {last}", values.join(", "));
    }
    let mut out = match (lo.is_finite(), hi.is_finite()) {
        (true, true) => format!("from {} to {}", number_text(lo), number_text(hi)),
        (true, false) if lo == 0.0 && !range.zero => "above 0".to_owned(),
        (true, false) => format!("at least {}", number_text(lo)),
        (false, true) if hi == 0.0 && !range.zero => "below 0".to_owned(),
        (false, true) => format!("at most {}", number_text(hi)),
        (false, false) => "any number".to_owned(),
    };
    if range.whole {
        out.push_str(", whole");
    }
    out
}

/// A degree as a power: `2`, `1/2`, `0.3`.
pub(super) fn degree(degree: f64) -> String {
    let doubled = degree * 2.0;
    if degree.fract() != 0.0 && doubled.fract() == 0.0 {
        format!("{}/2", number_text(doubled))
    } else {
        number_text(degree)
    }
}
