//! Verdicts in words.

use super::{Example, Lost, Multiple, No, Results, Setting, Unknown, Verdict, Yes};
use std::fmt;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes(yes) => yes.fmt(f),
            Self::No(no) => no.fmt(f),
            Self::Unknown(unknown) => unknown.fmt(f),
        }
    }
}

impl fmt::Display for Yes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("yes")?;
        if self.where_defined {
            f.write_str(", where both are defined")?;
        }
        match &self.lost {
            Some(lost) => write!(f, ": {lost}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no: {}", self.example)?;
        match &self.multiple {
            Some(multiple) => write!(f, "; {multiple}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown: the normal forms differ, and at {} points no difference is certain",
            self.points
        )?;
        if let Some(trouble) = self.trouble {
            write!(f, "; a normal form is {}", trouble.text())?;
        }
        if let Some(multiple) = &self.multiple {
            write!(f, "; {multiple}")?;
        }
        match &self.lost {
            Some(lost) => write!(f, "; {lost}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Multiple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_negative {
            "sign"
        } else {
            "learning rate"
        };
        write!(
            f,
            "equal up to {what}: the first is {} times the second",
            self.factor
        )
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.at)?;
        let which = if self.is_first { "first" } else { "second" };
        write!(f, " only the {which} is undefined")
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.at)?;
        match &self.results {
            Results::Updates {
                first,
                second,
                difference,
            } => {
                write!(f, " the first gives {first}, the second {second}")?;
                match difference {
                    Some(difference) => write!(f, ", {difference} apart"),
                    None => Ok(()),
                }
            }
            Results::Chances {
                of,
                or_less,
                first,
                second,
            } => {
                let less = if *or_less { " or less" } else { "" };
                write!(
                    f,
                    " the first gives {of}{less} with probability {first}, the second with {second}"
                )
            }
            Results::Means {
                power,
                first,
                second,
            } => {
                let of = match power {
                    1 => "the update",
                    2 => "the squared update",
                    _ => "a power of the update",
                };
                write!(
                    f,
                    " the mean of {of} is {first} with the first, {second} with the second"
                )
            }
        }
    }
}

/// `at g = 1, ema(g, 0.9) = 2`; nothing is said of a point without coordinates.
fn place(f: &mut fmt::Formatter<'_>, at: &[Setting]) -> fmt::Result {
    if at.is_empty() {
        return f.write_str("always");
    }
    f.write_str("at ")?;
    for (index, setting) in at.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(f, "{comma}{} = {}", setting.name, setting.value)?;
    }
    Ok(())
}
