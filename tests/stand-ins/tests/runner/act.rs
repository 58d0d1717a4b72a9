//! An action of a blueprint that has no other, run to its end: by the small Kanister,
//! or by the real one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};
use slackwater_stand_ins::{Ask, Kanctl, Kubectl, Runner};

use crate::ground::{Ground, ground, label};

/// How it is called.
const ACTION: &str = "run";

/// What is asked.
#[derive(Default)]
pub(crate) struct Act<'a> {
    /// As it stands in the blueprint.
    pub(crate) action: Value,
    /// A ConfigMap that it is on; else the namespace.
    pub(crate) on: Option<&'a str>,
    pub(crate) options: &'a [(&'a str, &'a str)],
    /// `--from`
    pub(crate) parent: Option<&'a Ended>,
}

/// What became of it.
pub(crate) struct Ended {
    pub(crate) status: Value,
    /// Each status that a watcher saw.
    pub(crate) seen: Vec<Value>,
    /// As what it may be a parent: an ActionSet's name.
    name: String,
    /// The same of the small one.
    ask: Ask,
}

/// A phase.
pub(crate) fn phase(func: &str, name: &str, args: Value) -> Value {
    json!({"func": func, "name": name, "args": args})
}

/// A shell's line in the pod of one container.
pub(crate) fn shell(name: &str, line: &str) -> Value {
    let args = json!({
        "namespace": ground().space,
        "pod": "one",
        "container": "shell",
        "command": ["sh", "-c", line],
    });
    phase("KubeExec", name, args)
}

/// Prints an output.
pub(crate) fn puts(key: &str, value: &str) -> String {
    format!(r####"echo '###Phase-output###: {{"key":"{key}","value":"{value}"}}'"####)
}

/// Runs phases on the namespace.
pub(crate) fn run(phases: &[Value]) -> Ended {
    act(json!({"phases": phases}))
}

/// Runs an action on the namespace.
pub(crate) fn act(action: Value) -> Ended {
    let act = Act {
        action,
        ..Act::default()
    };
    act.run().unwrap()
}

/// A blueprint of one action.
pub(crate) fn blueprint(name: &str, action: &Value) -> Value {
    let (key, mark) = label();
    json!({
        "apiVersion": "cr.kanister.io/v1alpha1",
        "kind": "Blueprint",
        "metadata": {"name": name, "namespace": ground().controller(), "labels": {key: mark}},
        "actions": {ACTION: action},
    })
}

impl Act<'_> {
    /// Runs it; or says why no ActionSet is made.
    pub(crate) fn run(self) -> Result<Ended, String> {
        let ground = ground();
        let kubectl = |args: &[&str], input: Option<&str>| ground.kubectl(args, input);
        match &ground.kanister {
            Some(namespace) => self.by_kanctl(ground, namespace, &kubectl),
            None => self.by_the_small_one(ground, &kubectl),
        }
    }

    fn by_the_small_one(self, ground: &Ground, kubectl: Kubectl<'_>) -> Result<Ended, String> {
        let text = blueprint("small", &self.action).to_string();
        let runner = Runner::new(kubectl, ground.controller(), &text).unwrap();
        let options = self.options.iter();
        let options = options.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let mut ask = Ask {
            object: match self.on {
                Some(map) => ground.object(&format!("configmap/{map}")),
                None => ground.object(&format!("namespace/{}", ground.space)),
            },
            options: options.collect::<BTreeMap<_, _>>(),
            artifacts: Map::new(),
        };
        if let Some(parent) = self.parent {
            let child = parent.ask.child(&parent.status, ask);
            ask = child.map_err(|error| error.to_string())?;
        }
        let mut seen = Vec::new();
        let done = runner.run(ACTION, &ask, |status| seen.push(status.clone()));
        Ok(Ended {
            status: done.unwrap().status().clone(),
            seen,
            name: String::new(),
            ask,
        })
    }

    fn by_kanctl(
        self,
        ground: &Ground,
        namespace: &str,
        kubectl: Kubectl<'_>,
    ) -> Result<Ended, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}runner-{number}", ground.prefix);
        ground.apply(&blueprint(&name, &self.action));
        let kanctl = Kanctl {
            kubectl,
            kubeconfig: &ground.kubeconfig,
            namespace,
        };
        let (key, mark) = label();
        let mut words = vec![
            format!("--action={ACTION}"),
            format!("--blueprint={name}"),
            format!("--labels={key}={mark}"),
        ];
        match self.on {
            Some(map) => {
                words.push(format!("--objects=v1/configmaps/{}/{map}", ground.space));
                if ground.object(&format!("configmap/{map}")).is_null() {
                    // Else kanctl says so already.
                    words.push("--skip-validation".to_owned());
                }
            }
            None => words.push(format!("--namespacetargets={}", ground.space)),
        }
        let options = self.options.iter();
        let options: Vec<String> = options
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if !options.is_empty() {
            words.push(format!("--options={}", options.join(",")));
        }
        if let Some(parent) = self.parent {
            words.push(format!("--from={}", parent.name));
        }
        let name = kanctl.create(&words).map_err(|error| error.to_string())?;
        let mut seen = Vec::new();
        let status = kanctl.follow(&name, |status| seen.push(status.clone()));
        Ok(Ended {
            status: status.unwrap(),
            seen,
            name,
            ask: Ask::default(),
        })
    }
}

impl Ended {
    /// That it is complete.
    pub(crate) fn complete(self) -> Self {
        assert_eq!(self.status["state"], "complete", "{:#}", self.status);
        self
    }

    /// That it failed; what is said of it.
    pub(crate) fn failed(&self) -> String {
        assert_eq!(self.status["state"], "failed", "{:#}", self.status);
        let said = self.status["error"]["message"].as_str().unwrap();
        said.to_owned()
    }

    /// What a phase has put out.
    pub(crate) fn output(&self, number: usize) -> &Value {
        &self.action()["phases"][number]["output"]
    }

    /// Its only action.
    pub(crate) fn action(&self) -> &Value {
        &self.status["actions"][0]
    }

    /// The states of its phases.
    pub(crate) fn states(&self) -> Vec<&str> {
        let phases = self.action()["phases"].as_array().unwrap().iter();
        phases.map(|one| one["state"].as_str().unwrap()).collect()
    }
}
