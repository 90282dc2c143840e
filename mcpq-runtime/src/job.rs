//! What a job is: its identity, status, policy, record and schemas. Imports nothing above it.

mod args;
mod error;
mod finite;
mod id;
mod integers;
mod owner;
mod payload;
mod policy;
mod priority;
mod prose;
mod record;
mod schema;
mod status;

pub(crate) use args::to_json;
pub use args::{ArgError, ArgFault, ArgMap, ArgWriter, canonical_hash};
pub use error::{ErrorKind, IntoJobError, JobError, StdError, ViaInto};
pub use finite::encode_result;
pub use id::JobId;
pub use owner::{Owner, Scope};
pub use payload::Payload;
pub use policy::{JobOptions, Policy, RateLimit, Unique};
pub use priority::Priority;
pub use record::{AttemptEnd, AttemptRecord, ErrorCode, Failure, JobRecord};
pub(crate) use schema::output_schema;
pub use schema::{ArgDef, ArgSpec, InputSchema, Number, SchemaFn, schema_fn};
pub use status::Status;
