//! KubeOps.

mod needs_root {
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::act::{Ended, phase, run};
    use crate::ground::ground;

    fn ops(args: Value) -> Ended {
        run(&[phase("KubeOps", "one", args)])
    }

    fn create(spec: &Value, namespace: &str) -> Ended {
        ops(json!({"operation": "create", "spec": spec.to_string(), "namespace": namespace}))
    }

    fn reference(resource: &str, name: &str) -> Value {
        json!({
            "apiVersion": "v1",
            "group": "",
            "resource": resource,
            "name": name,
            "namespace": ground().space,
        })
    }

    fn patch(reference: &Value, spec: &str) -> Ended {
        ops(json!({
            "operation": "patch",
            "objectReference": reference,
            "spec": spec,
            "namespace": ground().space,
        }))
    }

    fn delete(reference: &Value) -> Ended {
        ops(json!({"operation": "delete", "objectReference": reference}))
    }

    #[test]
    fn what_is_made_is_told_by_its_resource_and_a_second_time_is_refused() {
        let mut map = ground().map("made", &json!({"a": "1"}));
        map["metadata"].as_object_mut().unwrap().remove("namespace");
        let done = create(&map, &ground().space).complete();
        let made = json!({
            "apiVersion": "v1",
            "group": "",
            "resource": "configmaps",
            "kind": "",
            "name": "made",
            "namespace": ground().space,
        });
        assert_eq!(*done.output(0), made);
        let said = create(&map, &ground().space).failed();
        assert!(said.contains("already exists"), "{said}");
    }

    #[test]
    fn a_manifest_s_namespace_goes_before_that_of_the_arguments() {
        let map = ground().map("mine", &json!({}));
        let done = create(&map, "default").complete();
        assert_eq!(done.output(0)["namespace"], ground().space);
        assert!(ground().object("configmap/mine").is_object());
    }

    #[test]
    fn a_patch_is_a_strategic_merge_and_puts_out_the_reference_it_was_given() {
        let port = |name: &str, port: u16| json!({"name": name, "port": port});
        ground().apply(&json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "merged", "namespace": ground().space},
            "spec": {"ports": [port("one", 1)]},
        }));
        let done = patch(
            &reference("services", "merged"),
            "spec:\n  ports:\n  - {name: two, port: 2}\n",
        )
        .complete();
        // A merge of JSON would have replaced the list.
        let ports = ground().object("service/merged")["spec"]["ports"].clone();
        assert_eq!(ports.as_array().unwrap().len(), 2, "{ports}");
        assert_eq!(done.output(0)["resource"], "services");
        assert_eq!(done.output(0)["name"], "merged");
    }

    #[test]
    fn a_patch_of_a_custom_resource_is_refused_by_the_api_server() {
        let topic = json!({
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {"name": "nobodys", "namespace": ground().space},
            "spec": {"partitions": 1, "replicas": 1},
        });
        let done = create(&topic, &ground().space).complete();
        assert_eq!(done.output(0)["resource"], "kafkatopics");
        assert_eq!(done.output(0)["group"], "kafka.strimzi.io");
        let mut reference = reference("kafkatopics", "nobodys");
        reference["group"] = "kafka.strimzi.io".into();
        let said = patch(&reference, "spec: {partitions: 2}").failed();
        assert!(said.contains("unknown format"), "{said}");
        let topic = ground().object("kafkatopic/nobodys");
        assert_eq!(topic["spec"]["partitions"], 1);
        delete(&reference).complete();
    }

    #[test]
    fn a_patch_goes_by_no_namespace_but_that_of_its_reference() {
        ground().apply(&ground().map("placed", &json!({"a": "1"})));
        let mut elsewhere = reference("configmaps", "placed");
        elsewhere.as_object_mut().unwrap().remove("namespace");
        patch(&elsewhere, "data: {a: '2'}").failed();
        assert_eq!(ground().object("configmap/placed")["data"]["a"], "1");
        patch(&reference("configmaps", "placed"), "data: {a: '2'}").complete();
        assert_eq!(ground().object("configmap/placed")["data"]["a"], "2");
    }

    #[test]
    fn what_is_deleted_is_gone_when_its_phase_is_complete() {
        let mut map = ground().map("going", &json!({}));
        map["metadata"]["finalizers"] = json!(["slackwater.io/held"]);
        ground().apply(&map);
        let held = thread::spawn(|| {
            let is_deleted = || {
                let map = ground().object("configmap/going");
                map["metadata"]["deletionTimestamp"].is_string()
            };
            while !is_deleted() {
                thread::sleep(Duration::from_millis(100));
            }
            thread::sleep(Duration::from_secs(2));
            let none = r#"{"metadata": {"finalizers": null}}"#;
            ground().here(&["patch", "configmap", "going", "--type=merge", "-p", none]);
        });
        delete(&reference("configmaps", "going")).complete();
        assert!(ground().object("configmap/going").is_null());
        held.join().unwrap();
    }

    #[test]
    fn what_is_not_there_can_not_be_deleted() {
        let said = delete(&reference("configmaps", "never-was")).failed();
        assert!(said.contains("not found"), "{said}");
    }

    #[test]
    fn what_is_in_no_namespace_can_not_be_deleted() {
        let mut reference = reference("namespaces", &ground().space);
        reference.as_object_mut().unwrap().remove("namespace");
        delete(&reference).failed();
        let space = ground().object(&format!("namespace/{}", ground().space));
        assert!(space["metadata"]["deletionTimestamp"].is_null());
    }

    #[test]
    fn an_operation_that_there_is_not_and_one_without_its_spec_fail_when_they_are_run() {
        let said = ops(json!({"operation": "apply"})).failed();
        assert!(said.contains("invalid operation"), "{said}");
        let said = ops(json!({"operation": "create"})).failed();
        assert!(said.contains("spec cannot be empty"), "{said}");
    }
}
