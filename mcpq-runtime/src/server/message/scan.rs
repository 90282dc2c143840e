//! What can be told of a message without parsing or keeping it.

use rmcp::model::RequestId;

/// Keys and ids longer than this are not looked at.
const MAX_TOKEN: usize = 256;

/// One pass over the bytes of a message, in any portions and in constant memory. It looks at the
/// keys of the outermost object only, and does not check the JSON within.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    depth: usize,
    deepest: usize,
    place: Place,
    in_string: bool,
    escaped: bool,
    token: Vec<u8>,
    ids: Vec<Option<RequestId>>,
    method: bool,
    answer: bool,
    lost: bool,
}

/// Where in the outermost object the pass stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    Key,
    Id,
    Value,
    After,
}

impl Scan {
    /// The scan of a whole message.
    pub(crate) fn of(message: &[u8]) -> Self {
        let mut scan = Self::default();
        scan.feed(message);
        scan
    }

    /// Goes on with the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.in_string {
                self.string(byte);
            } else {
                self.structure(byte);
            }
        }
    }

    /// How deep objects and arrays are nested.
    pub(crate) fn deepest(&self) -> usize {
        self.deepest
    }

    /// The request's id, if this is certainly a request and the id certainly its own.
    pub(crate) fn id(&self) -> Option<RequestId> {
        match self.ids.as_slice() {
            [id] if self.is_whole() && self.method && !self.answer => id.clone(),
            _ => None,
        }
    }

    /// Whether this is certainly a notification or a response.
    pub(crate) fn wants_no_answer(&self) -> bool {
        let notification = self.method && self.ids.is_empty() && !self.answer;
        let response = self.answer && !self.method;
        self.is_whole() && (notification || response)
    }

    fn is_whole(&self) -> bool {
        self.place == Place::After && !self.lost
    }

    fn string(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => {
                self.escaped = true;
                // A key spelt with escapes may be any key.
                self.lost |= self.depth == 1 && self.place == Place::Key;
            }
            b'"' => self.in_string = false,
            _ => {}
        }
    }

    fn structure(&mut self, byte: u8) {
        match byte {
            // Within an id it stays, so that `1 2` does not pass for 12.
            b' ' | b'\t' | b'\r' | b'\n' if self.place != Place::Id => {}
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(),
            b',' if self.depth == 1 => {
                self.end_value();
                self.place = Place::Key;
            }
            b':' if self.depth == 1 => self.end_key(),
            _ => self.keep(byte),
        }
    }

    fn open(&mut self, byte: u8) {
        if self.depth == 0 {
            self.lost |= self.place != Place::Before || byte != b'{';
            self.place = Place::Key;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn close(&mut self) {
        if self.depth == 1 {
            self.end_value();
            self.place = Place::After;
        }
        self.lost |= self.depth == 0;
        self.depth = self.depth.saturating_sub(1);
    }

    fn end_key(&mut self) {
        self.place = match self.token.as_slice() {
            b"\"id\"" => Place::Id,
            b"\"method\"" => {
                self.method = true;
                Place::Value
            }
            b"\"result\"" | b"\"error\"" => {
                self.answer = true;
                Place::Value
            }
            _ => Place::Value,
        };
        self.token.clear();
    }

    fn end_value(&mut self) {
        if self.place == Place::Id {
            // Two are enough to know that none is certain.
            self.ids.truncate(1);
            self.ids.push(serde_json::from_slice(&self.token).ok());
        }
        self.token.clear();
    }

    fn keep(&mut self, byte: u8) {
        self.lost |= self.depth == 0;
        let wanted = self.depth == 1 && matches!(self.place, Place::Key | Place::Id);
        if wanted && self.token.len() <= MAX_TOKEN {
            self.token.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            // Everything that has a meaning to the scan.
            r#"([\[\]{}:,"\\ ]|id|method|\PC){0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), message(inner),]
        })
    }

    fn message(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        let key = prop_oneof![Just("id"), Just("method"), Just("result"), Just("error"), Just("x")];
        let key = key.prop_map(str::to_owned);
        prop::collection::btree_map(key, value, 0..6).prop_map(|entries| Value::Object(entries.into_iter().collect()))
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn a_scan_sees_what_a_parser_sees(
            message in message(json()),
            pretty: bool,
            portion in 1..40_usize,
        ) {
            let text = if pretty { format!("{message:#}") } else { message.to_string() };
            let mut scan = Scan::default();
            text.as_bytes().chunks(portion).for_each(|bytes| scan.feed(bytes));

            let has = |key| message.get(key).is_some();
            let answer = has("result") || has("error");
            let id = message.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
            let expected = if has("method") && !answer { id } else { None };
            prop_assert_eq!(scan.id(), expected);
            let silent = if has("method") { !has("id") && !answer } else { answer };
            prop_assert_eq!(scan.wants_no_answer(), silent);
            prop_assert_eq!(scan.deepest(), depth(&message));
        }
    }

    #[test]
    fn a_long_id_is_not_kept() {
        let request = |id: &str| json!({"id": id, "method": "x"}).to_string();
        assert!(Scan::of(request(&"x".repeat(200)).as_bytes()).id().is_some());
        assert!(Scan::of(request(&"x".repeat(300)).as_bytes()).id().is_none());
    }
}
