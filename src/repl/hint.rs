//! The dim text after the cursor: the rest of the only name that fits, or what the call takes.

use super::complete::{Call, Place, place};
use crate::context::NameInfo;
use crate::repl::command::COMMANDS;

/// A hint: what is shown, and whether the right arrow types it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NosHint {
    /// What is shown.
    text: String,
    is_completion: bool,
}

impl rustyline::hint::Hint for NosHint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.is_completion.then_some(self.text.as_str())
    }
}

/// The hint at the end of a line.
pub(super) fn hint(line: &str, known: &[NameInfo]) -> Option<NosHint> {
    match place(line) {
        Place::Command(typed) => rest(typed, COMMANDS.iter().map(|command| command.name)),
        Place::Name(typed, call) => rest(typed, known.iter().map(|info| info.name.as_str()))
            .or_else(|| signature(typed, call?, known)),
        Place::File | Place::Nothing => None,
    }
}

/// What is missing of the only name that starts like this; a single letter is too little to tell.
fn rest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<NosHint> {
    if typed.chars().count() < 2 {
        return None;
    }
    let mut fitting = names.filter(|name| name.starts_with(typed));
    let only = fitting.next().filter(|name| name.len() > typed.len())?;
    fitting.next().is_none().then(|| NosHint {
        text: only[typed.len()..].to_owned(),
        is_completion: true,
    })
}

/// What a call takes, as long as no argument is begun.
fn signature(typed: &str, call: Call<'_>, known: &[NameInfo]) -> Option<NosHint> {
    if !typed.is_empty() || call.arguments != "(" {
        return None;
    }
    let info = known
        .iter()
        .find(|info| info.name == call.name)
        .filter(|info| !info.params.is_empty())?;
    Some(NosHint {
        text: format!("{})", info.params.join(", ")),
        is_completion: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Option<(&str, bool)>) {
        let info = |name: &str, params: &[&str]| NameInfo {
            name: name.to_owned(),
            kind: "rule",
            ty: String::new(),
            summary: String::new(),
            is_user: false,
            params: params.iter().map(|&param| param.to_owned()).collect(),
        };
        let known = [
            info("addsign", &["alpha", "f"]),
            info("powersign", &["base", "f"]),
            info("print", &[]),
        ];
        let want = want.map(|(text, is_completion)| NosHint {
            text: text.to_owned(),
            is_completion,
        });
        assert_eq!(hint(line, &known), want);
    }

    #[test]
    fn only_name_that_fits_is_completed() {
        check("add", Some(("sign", true)));
        check("2 * pow", Some(("ersign", true)));
        check(":ti", Some(("me", true)));
        check("p", None);
        check("addsign", None);
        check("addsin", None);
    }

    #[test]
    fn call_shows_what_it_takes() {
        check("powersign(", Some(("base, f)", false)));
        check("powersign(2", None);
        check("print(", None);
        check("unknown(", None);
    }
}
