//! The cluster: the lab's, where the small Kanister runs blueprints; or one that
//! somebody has, where the real one does, if it is there with kanctl.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use slackwater_lab::kubernetes::Cluster;
use slackwater_stand_ins::{LABEL, kubectl, mark, said, words_here, words_of};

/// See the module.
pub(crate) struct Ground {
    /// kubectl, and what comes before its arguments.
    words: Vec<String>,
    pub(crate) kubeconfig: String,
    /// The namespace of the real one's controller.
    pub(crate) kanister: Option<String>,
    /// That of these tests.
    pub(crate) space: String,
    /// Of the pods: one with a shell.
    pub(crate) image: String,
    /// What begins the names of what is elsewhere.
    pub(crate) prefix: String,
    _lab: Option<Cluster>,
}

/// By it `cargo xtask e2e` knows what it may delete.
pub(crate) fn label() -> (String, String) {
    (LABEL.to_owned(), mark())
}

/// It goes with the process.
pub(crate) fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| match said("KUBECONFIG") {
        None => Ground::lab(),
        Some(kubeconfig) => Ground::found(kubeconfig),
    })
}

impl Ground {
    fn lab() -> Self {
        let cluster = Cluster::start("runner").unwrap();
        let plane = cluster.plane();
        let kubeconfig = plane.kubeconfig().display().to_string();
        Self {
            words: words_of(plane),
            kubeconfig,
            kanister: None,
            space: "tests".to_owned(),
            image: Cluster::BUSYBOX.to_owned(),
            prefix: String::new(),
            _lab: Some(cluster),
        }
        .set_up()
    }

    fn found(kubeconfig: String) -> Self {
        let prefix = said("PREFIX").unwrap_or_else(|| "slackwater-e2e".to_owned());
        let image = said("SHELL_IMAGE");
        let mut ground = Self {
            words: words_here(&kubeconfig),
            kubeconfig,
            kanister: None,
            space: format!("{prefix}-kafka"),
            image: image.unwrap_or_else(|| "busybox:stable".to_owned()),
            prefix: format!("{prefix}-"),
            _lab: None,
        };
        ground.kanister = ground.look();
        ground.set_up()
    }

    /// Where the real one is, if it can be told.
    fn look(&self) -> Option<String> {
        let words = ["get", "deployments", "--all-namespaces", "-o", "json"];
        let all: Value = serde_json::from_str(&self.must(&words)).unwrap();
        let is_it = |one: &&Value| {
            let pod = &one["spec"]["template"]["spec"];
            let all = pod["containers"].as_array().into_iter().flatten();
            let mut images = all.filter_map(|of| of["image"].as_str());
            images.any(|image| image.contains("kanister") && image.contains("controller"))
        };
        let it = all["items"].as_array().unwrap().iter().find(is_it);
        let namespace = it.and_then(|it| it["metadata"]["namespace"].as_str());
        let kanctl = Command::new("kanctl").arg("--help").output();
        let used = namespace.filter(|_| kanctl.is_ok());
        println!("Kanister in {namespace:?}, run by it: {}", used.is_some());
        used.map(str::to_owned)
    }

    fn set_up(self) -> Self {
        let mut spaces = vec![self.space.as_str()];
        if self.kanister.is_none() {
            spaces.push(self.controller());
        }
        for space in spaces {
            // Never into what somebody has: it is deleted in the end.
            let (key, mark) = label();
            let made = json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": space, "labels": {key: mark}},
            });
            let made = self.kubectl(&["create", "-f", "-"], Some(&made.to_string()));
            made.expect("another --namespace-prefix");
            let account = ["wait", "--for=create", "serviceaccount/default"];
            self.must(&[&["-n", space], &account[..], &["--timeout=30s"]].concat());
        }
        self.apply(&self.rights());
        self.apply(&self.pod("one", &["shell"]));
        self.apply(&self.pod("two", &["first", "second"]));
        let ready = ["wait", "--for=condition=Ready", "pod", "--all"];
        self.here(&[&ready[..], &["--timeout=180s"]].concat());
        self
    }

    /// What Kanister may do here.
    fn rights(&self) -> Value {
        let space = &self.space;
        let rule = |group: &str| json!({"apiGroups": [group], "resources": ["*"], "verbs": ["*"]});
        json!({"apiVersion": "v1", "kind": "List", "items": [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "kanister", "namespace": space},
                "rules": [rule(""), rule("kafka.strimzi.io")],
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "kanister", "namespace": space},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": "kanister",
                },
                "subjects": [{
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Group",
                    "name": format!("system:serviceaccounts:{}", self.controller()),
                }],
            },
        ]})
    }

    fn pod(&self, name: &str, containers: &[&str]) -> Value {
        let container = |name: &&str| {
            json!({
                "name": name,
                "image": self.image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["sleep", "100000"],
            })
        };
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.space},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": containers.iter().map(container).collect::<Vec<_>>(),
            },
        })
    }

    /// The namespace of a controller: nobody's in the lab.
    pub(crate) fn controller(&self) -> &str {
        match &self.kanister {
            Some(namespace) => namespace,
            None if self.prefix.is_empty() => "kanister",
            None => &self.space,
        }
    }

    /// What kubectl prints.
    pub(crate) fn kubectl(&self, args: &[&str], input: Option<&str>) -> Result<String, String> {
        kubectl(&self.words, args, input).map_err(|error| error.to_string())
    }

    fn must(&self, args: &[&str]) -> String {
        self.kubectl(args, None).unwrap()
    }

    /// In the namespace of these tests.
    pub(crate) fn here(&self, args: &[&str]) -> String {
        self.must(&[&["-n", &self.space], args].concat())
    }

    /// Makes or changes objects.
    pub(crate) fn apply(&self, object: &Value) {
        let text = object.to_string();
        self.kubectl(&["apply", "-f", "-"], Some(&text)).unwrap();
    }

    /// A ConfigMap, as it is to be made.
    pub(crate) fn map(&self, name: &str, data: &Value) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.space},
            "data": data,
        })
    }

    /// An object of this namespace, as `kind/name`, or null.
    pub(crate) fn object(&self, what: &str) -> Value {
        let args = ["-n", &self.space, "get", what, "-o", "json"];
        let text = self.kubectl(&args, None).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}
