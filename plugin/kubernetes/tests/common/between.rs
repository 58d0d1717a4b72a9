//! Somebody between a client and the real API server: a load balancer, say, that
//! answers for it at times. One request a connection.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use slackwater_kubernetes::ApiServer;
use slackwater_lab::kubernetes::ControlPlane;

/// What it does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Hands it on, and gives this in the place of the answer.
    After(u16, String),
    /// Hands nothing on, and gives this.
    Instead(u16, String),
}

/// `verb` and what the path ends with; the next such request meets it, once.
type Fates = Arc<Mutex<Vec<(&'static str, String, Fault)>>>;

pub(crate) struct Between {
    fates: Fates,
    requests: Arc<Mutex<Vec<String>>>,
    server: ApiServer,
}

impl Between {
    pub(crate) fn start(plane: &ControlPlane) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(file, &options).await;
            Client::try_from(config.unwrap()).unwrap()
        });
        let (fates, requests) = (Fates::default(), Arc::<Mutex<Vec<String>>>::default());
        let (theirs, log) = (Arc::clone(&fates), Arc::clone(&requests));
        // It goes with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &theirs, &log, |request| {
                    runtime.block_on(client.request_text(request))
                });
            }
        });
        let path = std::env::temp_dir().join(format!("between-{}-{port}", std::process::id()));
        std::fs::write(&path, kubeconfig(port)).unwrap();
        let server = ApiServer::connect(Some(&path)).unwrap();
        std::fs::remove_file(&path).unwrap();
        Self {
            fates,
            requests,
            server: server.within(Duration::from_secs(10)),
        }
    }

    /// The connection through it.
    pub(crate) fn server(&self) -> ApiServer {
        self.server.clone()
    }

    /// The next request of this verb whose path ends so meets this.
    pub(crate) fn next(&self, verb: &'static str, path_end: &str, fault: Fault) {
        let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        fates.push((verb, path_end.to_owned(), fault));
    }

    /// How many requests of this verb had a path that ends so.
    pub(crate) fn count(&self, verb: &str, path_end: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        let fits = |one: &&String| one.starts_with(verb) && one.ends_with(path_end);
        requests.iter().filter(fits).count()
    }
}

/// As the API server says it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> String {
    format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{reason}","message":"{message}","code":{code}}}"#
    )
}

fn kubeconfig(port: u16) -> String {
    format!(
        "
apiVersion: v1
kind: Config
current-context: between
contexts: [{{name: between, context: {{cluster: between, user: nobody}}}}]
clusters: [{{name: between, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
users: [{{name: nobody, user: {{}}}}]
"
    )
}

fn serve(
    stream: TcpStream,
    fates: &Fates,
    log: &Mutex<Vec<String>>,
    hand_on: impl Fn(Request<Vec<u8>>) -> kube::Result<String>,
) -> std::io::Result<()> {
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
        lines.push(line);
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
    let fault = {
        let mut fates = fates.lock().unwrap();
        let at = fates
            .iter()
            .position(|(of, end, _)| *of == verb && path.ends_with(end.as_str()));
        at.map(|at| fates.remove(at).2)
    };
    let mut request = Request::builder().method(verb).uri(target);
    for line in &lines[1..] {
        let (key, value) = line.split_once(": ").unwrap();
        if ["accept", "content-type"].contains(&key.to_ascii_lowercase().as_str()) {
            request = request.header(key, value);
        }
    }
    let request = request.body(body).unwrap();
    let (code, text) = match fault {
        Some(Fault::Instead(code, text)) => (code, text),
        Some(Fault::After(code, text)) => {
            let _ = hand_on(request);
            (code, text)
        }
        None => match hand_on(request) {
            Ok(text) => (200, text),
            Err(kube::Error::Api(status)) => (status.code, serde_json::to_string(&status)?),
            Err(error) => panic!("{error}"),
        },
    };
    let mut answer = String::new();
    let _ = write!(
        answer,
        "HTTP/1.1 {code} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    (&stream).write_all(answer.as_bytes())
}
