//! The API server: requests with a limit each, from threads that wait for them.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it bounds what it waits for"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::ApiError;
use crate::error::without_excerpt;
use crate::place::{Place, Resource, namespace_name};

/// For one request. The API server answers within milliseconds, and ends what
/// took longer than a minute; what waits for it may be holding a mirror.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Most objects of one list: more runs or mirrors than a namespace has room for
/// are an error and not an endless listing.
pub const MOST_OBJECTS: usize = 10_000;

/// Of a list at a time, as kubectl asks (`--chunk-size`).
const CHUNK: usize = 500;

/// Most pages of one list. A page may have fewer objects than were asked for, or
/// none, and say that there are more: so many of them are a server that never
/// ends.
const MOST_PAGES: usize = 1_000;

/// How long an answer is waited for beyond a request's limit: that is kept by
/// the runtime's thread, which may have much to do.
const GRACE: Duration = Duration::from_secs(1);

/// The API server's word for "not now" (priority and fairness, a cache that is not
/// filled yet: `storage is (re)initializing`), and after how long the same is asked
/// again, as clients of Kubernetes do. A request's limit ends it.
const TOO_MANY: u16 = 429;
const AGAIN: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";
/// Without what is in the objects (apimachinery's `PartialObjectMetadataList`).
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// See the module. Its clones share one connection.
#[derive(Clone)]
pub struct ApiServer {
    client: Client,
    // Requests are carried by its one thread, so that a caller may be on any.
    runtime: Arc<Runtime>,
    limit: Duration,
}

impl ApiServer {
    /// Of this kubeconfig; without one, that of the environment (`KUBECONFIG`,
    /// `~/.kube/config`), or the account of the pod that this runs in.
    ///
    /// # Errors
    /// None of them can be read. Nobody is asked yet.
    pub fn connect(kubeconfig: Option<&Path>) -> Result<Self, ApiError> {
        let failed = |error: &dyn std::fmt::Display| ApiError::NoConfig(without_excerpt(error));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("api-server")
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let client = runtime.block_on(async {
            let mut config = match kubeconfig {
                Some(path) => {
                    let file = Kubeconfig::read_from(path).map_err(|error| failed(&error))?;
                    let options = KubeConfigOptions::default();
                    let config = Config::from_custom_kubeconfig(file, &options).await;
                    config.map_err(|error| failed(&error))?
                }
                None => Config::infer().await.map_err(|error| failed(&error))?,
            };
            // A write that was repeated behind our back would meet itself, and
            // come back as somebody else's.
            config.default_retry = false;
            Client::try_from(config).map_err(|error| failed(&error))
        })?;
        Ok(Self {
            client,
            runtime: Arc::new(runtime),
            limit: REQUEST_LIMIT,
        })
    }

    /// The same with another limit for each request.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The versions of a group that it serves; none where it knows no such
    /// group.
    ///
    /// # Errors
    /// No answer.
    pub fn versions(&self, group: &str) -> Result<Vec<String>, ApiError> {
        let ask = Ask::get(
            format!("get the versions of {group}"),
            format!("/apis/{group}"),
        );
        let what = ask.what.clone();
        let found = match self.send(ask) {
            Err(ApiError::NotServed { .. }) => return Ok(Vec::new()),
            found => found?,
        };
        let versions = found["versions"].as_array();
        let versions = versions.ok_or_else(|| malformed(&what, "it names no versions"))?;
        let each = versions.iter().filter_map(|one| one["version"].as_str());
        Ok(each.map(str::to_owned).collect())
    }

