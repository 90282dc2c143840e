//! Writes a handler's result as JSON, and refuses what JSON cannot hold.
//!
//! `serde_json` writes `NaN` and infinities as `null` without a word, so a first pass looks for them.

use std::{fmt, io};

use serde::ser::{self, Serialize, Serializer};

use super::{ErrorCode, Failure, Payload};

/// Deepest nesting of a result: parsers on the other side commonly stop at 128, and the answer wraps it a few times.
const MAX_DEPTH: u32 = 100;

/// Writes `value` as JSON of at most `limit` bytes.
///
/// # Errors
/// `RESULT_NOT_JSON` for a non-finite number, a map key that is no string or nesting past 100 levels;
/// `RESULT_TOO_LARGE` beyond `limit`. Memory use is bounded by `limit`.
pub fn encode_result<T: Serialize + ?Sized>(value: &T, limit: usize) -> Result<Payload, Failure> {
    let not_json =
        |reason: String| Failure::new(ErrorCode::ResultNotJson, format!("the job's result is not JSON: {reason}"));
    value.serialize(Check { depth: 0 }).map_err(|error| not_json(error.0))?;
    let mut out = Bounded { bytes: Vec::with_capacity(128), limit, total: 0 };
    serde_json::to_writer(&mut out, value).map_err(|error| not_json(error.to_string()))?;
    if out.total > limit {
        return Err(Failure::new(
            ErrorCode::ResultTooLarge,
            format!(
                "the job's result is too large: {} bytes, the limit is {limit}; return less, or a path or key to the data",
                out.total
            ),
        ));
    }
    Ok(Payload::from_json_bytes(out.bytes))
}

/// Keeps up to `limit` bytes and counts the rest.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    total: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.total += buf.len();
        if self.total <= self.limit {
            self.bytes.extend_from_slice(buf);
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

fn too_wide(number: impl fmt::Display) -> Refusal {
    Refusal(format!("it holds the integer {number}, which readers of JSON would round; return it as a text"))
}

/// A serializer that writes nothing: it walks the value and refuses what JSON cannot hold.
#[derive(Clone, Copy)]
struct Check {
    depth: u32,
}

impl Check {
    fn finite(self, value: f64) -> Result<(), Refusal> {
        if value.is_finite() {
            Ok(())
        } else {
            Err(Refusal(format!("it holds the number {value}; return null or a text in its place")))
        }
    }

    fn deeper(self) -> Result<Self, Refusal> {
        if self.depth == MAX_DEPTH {
            return Err(Refusal(format!("it is nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

macro_rules! accept {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Result<(), Refusal> {
            Ok(())
        })*
    };
}

impl Serializer for Check {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    accept! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8],
    }

    fn serialize_i128(self, value: i128) -> Result<(), Refusal> {
        if i64::try_from(value).is_ok() || u64::try_from(value).is_ok() { Ok(()) } else { Err(too_wide(value)) }
    }

    fn serialize_u128(self, value: u128) -> Result<(), Refusal> {
        if u64::try_from(value).is_ok() { Ok(()) } else { Err(too_wide(value)) }
    }

    fn serialize_f32(self, value: f32) -> Result<(), Refusal> {
        self.finite(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Refusal> {
        self.finite(value)
    }

    fn serialize_none(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Refusal> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(self.deeper()?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refusal> {
        self.deeper()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Refusal> {
        self.deeper()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Refusal> {
        self.deeper()
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Refusal> {
        self.deeper()?.deeper()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Refusal> {
        self.deeper()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refusal> {
        self.deeper()
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Refusal> {
        self.deeper()?.deeper()
    }
}

macro_rules! compound {
    ($($trait:ident::$method:ident($($key:ty)?)),* $(,)?) => {
        $(impl ser::$trait for Check {
            type Ok = ();
            type Error = Refusal;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Result<(), Refusal> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Refusal> {
                Ok(())
            }
        })*
    };
}

compound! {
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(&'static str),
    SerializeStructVariant::serialize_field(&'static str),
}

impl ser::SerializeMap for Check {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refusal> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_plain_value_is_written() {
        let payload = encode_result(&json!({"a": [1, 2.5, null]}), 100).unwrap();
        assert_eq!(payload.parse::<Value>().unwrap(), json!({"a": [1, 2.5, null]}));
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_at_any_depth() {
        let failure = encode_result(&BTreeMap::from([("x", vec![Some(f64::NAN)])]), 100).unwrap_err();
        assert_eq!(failure.code, ErrorCode::ResultNotJson);
        assert!(failure.message.contains("NaN"), "{failure}");
    }

    #[test]
    fn an_integer_beyond_64_bits_is_refused() {
        assert!(encode_result(&u128::from(u64::MAX), 100).is_ok());
        assert!(encode_result(&i128::from(i64::MIN), 100).is_ok());
        assert_eq!(encode_result(&(1_i128 << 70), 100).unwrap_err().code, ErrorCode::ResultNotJson);
    }

    #[test]
    fn a_map_key_that_is_no_text_is_refused() {
        let failure = encode_result(&BTreeMap::from([(vec![1], 2)]), 100).unwrap_err();
        assert_eq!(failure.code, ErrorCode::ResultNotJson);
    }

    #[test]
    fn nesting_past_the_limit_is_refused() {
        let nest = |levels: u32| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(encode_result(&nest(100), 1000).is_ok());
        assert_eq!(encode_result(&nest(101), 1000).unwrap_err().code, ErrorCode::ResultNotJson);
    }

    #[test]
    fn a_result_over_the_limit_tells_both_numbers() {
        let failure = encode_result("x".repeat(50).as_str(), 20).unwrap_err();
        assert_eq!(failure.code, ErrorCode::ResultTooLarge);
        assert!(failure.message.contains("52 bytes") && failure.message.contains("20"), "{failure}");
    }
}
