//! An API server that keeps objects in memory and admits all: for what rests on an object
//! that is there, or is not, and on nothing that a real one does with it. One request a
//! connection.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Map, Value, json};
use slackwater_kubernetes::{ApiServer, Makers};
use slackwater_strimzi::MirrorMaker;

/// Its paths, as far as they have something behind them.
type Objects = Arc<Mutex<BTreeMap<String, Value>>>;

pub(crate) struct Stub {
    objects: Objects,
    requests: Arc<Mutex<Vec<String>>>,
    kubeconfig: PathBuf,
    server: ApiServer,
}

/// Where Strimzi's resources of a namespace are.
pub(crate) fn strimzi(namespace: &str, plural: &str, name: &str) -> String {
    format!("/apis/kafka.strimzi.io/v1/namespaces/{namespace}/{plural}/{name}")
}

/// A resource of the fixtures that feeds a mirror.
pub(crate) fn feeder() -> String {
    strimzi("kafka", "kafkamirrormaker2s", "feeder")
}

/// The Kafka of it.
pub(crate) fn kafka() -> String {
    strimzi("kafka", "kafkas", "mirror")
}

pub(crate) fn fixture(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// Both are there, and the feeder is held by `state`, with a note of how it was.
pub(crate) fn held(stub: &Stub) -> (Makers, MirrorMaker) {
    let maker = include_str!("../../../strimzi/tests/fixtures/maker-v1.yaml");
    let mirror = include_str!("../../../strimzi/tests/fixtures/kafka.yaml");
    stub.put(&feeder(), fixture(maker));
    stub.put(&kafka(), fixture(mirror));
    let makers = Makers::discover(stub.server()).unwrap();
    let found = MirrorMaker::read(&stub.get(&feeder()).unwrap()).unwrap();
    let held = makers.stop(&found, "kafka/mirror").unwrap();
    (makers, held)
}

impl Stub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (objects, requests) = (Objects::default(), Arc::<Mutex<Vec<String>>>::default());
        let versions = json!({"versions": [{"version": "v1"}]});
        for group in ["kafka.strimzi.io", "core.strimzi.io"] {
            let mut all = objects.lock().unwrap();
            all.insert(format!("/apis/{group}"), versions.clone());
        }
        let (theirs, log) = (Arc::clone(&objects), Arc::clone(&requests));
        // It goes with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &theirs, &log);
            }
        });
        let kubeconfig = std::env::temp_dir().join(format!("stub-{}-{port}", std::process::id()));
        std::fs::write(&kubeconfig, config(port)).unwrap();
        let server = ApiServer::connect(Some(&kubeconfig)).unwrap();
        Self {
            objects,
            requests,
            kubeconfig,
            server,
        }
    }

    pub(crate) fn server(&self) -> ApiServer {
        self.server.clone()
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        self.objects.lock().unwrap().insert(path.to_owned(), object);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.objects.lock().unwrap().get(path).cloned()
    }

    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        change(self.objects.lock().unwrap().get_mut(path).unwrap());
    }

    pub(crate) fn delete(&self, path: &str) {
        self.objects.lock().unwrap().remove(path).unwrap();
    }

    /// What it was asked, `VERB PATH`, and forgets.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