    /// An object, or that there is none.
    ///
    /// # Errors
    /// No answer, or another one.
    pub fn get(&self, place: &Place) -> Result<Option<Value>, ApiError> {
        let ask = Ask::get(format!("get {place}"), place.path());
        match self.send(ask.of(&place.name)) {
            Err(ApiError::Missing { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Those of a namespace with these labels (`a=b,c`; all where it is empty).
    /// An empty namespace is the whole cluster.
    ///
    /// # Errors
    /// No answer; more than [`MOST_OBJECTS`].
    pub fn list(
        &self,
        resource: &Resource,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        self.pages(resource, namespace, labels, JSON)
    }

    /// The same of a kind whose definition need not be there: whoever does not use it need
    /// not install it.
    ///
    /// # Errors
    /// As for [`ApiServer::list`].
    pub(crate) fn list_if_served(
        &self,
        resource: &Resource,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        match self.list(resource, namespace, labels) {
            Err(ApiError::NotServed { .. }) => Ok(Vec::new()),
            found => found,
        }
    }

    /// The same as [`ApiServer::list`], of each object its `metadata` alone.
    ///
    /// # Errors
    /// As for [`ApiServer::list`].
    pub fn list_metadata(
        &self,
        resource: &Resource,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        self.pages(resource, namespace, labels, METADATA)
    }

    fn pages(
        &self,
        resource: &Resource,
        namespace: &str,
        labels: &str,
        accept: &'static str,
    ) -> Result<Vec<Value>, ApiError> {
        let what = match namespace {
            "" => format!("list {resource}"),
            namespace => format!("list {resource} in {}", namespace_name(namespace)?),
        };
        let mut all = Vec::new();
        let mut next = String::new();
        for _ in 0..MOST_PAGES {
            let query = query(&[("labelSelector", labels), ("continue", &next)]);
            let path = format!("{}?limit={CHUNK}{query}", resource.path(namespace));
            let mut found = self.send(Ask {
                accept,
                ..Ask::get(what.clone(), path)
            })?;
            let token = found["metadata"]["continue"].as_str().unwrap_or_default();
            next = token.to_owned();
            // Of metadata an empty list is null.
            match found.get_mut("items") {
                Some(Value::Array(items)) => all.append(items),
                Some(Value::Null) => {}
                _ => return Err(malformed(&what, "it has no items")),
            }
            if all.len() > MOST_OBJECTS {
                let said = format!("there are more than {MOST_OBJECTS}");
                return Err(malformed(&what, &said));
            }
            if next.is_empty() {
                return Ok(all);
            }
        }
        let said = format!("its list does not end after {MOST_PAGES} pages");
        Err(malformed(&what, &said))
    }

    /// Makes an object at its place, and gives it as it is stored.
    ///
    /// # Errors
    /// There is one already; another refusal; no answer.
    pub fn create(&self, place: &Place, object: &Value) -> Result<Value, ApiError> {
        let path = place.resource.path(&place.namespace);
        let ask = Ask::write("create", Method::POST, path, place);
        self.send(ask.with(JSON, object)?)
    }

    /// Replaces an object, where it is as it was when `object` was read (by its
    /// `resourceVersion`).
    ///
    /// # Errors
    /// It changed; another refusal; no answer.
    pub fn update(&self, place: &Place, object: &Value) -> Result<Value, ApiError> {
        let ask = Ask::write("update", Method::PUT, place.path(), place);
        self.send(ask.with(JSON, object)?)
    }

    /// Patches it (RFC 6902). A `test` that fails refuses it whole, and is
    /// [`ApiError::Conflict`].
    ///
    /// # Errors
    /// As for [`ApiServer::update`].
    pub fn patch(&self, place: &Place, ops: &impl Serialize) -> Result<Value, ApiError> {
        self.patched(Ask::write("patch", Method::PATCH, place.path(), place), ops)
    }

    fn patched(&self, ask: Ask, ops: &impl Serialize) -> Result<Value, ApiError> {
        let what = ask.what.clone();
        match self.send(ask.with(JSON_PATCH, ops)?) {
            // `the server rejected our request due to an error in our request`:
            // of patches that are made well, only a test can fail
            // (apiserver's patch.go, `jsonPatcher.applyJSPatch`).
            Err(ApiError::Refused {
                code: 422, said, ..
            }) if said.contains("rejected our request") => Err(ApiError::Conflict { what }),
            done => done,
        }
    }

    /// Sets an annotation, or takes it away, whatever else changed.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn annotate(
        &self,
        place: &Place,
        key: &str,
        value: Option<&str>,
    ) -> Result<Value, ApiError> {
        self.merge(place, &json!({"metadata": {"annotations": {key: value}}}))
    }

    /// Puts these values into it (RFC 7396), whatever else changed.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn merge(&self, place: &Place, change: &Value) -> Result<Value, ApiError> {
        let ask = Ask::write("patch", Method::PATCH, place.path(), place);
        self.send(ask.with(MERGE_PATCH, change)?)
    }

    /// That it could be patched: asked of the API server, which changes nothing
    /// (`dryRun`).
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn may_patch(&self, place: &Place) -> Result<(), ApiError> {
        let path = format!("{}?dryRun=All", place.path());
        let ask = Ask::write("patch", Method::PATCH, path, place);
        self.send(ask.with(MERGE_PATCH, &json!({}))?).map(drop)
    }

    /// That this patch would be taken: asked of the API server, and of what admits for
    /// it; nothing is changed. One that comes too late is no refusal.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn would_take(&self, place: &Place, ops: &impl Serialize) -> Result<(), ApiError> {
        let path = format!("{}?dryRun=All", place.path());
        match self.patched(Ask::write("patch", Method::PATCH, path, place), ops) {
            Ok(_) | Err(ApiError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What it answers to an access review (these `plural`), which is not kept.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub(crate) fn review(&self, plural: &str, review: &Value) -> Result<Value, ApiError> {
        let path = format!("/apis/authorization.k8s.io/v1/{plural}");
        let what = format!("create {plural}.authorization.k8s.io");
        let ask = Ask {
            method: Method::POST,
            ..Ask::get(what, path)
        };
        self.send(ask.with(JSON, review)?)
    }

    /// Puts these values into its `status`, whatever else changed.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn merge_status(&self, place: &Place, status: &Value) -> Result<Value, ApiError> {
        let path = format!("{}/status", place.path());
        let mut ask = Ask::write("patch", Method::PATCH, path, place);
        ask.what = format!("patch {}/status {}", place.resource, place.words());
        self.send(ask.with(MERGE_PATCH, &json!({"status": status}))?)
    }

    /// Deletes it; that it is gone already is success.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self, place: &Place) -> Result<(), ApiError> {
        let ask = Ask::write("delete", Method::DELETE, place.path(), place);
        match self.send(ask) {
            Err(ApiError::Missing { .. }) => Ok(()),
            done => done.map(drop),
        }
    }

    fn send(&self, ask: Ask) -> Result<Value, ApiError> {
        let Ask {
            what,
            name,
            method,
            path,
            accept,
            content,
            body,
        } = ask;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content)
            .header("accept", accept)
            .body(body)
            .map_err(|error| malformed(&what, &error.to_string()))?;
        let client = self.client.clone();
        let work = async move {
            loop {
                let reply = client.request::<Value>(request.clone()).await;
                match &reply {
                    // Nothing was done of it, and it is to come again: it is too much at
                    // once, or a cache is not filled yet.
                    Err(kube::Error::Api(status)) if status.code == TOO_MANY => {
                        tokio::time::sleep(AGAIN).await;
                    }
                    _ => return reply,
                }
            }
        };
        let reply = self.run(&what, self.limit, work)?;
        reply.map_err(|error| ApiError::of(&what, &name, error))
    }

    /// For what is not one request and its answer.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Waits for work that the runtime does, no longer than `most`, and then it
    /// is dropped.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        what: &str,
        most: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (answer, answered) = sync_channel(1);
        self.runtime.spawn(async move {
            let done = tokio::time::timeout(most, work).await;
            // Whoever waited may have gone.
            let _ = answer.send(done);
        });
        match answered.recv_timeout(most + GRACE) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => Err(ApiError::Timeout {
                what: what.to_owned(),
                within: most,
            }),
            Err(RecvTimeoutError::Disconnected) => Err(ApiError::Unreachable {
                what: what.to_owned(),
                said: "its task ended without an answer".to_owned(),
            }),
        }
    }
}

