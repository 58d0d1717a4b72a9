//! The same tests on a cluster that is named by its kubeconfig.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use slackwater_stand_ins::elsewhere;

            use crate::ground::names;
            use crate::place::turn;

            #[test]
            fn a_cluster_is_used_by_its_kubeconfig_for_the_same_tests() {
                let place = turn();
                let mut same = elsewhere(place.lab().cluster().plane()).unwrap();
                same.env("SLACKWATER_E2E_IMAGE", &names().image)
                    .args(["phases_in_pods", "may"]);
                let ended = same.output().unwrap();
                let said = String::from_utf8_lossy(&ended.stdout);
                println!("{said}{}", String::from_utf8_lossy(&ended.stderr));
                assert!(ended.status.success());
                assert!(said.contains("no Kanister in this cluster"), "{said}");
                assert!(said.contains("StorageClass lab-late"), "{said}");
                let all = "kafkamirrormaker2,kafka,kafkanodepool";
                let delete = ["-n", "elsewhere-kafka", "delete", all, "--all"];
                place.kubectl(&delete).unwrap();
                for space in ["elsewhere-kafka", "elsewhere-slackwater"] {
                    let delete = ["delete", "namespace", space, "--timeout=180s"];
                    place.kubectl(&delete).unwrap();
                }
            }
        }
    }
}
