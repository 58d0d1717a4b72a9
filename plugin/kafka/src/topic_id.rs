//! A topic id as Kafka's own tools print it.

/// librdkafka prints the 16 bytes in standard base64, Kafka
/// (`org.apache.kafka.common.Uuid`) in the URL-safe alphabet without padding.
pub(crate) fn url_safe(standard: &str) -> String {
    let unpadded = standard.trim_end_matches('=');
    unpadded.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::url_safe;

    #[test]
    fn a_topic_id_is_written_as_kafka_writes_it() {
        assert_eq!(
            url_safe("4Fi6+ugS/936nrTTy4+wpA=="),
            "4Fi6-ugS_936nrTTy4-wpA"
        );
    }
}