fn config(port: u16) -> String {
    format!(
        "
apiVersion: v1
kind: Config
current-context: stub
contexts: [{{name: stub, context: {{cluster: stub, user: nobody}}}}]
clusters: [{{name: stub, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
users: [{{name: nobody, user: {{}}}}]
"
    )
}

fn serve(stream: TcpStream, objects: &Objects, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut lines, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        lines.push(line.to_ascii_lowercase());
        if lines.len() == 1 {
            lines[0] = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let Some(first) = lines.first() else {
        return Ok(());
    };
    let mut words = first.split(' ');
    let (verb, target) = (words.next().unwrap(), words.next().unwrap());
    let path = target.split('?').next().unwrap();
    log.lock().unwrap().push(format!("{verb} {path}"));
    let merges = lines.iter().any(|line| line.contains("merge-patch"));
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let answered = answer(&mut objects.lock().unwrap(), verb, path, body, merges);
    let (code, value) = match answered {
        Ok(value) => (200, value),
        Err((code, reason)) => {
            let name = path.rsplit('/').next().unwrap();
            (code, status(code, reason, name))
        }
    };
    let text = value.to_string();
    let mut answer = String::new();
    let _ = write!(
        answer,
        "HTTP/1.1 {code} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    (&stream).write_all(answer.as_bytes())
}

fn status(code: u16, reason: &str, name: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
        "message": reason, "details": {"name": name}, "code": code,
    })
}

type Refusal = (u16, &'static str);

fn answer(
    objects: &mut BTreeMap<String, Value>,
    verb: &str,
    path: &str,
    body: Value,
    merges: bool,
) -> Result<Value, Refusal> {
    let missing = (404, "NotFound");
    match verb {
        "GET" if objects.contains_key(path) => Ok(objects[path].clone()),
        "GET" if is_list(path) => {
            let within = format!("{path}/");
            let of = |one: &&String| {
                let rest = one.strip_prefix(&within);
                rest.is_some_and(|name| !name.contains('/'))
            };
            let items: Vec<&Value> = objects.keys().filter(of).map(|key| &objects[key]).collect();
            Ok(json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
        }
        "POST" => {
            let name = body["metadata"]["name"].as_str().unwrap();
            let place = format!("{path}/{name}");
            if objects.contains_key(&place) {
                return Err((409, "AlreadyExists"));
            }
            let mut made = body.clone();
            made["metadata"]["uid"] = json!("made");
            made["metadata"]["resourceVersion"] = json!("1");
            objects.insert(place, made.clone());
            Ok(made)
        }
        "DELETE" => objects.remove(path).ok_or(missing),
        "PATCH" | "PUT" => {
            let before = objects.get(path).ok_or(missing)?;
            let mut now = match (verb, merges) {
                ("PUT", _) => body,
                (_, true) => merged(before.clone(), &body),
                _ => patched(before.clone(), &body).ok_or((
                    422,
                    "the server rejected our request due to an error in our request",
                ))?,
            };
            let count = |value: &Value| {
                let text = value.as_str().and_then(|text| text.parse::<u64>().ok());
                text.or(value.as_u64()).unwrap_or_default() + 1
            };
            let version = count(&before["metadata"]["resourceVersion"]);
            now["metadata"]["resourceVersion"] = json!(version.to_string());
            if now["spec"] != before["spec"] {
                now["metadata"]["generation"] = json!(count(&before["metadata"]["generation"]));
            }
            objects.insert(path.to_owned(), now.clone());
            Ok(now)
        }
        _ => Err(missing),
    }
}

/// Whether it is of all objects of a kind: `…/namespaces/NAMESPACE/PLURAL`.
fn is_list(path: &str) -> bool {
    let rest = path.split_once("/namespaces/").map(|(_, rest)| rest);
    rest.is_some_and(|rest| rest.split('/').count() == 2)
}

/// RFC 7396.
fn merged(mut before: Value, change: &Value) -> Value {
    let Some(fields) = change.as_object() else {
        return change.clone();
    };
    if !before.is_object() {
        before = Value::Object(Map::new());
    }
    for (key, value) in fields {
        match value {
            Value::Null => drop(before.as_object_mut().unwrap().remove(key)),
            value => before[key] = merged(before[key].take(), value),
        }
    }
    before
}

/// RFC 6902, as far as it is spoken here.
fn patched(mut object: Value, ops: &Value) -> Option<Value> {
    for op in ops.as_array()? {
        let path = op["path"].as_str()?;
        if op["op"] == "test" {
            if object.pointer(path) != Some(&op["value"]) {
                return None;
            }
            continue;
        }
        let (parent, key) = path.rsplit_once('/')?;
        let parent = object.pointer_mut(parent)?.as_object_mut()?;
        let key = &key.replace("~1", "/");
        match op["op"].as_str()? {
            "add" => drop(parent.insert(key.to_owned(), op["value"].clone())),
            "remove" => drop(parent.remove(key)?),
            _ => return None,
        }
    }
    Some(object)
}
