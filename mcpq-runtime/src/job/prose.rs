//! Descriptions inside schemas as prose: a doc comment's line feeds are where its author's editor was full.

use schemars::{
    Schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::Value;

/// Joins the lines of each paragraph of all descriptions in a schema, as the attribute does with those that it reads.
#[derive(Clone, Debug)]
pub(super) struct Prose;

impl Transform for Prose {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(description)) = schema.get_mut("description") {
            *description = joined(description);
        }
        transform_subschemas(self, schema);
    }
}

/// `text` with one line for each paragraph. Lists, tables, headings, quotes and code keep their lines.
fn joined(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut in_code = false;
    // Whether the next line of prose continues the last one.
    let mut open = false;
    for line in text.trim().lines().map(str::trim_end) {
        let fence = line.trim_start().starts_with("```");
        let prose = !fence && !in_code && is_prose(line);
        if prose && open {
            written.push(' ');
            written.push_str(line.trim_start());
        } else {
            if !written.is_empty() {
                written.push('\n');
            }
            written.push_str(line);
        }
        in_code ^= fence;
        open = prose || !fence && !in_code && is_list_item(line);
    }
    written
}

fn is_prose(line: &str) -> bool {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    !text.is_empty() && indent < 4 && !text.starts_with(['#', '>', '|']) && !is_list_item(line)
}

fn is_list_item(line: &str) -> bool {
    let text = line.trim_start();
    let behind_number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = behind_number.len() < text.len();
    ["- ", "* ", "+ "].iter().any(|mark| text.starts_with(mark))
        || numbered && (behind_number.starts_with(". ") || behind_number.starts_with(") "))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn the_lines_of_a_paragraph_are_joined() {
        assert_eq!(joined("One\nline.\n\nAnother\n  one.\n"), "One line.\n\nAnother one.");
        assert_eq!(joined(""), "");
        assert_eq!(joined("Größe\nin Pixeln."), "Größe in Pixeln.");
    }

    #[test]
    fn lists_keep_their_items() {
        assert_eq!(joined("Either:\n- one,\n  which is long\n- two"), "Either:\n- one, which is long\n- two");
        assert_eq!(joined("1. one\n2) two\n3 is not a mark"), "1. one\n2) two 3 is not a mark");
    }

    #[test]
    fn code_tables_quotes_and_headings_keep_their_lines() {
        for text in ["```\na\nb\n```", "# Title\n| a | b |\n| c | d |", "> a\n> b", "    a\n    b"] {
            assert_eq!(joined(text), text.trim());
        }
    }
}
