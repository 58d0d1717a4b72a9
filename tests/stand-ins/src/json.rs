//! Objects as JSON: fields by pointer, and how they are made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slackwater_kubernetes::{ApiError, ApiServer, Place};

use crate::StandInError;

/// A text at a JSON pointer, or empty.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The same, which every such object has.
pub(crate) fn need(object: &Value, pointer: &str) -> Result<String, StandInError> {
    match text(object, pointer) {
        "" => Err(StandInError::Malformed {
            what: format!(
                "{} {}",
                text(object, "/kind"),
                text(object, "/metadata/name")
            ),
            field: pointer.to_owned(),
        }),
        found => Ok(found.to_owned()),
    }
}

/// A text in a Secret's `data`.
pub(crate) fn decoded(value: &Value) -> Option<String> {
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// Makes it; one that is there already is as good.
pub(crate) fn make(server: &ApiServer, place: &Place, object: &Value) -> Result<(), ApiError> {
    // Asked for in vain it would be written all the same: a Service has an address set
    // aside for it before its name is found taken.
    if server.get(place)?.is_some() {
        return Ok(());
    }
    match server.create(place, object) {
        Ok(_) | Err(ApiError::Exists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
