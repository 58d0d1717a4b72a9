//! Commands in containers of real pods.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod confirmed;

mod needs_root {
    use std::sync::OnceLock;
    use std::time::Duration;

    use slackwater_connect::{Ran, Remote};
    use slackwater_kubernetes::{ApiServer, ExecError, Pods, Shell};
    use slackwater_lab::kubernetes::Cluster;

    const LABELS: &str = "app=shell";
    const MOST: Duration = Duration::from_secs(60);

    /// It goes with the process; so do its pods.
    pub(crate) fn cluster() -> &'static Cluster {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            let cluster = Cluster::start("exec").unwrap();
            let plane = cluster.plane();
            plane.apply(&pods()).unwrap();
            let ready = [
                "wait",
                "--for=condition=Ready",
                "pod/shell-1",
                "--timeout=60s",
            ];
            plane.kubectl(&ready).unwrap();
            cluster
        })
    }

    /// One that is ready, and two that are not: one of them has no image.
    fn pods() -> String {
        let pod = |name: &str, image: &str, probe: &str| {
            format!(
                "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: shell}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: shell
      image: {image}
      imagePullPolicy: Never
      readinessProbe: {{exec: {{command: [sh, -c, '{probe}']}}}}
---
"
            )
        };
        [
            pod("shell-0", Cluster::BUSYBOX, "exit 1"),
            pod("shell-1", Cluster::BUSYBOX, "exit 0"),
            pod("shell-2", "lab.local/none:1", "exit 0"),
        ]
        .concat()
    }

    pub(crate) fn server() -> ApiServer {
        ApiServer::connect(Some(cluster().plane().kubeconfig())).unwrap()
    }

    fn shell() -> Pods {
        Pods::new(server(), "default", LABELS, "shell")
    }

    fn run(words: &[&str]) -> Result<Ran, ExecError> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        shell().exec(&words, MOST)
    }

    #[test]
    fn a_command_runs_in_a_ready_pod_with_its_words_as_they_are() {
        let ran = run(&["echo", "a  b", "$HOME", "c;d"]).unwrap();
        assert_eq!(
            (ran.code, ran.stdout.as_slice()),
            (0, &b"a  b $HOME c;d\n"[..])
        );
        let ran = run(&["sh", "-c", "echo $HOSTNAME; echo no >&2; exit 7"]).unwrap();
        assert_eq!((ran.code, ran.stdout.as_slice()), (7, &b"shell-1\n"[..]));
        assert_eq!(ran.stderr, "no");
    }

    #[test]
    fn much_that_is_printed_comes_whole_and_too_much_is_refused() {
        let print = |bytes: u64| {
            let script = format!("busybox yes | busybox head -c {bytes}");
            run(&["sh", "-c", &script])
        };
        let much = 5 << 20;
        assert_eq!(print(much).unwrap().stdout.len() as u64, much);
        let error = print(70 << 20).unwrap_err();
        assert!(matches!(error, ExecError::TooMuch { .. }), "{error}");
    }

    #[test]
    fn much_that_is_complained_of_holds_nothing_up() {
        let script = "busybox yes | busybox head -c 1000000 >&2; echo done";
        let ran = run(&["sh", "-c", script]).unwrap();
        assert_eq!(ran.stdout, b"done\n");
        assert!(ran.stderr.starts_with("y y y"), "{}", ran.stderr);
    }

    #[test]
    fn a_program_that_is_not_there_is_told_as_a_shell_tells_it() {
        let ran = run(&["no-such-program"]).unwrap();
        assert_eq!(ran.code, 127);
        assert!(ran.stderr.contains("no-such-program"), "{}", ran.stderr);
    }

    #[test]
    fn a_command_that_does_not_end_is_given_up_in_time() {
        let second = Duration::from_secs(1);
        let words = ["sleep", "600"].map(str::to_owned);
        let said = shell().run(&words, second).unwrap_err();
        assert!(said.contains("no answer within 1 s"), "{said}");
    }

    #[test]
    fn one_shell_gives_what_each_command_gives_by_itself() {
        let one = Shell::new(shell());
        let run = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (kept, alone) = (one.run(&words, MOST), shell().run(&words, MOST));
            (kept.unwrap(), alone.unwrap())
        };
        for words in [
            &["sh", "-c", "printf %s \"$1\"", "sh", "b'c\"$HOME *"][..],
            &["sh", "-c", "yes | head -c 300001"],
            &["sh", "-c", "true"],
        ] {
            let (kept, alone) = run(words);
            assert_eq!(kept, alone, "{words:?}");
        }
        let (kept, alone) = run(&["sh", "-c", "echo no >&2; exit 7"]);
        assert_eq!((kept.code, &kept.stderr), (alone.code, &alone.stderr));
        // Somebody ends it: the next one is begun.
        let end = "for p in /proc/[0-9]*; do grep -q 'whil[e] IFS' $p/cmdline && kill -9 ${p#/proc/}; \
                   done; true";
        for _ in 0..2 {
            assert_eq!(run(&["sh", "-c", end]).0.code, 0);
            assert_eq!(run(&["echo", "1"]).0.stdout, b"1");
        }
    }

    #[test]
    fn where_nothing_runs_is_told_with_what_was_looked_for() {
        let nobody = Pods::new(server(), "default", "app=other", "shell");
        let said = nobody.run(&["echo".to_owned()], MOST).unwrap_err();
        assert_eq!(
            said,
            "container shell runs in no pod of default with the labels app=other"
        );
        let container = Pods::new(server(), "default", LABELS, "other");
        let said = container.run(&["echo".to_owned()], MOST).unwrap_err();
        assert!(said.starts_with("container other runs in no pod"), "{said}");
    }

    #[test]
    fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
        let plane = cluster().plane();
        let work = |name: &str, rules: &str| {
            let manifest = format!(
                "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {name}}}
rules: [{rules}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {name}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}
subjects: [{{kind: ServiceAccount, name: {name}}}]
"
            );
            plane.apply(&manifest).unwrap();
            let kubeconfig = plane.kubeconfig_of("default", name).unwrap();
            let server = ApiServer::connect(Some(&kubeconfig)).unwrap();
            Pods::new(server, "default", LABELS, "shell").run(&["id".to_owned()], MOST)
        };
        let list = "{apiGroups: [''], resources: [pods], verbs: [list]}";
        let exec = "{apiGroups: [''], resources: [pods/exec], verbs: [get]}";
        assert_eq!(work("both", &format!("{list}, {exec}")).unwrap().code, 0);
        for (name, rules, says) in [
            ("no-list", exec, "may not list pods "),
            ("no-exec", list, "may not get pods/exec "),
        ] {
            let said = work(name, rules).unwrap_err();
            assert!(said.starts_with(says) && !said.contains('\n'), "{said}");
        }
    }
}