/// One request.
struct Ask {
    /// For messages: verb and object.
    what: String,
    /// Of the object; empty for what is none.
    name: String,
    method: Method,
    path: String,
    accept: &'static str,
    content: &'static str,
    body: Vec<u8>,
}

impl Ask {
    fn get(what: String, path: String) -> Self {
        Self {
            what,
            name: String::new(),
            method: Method::GET,
            path,
            accept: JSON,
            content: JSON,
            body: Vec::new(),
        }
    }

    fn write(verb: &str, method: Method, path: String, place: &Place) -> Self {
        let ask = Self {
            method,
            ..Self::get(format!("{verb} {place}"), path)
        };
        ask.of(&place.name)
    }

    fn of(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    fn with(mut self, content: &'static str, body: &impl Serialize) -> Result<Self, ApiError> {
        let written = serde_json::to_vec(body);
        self.body = written.map_err(|error| malformed(&self.what, &error.to_string()))?;
        self.content = content;
        Ok(self)
    }
}

fn malformed(what: &str, said: &str) -> ApiError {
    ApiError::Malformed {
        what: what.to_owned(),
        said: said.to_owned(),
    }
}

/// What is not empty, as the rest of a query.
fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let escaped: String = value.bytes().map(escape).collect();
        text += &format!("&{key}={escaped}");
    }
    text
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_what_is_given_escaped() {
        let text = query(&[("labelSelector", "a/b=c,d"), ("continue", "")]);
        assert_eq!(text, "&labelSelector=a%2Fb%3Dc%2Cd");
    }
}
