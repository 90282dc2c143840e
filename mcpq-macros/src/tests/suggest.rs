use crate::suggest::{list, nearest};

const WORDS: [&str; 4] = ["timeout", "max_retries", "backoff_max", "name"];

#[test]
fn a_slip_is_recognised() {
    assert_eq!(nearest("timout", &WORDS), Some("timeout"));
    assert_eq!(nearest("tiemout", &WORDS), Some("timeout"));
    assert_eq!(nearest("Timeout", &WORDS), Some("timeout"));
    assert_eq!(nearest("max-retries", &WORDS), Some("max_retries"));
}

#[test]
fn another_word_is_not() {
    assert_eq!(nearest("colour", &WORDS), None);
    assert_eq!(nearest("", &WORDS), None);
}

#[test]
fn words_are_listed_as_in_a_sentence() {
    assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    assert_eq!(list(&["a"]), "`a`");
    assert_eq!(list(&[]), "");
}
