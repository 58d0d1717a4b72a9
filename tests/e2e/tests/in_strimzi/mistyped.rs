//! Names of nothing: said, and never taken for what was asked for.

mod needs_root {
    use crate::ground::names;
    use crate::k10_stand_in::person;
    use crate::place::{mirror, turn};

    #[test]
    fn a_mirror_that_there_is_not_is_no_success_and_a_run_that_there_is_not_is_not_called_deleted()
    {
        let place = turn();
        let none = format!("{}/no-mirror", names().space);
        for words in [&["status"][..], &["resume"], &["resume", "--if-expired"]] {
            let words = [words, &["--kafka", &none]].concat();
            let said = person(&place, &words).unwrap_err();
            let last = said.lines().last().unwrap();
            assert!(
                last.contains(&format!("there is no Kafka {none}")),
                "{said}"
            );
        }
        let run = "kafka-mirror-1-1";
        let delete = [
            "snapshot",
            "delete",
            run,
            "--with-cut",
            "--kafka",
            &mirror(),
        ];
        let said = person(&place, &delete).unwrap();
        assert!(
            said.contains(&format!("nothing of a run {run} was there")),
            "{said}"
        );
        // What there is, is found by the same words.
        let said = person(&place, &["status", "--kafka", &mirror()]).unwrap();
        assert!(said.contains("nobody holds the mirror"), "{said}");
    }
}
