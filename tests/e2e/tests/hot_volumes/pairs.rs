//! Beside the three that are always tried: each order with and without exactly-once, and
//! each with a load of transactions. Every one of them has topics of all codecs.

mod takes_long {
    use crate::copied::{self, By};
    use crate::trimmed::Messages;

    const PLAIN: Messages = Messages::Plain { first: 0 };

    const TRANSACTIONS: Messages = Messages::Transactions { first: 0 };

    #[test]
    fn copies_over_transactions_of_a_mirror_with_exactly_once_are_cut_at_one_point_by_timestamps() {
        copied::must_come_back("hot-eos-txn", true, By::Timestamps, TRANSACTIONS);
    }

    #[test]
    fn copies_of_a_mirror_without_exactly_once_are_cut_where_a_number_is_missing() {
        copied::must_come_back("numbers-alo", false, By::Numbers, PLAIN);
    }

    #[test]
    fn copies_over_transactions_of_a_mirror_with_exactly_once_are_cut_where_a_number_is_missing() {
        copied::must_come_back("numbers-eos-txn", true, By::Numbers, TRANSACTIONS);
    }
}

mod needs_root {
    mod takes_long {
        use crate::trimmed::Messages;
        use crate::{run, stood_still};

        #[test]
        fn a_hot_run_over_transactions_of_the_source_comes_back_at_one_sweep() {
            run::needs_root::must_come_back("run-txn", false, Messages::Transactions { first: 0 });
        }

        #[test]
        fn a_hot_run_of_a_mirror_with_exactly_once_comes_back_at_one_sweep() {
            let plain = Messages::Plain { first: 0 };
            run::needs_root::must_come_back("run-eos", true, plain);
        }

        #[test]
        fn a_hot_run_over_transactions_of_a_mirror_with_exactly_once_comes_back_at_one_sweep() {
            run::needs_root::must_come_back(
                "run-eos-txn",
                true,
                Messages::Transactions { first: 0 },
            );
        }

        #[test]
        fn a_mirror_without_exactly_once_that_stood_still_comes_back_at_its_point() {
            let plain = Messages::Plain { first: 0 };
            stood_still::needs_root::must_come_back("still-alo", false, plain);
        }

        #[test]
        fn a_mirror_with_exactly_once_that_stood_still_under_transactions_comes_back_at_its_point()
        {
            let name = "still-eos-txn";
            stood_still::needs_root::must_come_back(
                name,
                true,
                Messages::Transactions { first: 0 },
            );
        }
    }
}
