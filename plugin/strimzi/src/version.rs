//! Which version of Strimzi's API is spoken.

use std::fmt;

use crate::StrimziError;

/// The group of Kafka, KafkaNodePool, KafkaMirrorMaker2, KafkaConnector and
/// KafkaUser.
pub(crate) const GROUP: &str = "kafka.strimzi.io";

/// A version that is understood. Strimzi 0.39 to 0.48 serve `v1beta2`, 0.49 to
/// 0.51 both, 1.0 and later `v1` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiVersion {
    /// `v1beta2`
    V1Beta2,
    /// `v1`
    V1,
}

impl ApiVersion {
    /// The one to speak, of those that the API server serves: the older one where
    /// both are. There it is the one that knows all fields; an object that was
    /// written in the older layout loses what the newer version does not know
    /// when it is read through that (the API server prunes what it converts), and
    /// for good when it is patched.
    ///
    /// # Errors
    /// None that is understood.
    pub fn choose<'a>(served: impl IntoIterator<Item = &'a str>) -> Result<Self, StrimziError> {
        let served: Vec<&str> = served.into_iter().collect();
        let known = [Self::V1Beta2, Self::V1].into_iter();
        known
            .into_iter()
            .find(|one| served.contains(&one.as_str()))
            .ok_or_else(|| {
                StrimziError::NotServed(served.iter().map(|one| (*one).to_owned()).collect())
            })
    }

    /// A kind as kubectl is told it. Where both versions are served kubectl takes the newer one
    /// by itself, and what is patched through that loses fields.
    pub fn kind(self, name: &str) -> String {
        match self {
            Self::V1Beta2 => format!("{name}s.{}.{GROUP}", self.as_str()),
            Self::V1 => name.to_owned(),
        }
    }

    /// As it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1Beta2 => "v1beta2",
            Self::V1 => "v1",
        }
    }
}

impl fmt::Display for ApiVersion {
    /// `kafka.strimzi.io/v1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{GROUP}/{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_is_spoken_where_it_is_served_alone() {
        let both = ApiVersion::choose(["v1", "v1beta2"]);
        assert_eq!(both, Ok(ApiVersion::V1Beta2));
        assert_eq!(ApiVersion::choose(["v1"]), Ok(ApiVersion::V1));
        assert_eq!(ApiVersion::choose(["v1beta2"]), Ok(ApiVersion::V1Beta2));
        let old = ApiVersion::choose(["v1alpha1", "v1beta1"]).unwrap_err();
        assert!(old.to_string().contains("v1alpha1, v1beta1"), "{old}");
        let none = ApiVersion::choose([]).unwrap_err();
        assert!(none.to_string().contains("serves nothing"), "{none}");
    }
}
