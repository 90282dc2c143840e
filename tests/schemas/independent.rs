//! The other implementation of JSON Schema.

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::Value;

/// A schema that was read by it, and thereby found to be right by draft 2020-12.
pub(crate) struct Independent {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Independent {
    #[track_caller]
    pub(crate) fn read(schema: &Value) -> Self {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource("schema.json", schema.clone()).unwrap();
        let mut schemas = Schemas::new();
        match compiler.compile("schema.json", &mut schemas) {
            Ok(index) => Self { schemas, index },
            Err(error) => panic!("{error:#}: {schema:#}"),
        }
    }

    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }
}
