//! Doc comments as descriptions.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comments among `attrs` as one text. The lines of a paragraph become one line; paragraphs, lists, tables
/// and code keep theirs.
pub(crate) fn of(attrs: &[Attribute]) -> String {
    let mut text = Text::default();
    let lines: Vec<String> = attrs.iter().filter_map(comment).flat_map(|comment| lines(&comment)).collect();
    let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    for line in &lines {
        text.push(line.get(indent..).unwrap_or_default().trim_end());
    }
    text.written.trim().to_owned()
}

fn comment(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(comment), .. }) => Some(comment.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The lines of one comment; those of a block comment lose the stars that some people draw along its side.
fn lines(comment: &str) -> Vec<String> {
    let mut inner = comment.split('\n').skip(1).filter(|line| !line.trim().is_empty()).peekable();
    let starred = inner.peek().is_some() && inner.all(|line| line.trim_start().starts_with('*'));
    let strip = |line: &str| match line.trim_start().strip_prefix('*') {
        Some(rest) if starred => rest.to_owned(),
        _ => line.to_owned(),
    };
    comment.split('\n').map(strip).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[derive(Default)]
struct Text {
    written: String,
    in_code: bool,
    /// Whether the next line of prose continues the last one.
    open: bool,
}

impl Text {
    fn push(&mut self, line: &str) {
        let fence = line.trim_start().starts_with("```");
        let prose = !fence && !self.in_code && is_prose(line);
        if prose && self.open {
            self.written.push(' ');
            self.written.push_str(line.trim_start());
        } else {
            self.written.push('\n');
            self.written.push_str(line);
        }
        self.in_code ^= fence;
        let list_item = !fence && !self.in_code && is_list_item(line);
        self.open = prose || list_item;
    }
}

fn is_prose(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && indent(line) < 4 && !text.starts_with(['#', '>', '|']) && !is_list_item(line)
}

fn is_list_item(line: &str) -> bool {
    let text = line.trim_start();
    let behind_number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.starts_with(['-', '*', '+']) && text[1..].starts_with(' ')
        || behind_number.len() < text.len() && (behind_number.starts_with(". ") || behind_number.starts_with(") "))
}
