//! Ids as the database has them. sqlx has this behind a feature that locks its SQLite along, which excludes other
//! versions of that library from a whole program.

use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
};
use uuid::Uuid;

use crate::job::JobId;

/// A `uuid` of the database.
#[derive(Clone, Copy)]
pub(super) struct Id(pub(super) Uuid);

impl From<JobId> for Id {
    fn from(id: JobId) -> Self {
        Self(*id.as_uuid())
    }
}

impl From<Id> for JobId {
    fn from(id: Id) -> Self {
        id.0.into()
    }
}

impl Type<Postgres> for Id {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(2950))
    }
}

impl PgHasArrayType for Id {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(2951))
    }
}

impl Encode<'_, Postgres> for Id {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Id {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(match value.format() {
            PgValueFormat::Binary => Uuid::from_slice(value.as_bytes()?)?,
            PgValueFormat::Text => value.as_str()?.parse()?,
        }))
    }
}
