//! A diagram as lines of text.
//!
//! Arguments stand below the function that reads them, in order; the argument of a function of one stands right of it, as on the edges
//! of Figure 2. What is below a line belongs to its last function, and starts under that one as long as there is room. A part with several readers is drawn below the first and numbered: `[1]` stands for it at the others.

use super::{Diagram, LEFT_OUT, PartKind};
use std::fmt::Write;

/// The most parts that are drawn: more lines than that are not read.
const MOST: usize = 200;

/// The narrowest drawing.
const NARROWEST: usize = 40;

/// The least room for a part; where there is less, its readers end in `…`.
const ROOM: usize = 12;

/// Between a function and the one part that it reads.
const STEP: &str = " ─ ";

impl Diagram {
    /// The diagram as lines of text, at most `width` columns wide but never narrower than 40; the root is the first below the name.
    ///
    /// Without `colour` there are no escape sequences.
    pub fn tree(&self, width: usize, colour: bool) -> String {
        let shown = self.nearest(MOST);
        let drawing = Drawing {
            uses: shown.uses(),
            marks: vec![None; shown.parts.len()],
            is_drawn: vec![false; shown.parts.len()],
            diagram: &shown,
            width: width.max(NARROWEST),
            colour,
        };
        drawing.text()
    }
}

struct Drawing<'a> {
    diagram: &'a Diagram,
    uses: Vec<usize>,
    /// The numbers of parts with several readers, given as they are met.
    marks: Vec<Option<usize>>,
    is_drawn: Vec<bool>,
    width: usize,
    colour: bool,
}

/// A line to be drawn: its part, what stands before it, and what stands before the lines under it.
struct Branch {
    part: usize,
    lead: String,
    indent: String,
}

impl Drawing<'_> {
    fn text(mut self) -> String {
        let parts = &self.diagram.parts;
        let total = self.diagram.left_out
            + parts
                .iter()
                .filter(|part| part.kind != PartKind::LeftOut)
                .count();
        let mut out = shortened(&self.diagram.name, self.width);
        let mut stack = vec![Branch {
            part: parts.len() - 1,
            lead: "└─ ".to_owned(),
            indent: "   ".to_owned(),
        }];
        while let Some(branch) = stack.pop() {
            out.push('\n');
            self.line(&branch, &mut out, &mut stack);
        }
        let drawn = self.is_drawn.iter().filter(|drawn| **drawn).count();
        if drawn < total {
            let _ = write!(
                out,
                "\n{LEFT_OUT} {} of {total} parts left out\n  a .dot file has all",
                total - drawn
            );
        }
        out
    }

    /// Draws a part, and to its right as many more as there is room for while each reads just one; then come those under it.
    fn line(&mut self, branch: &Branch, out: &mut String, below: &mut Vec<Branch>) {
        out.push_str(&branch.lead);
        let mut column = branch.lead.chars().count();
        let mut index = branch.part;
        loop {
            let part = &self.diagram.parts[index];
            let (mark, is_again) = self.mark(index);
            out.push_str(&mark);
            if is_again {
                return;
            }
            self.is_drawn[index] = part.kind != PartKind::LeftOut;
            // There must still be room for an ellipsis.
            let room = self.width.saturating_sub(column + mark.len() + 2);
            let label = shortened(&part.label, room);
            self.label(&label, part.kind, out);
            let end = column + mark.len() + label.chars().count();
            if part.args.is_empty() {
                return;
            }
            if let [only] = part.args[..] {
                let needed = self.diagram.parts[only].label.chars().count() + "[99] ".len() + 2;
                if end + STEP.chars().count() + needed <= self.width {
                    out.push_str(STEP);
                    column = end + STEP.chars().count();
                    index = only;
                    continue;
                }
            }
            let start = branch.indent.chars().count();
            let fits = |under: &usize| under + 3 + ROOM <= self.width;
            let Some(under) = [column + mark.len(), start].into_iter().find(fits) else {
                out.push(' ');
                out.push_str(LEFT_OUT);
                return;
            };
            let gap = under - start;
            let indent = format!("{}{}", branch.indent, " ".repeat(gap));
            for (place, arg) in part.args.iter().enumerate().rev() {
                let is_last = place + 1 == part.args.len();
                let (lead, rest) = if is_last {
                    ("└─ ", "   ")
                } else {
                    ("├─ ", "│  ")
                };
                below.push(Branch {
                    part: *arg,
                    lead: format!("{indent}{lead}"),
                    indent: format!("{indent}{rest}"),
                });
            }
            return;
        }
    }

    /// The number of a part with several readers, and whether it stands elsewhere already.
    fn mark(&mut self, index: usize) -> (String, bool) {
        if self.uses[index] < 2 || self.diagram.parts[index].args.is_empty() {
            return (String::new(), false);
        }
        if let Some(mark) = self.marks[index] {
            return (format!("[{mark}]"), true);
        }
        let mark = self.marks.iter().flatten().count() + 1;
        self.marks[index] = Some(mark);
        (format!("[{mark}] "), false)
    }

    fn label(&self, label: &str, kind: PartKind, out: &mut String) {
        let code = match kind {
            PartKind::Operand => 36,
            PartKind::Unary => 33,
            PartKind::Binary | PartKind::LeftOut => 0,
        };
        if self.colour && code != 0 {
            let _ = write!(out, "\u{1b}[{code}m{label}\u{1b}[0m");
        } else {
            out.push_str(label);
        }
    }
}

/// The text in at most so many characters.
fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept = text.chars().take(limit.saturating_sub(1));
    kept.chain(LEFT_OUT.chars()).collect()
}
