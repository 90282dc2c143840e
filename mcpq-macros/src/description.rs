//! Doc comments as descriptions.

use proc_macro2::Span;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

use crate::value::ungrouped;

/// What agents read of a job or an argument.
#[derive(Debug, PartialEq)]
pub(crate) enum Description {
    /// A text, which is empty where there is none.
    Text(String),
    /// Texts and macro calls such as `include_str!(..)`, which only the compiler can expand, as the lines of one text.
    Parts(Vec<Expr>),
}

impl Description {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

/// The doc comments among `attrs` as one description.
pub(crate) fn of(attrs: &[Attribute]) -> Description {
    let docs: Vec<&Expr> = attrs.iter().filter_map(doc).collect();
    if docs.iter().all(|doc| comment(doc).is_some()) {
        return Description::Text(text(&docs));
    }
    let runs = docs.chunk_by(|one, next| comment(one).is_some() && comment(next).is_some());
    Description::Parts(runs.map(part).collect())
}

/// Comments that follow one another as one text, and a macro call as it is.
fn part(run: &[&Expr]) -> Expr {
    match run {
        [call] if comment(call).is_none() => (*call).clone(),
        comments => {
            Expr::Lit(ExprLit { attrs: Vec::new(), lit: Lit::Str(LitStr::new(&text(comments), Span::call_site())) })
        }
    }
}

/// The lines of a paragraph become one line; paragraphs, lists, tables and code keep theirs.
fn text(comments: &[&Expr]) -> String {
    let mut text = Text::default();
    let lines: Vec<String> =
        comments.iter().filter_map(|doc| comment(doc)).flat_map(|comment| lines(&comment)).collect();
    let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    for line in &lines {
        text.push(line.get(indent..).unwrap_or_default().trim_end());
    }
    text.written.trim().to_owned()
}

fn doc(attr: &Attribute) -> Option<&Expr> {
    match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => {
            Some(ungrouped(&doc.value)).filter(|value| matches!(value, Expr::Macro(_) | Expr::Lit(_)))
        }
        _ => None,
    }
}

fn comment(doc: &Expr) -> Option<String> {
    match doc {
        Expr::Lit(ExprLit { lit: Lit::Str(comment), .. }) => Some(comment.value()),
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
