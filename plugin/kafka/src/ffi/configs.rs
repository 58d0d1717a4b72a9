//! DescribeConfigs of topics. rdkafka wraps it as a future with a thread of
//! its own; here it shares the queue and the limits of the other requests.

use std::ffi::CString;
use std::time::Duration;

use rdkafka_sys::{
    RDKafkaRespErr, rd_kafka_ConfigEntry_is_sensitive, rd_kafka_ConfigEntry_name,
    rd_kafka_ConfigEntry_value, rd_kafka_ConfigResource_configs, rd_kafka_ConfigResource_destroy,
    rd_kafka_ConfigResource_error, rd_kafka_ConfigResource_error_string,
    rd_kafka_ConfigResource_name, rd_kafka_ConfigResource_new, rd_kafka_ConfigResource_t,
    rd_kafka_DescribeConfigs, rd_kafka_DescribeConfigs_result_resources, rd_kafka_ResourceType_t,
    rd_kafka_admin_op_t, rd_kafka_event_DescribeConfigs_result,
};
use slackwater_ports::ConfigEntry;

use super::admin::{Failed, Options};
use super::code::Code;
use super::queue::{Event, Queue};
use super::text::{copied, slice};

/// A topic's configuration.
pub(crate) struct ConfigAnswer {
    /// The topic's name.
    pub(crate) topic: String,
    /// Values in effect. Those that are sensitive or have no value are left
    /// out: the broker does not tell them.
    pub(crate) entries: Result<Vec<ConfigEntry>, Failed>,
}

/// Asks for these topics.
pub(crate) fn submit_describe_configs(
    queue: &Queue<'_>,
    topics: &[CString],
    limit: Duration,
    tag: usize,
) {
    let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    let options = Options::new(queue.client(), kind, limit, tag);
    let topic = rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
    // SAFETY: all are live; librdkafka copies names, resources and options,
    // so that the resources are ours to destroy.
    unsafe {
        let mut resources: Vec<_> = topics
            .iter()
            .map(|name| rd_kafka_ConfigResource_new(topic, name.as_ptr()))
            .collect();
        rd_kafka_DescribeConfigs(
            queue.client().rk(),
            resources.as_mut_ptr(),
            resources.len(),
            options.ptr(),
            queue.ptr(),
        );
        for resource in resources {
            rd_kafka_ConfigResource_destroy(resource);
        }
    }
}

/// What an answer to it says.
pub(crate) fn configs_answer(event: &Event<'_>) -> Result<Vec<ConfigAnswer>, Failed> {
    event.succeeded()?;
    let mut count = 0;
    // SAFETY: the event is live, and owns all that is read here; a result of
    // another kind gives null, which is checked for.
    unsafe {
        let result = rd_kafka_event_DescribeConfigs_result(event.ptr());
        if result.is_null() {
            return Ok(Vec::new());
        }
        let resources = rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        let answers = slice(resources, count).iter().map(|resource| ConfigAnswer {
            topic: copied(rd_kafka_ConfigResource_name(*resource)),
            entries: entries(*resource),
        });
        Ok(answers.collect())
    }
}

/// # Safety
/// `resource` belongs to a live event.
unsafe fn entries(resource: *const rd_kafka_ConfigResource_t) -> Result<Vec<ConfigEntry>, Failed> {
    type Getter<T> = unsafe extern "C" fn(*const rd_kafka_ConfigResource_t) -> T;
    let getter: Getter<RDKafkaRespErr> = rd_kafka_ConfigResource_error;
    // SAFETY: the two function types differ only in repr(i32) enum against
    // i32, which have one ABI.
    let getter: Getter<i32> = unsafe { std::mem::transmute(getter) };
    let mut count = 0;
    // SAFETY: the caller vouches for the resource; the entries belong to it
    // and are as many as given.
    unsafe {
        let code = Code(getter(resource));
        if code.is_error() {
            let reason = copied(rd_kafka_ConfigResource_error_string(resource));
            return Err(Failed { code, reason });
        }
        let entries = rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let told = slice(entries, count).iter().filter(|entry| {
            rd_kafka_ConfigEntry_is_sensitive(**entry) == 0
                && !rd_kafka_ConfigEntry_value(**entry).is_null()
        });
        let told = told.map(|entry| ConfigEntry {
            key: copied(rd_kafka_ConfigEntry_name(*entry)),
            value: copied(rd_kafka_ConfigEntry_value(*entry)),
        });
        Ok(told.collect())
    }
}
