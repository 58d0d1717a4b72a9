//! `slackwater-stand-ins`: a Kubernetes of the lab with the operator and the storage, and
//! nothing in it, kept until Ctrl-C: as somebody's cluster, for `cargo xtask e2e`.

use std::process::ExitCode;

use slackwater_lab::kubernetes::Cluster;
use slackwater_stand_ins::{Operator, StandInError, Storage, Temper};

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("slackwater-stand-ins: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<std::convert::Infallible, StandInError> {
    let cluster = Cluster::start("hand")?;
    let _storage = Storage::start(&cluster)?;
    let _operator = Operator::start(&cluster, Temper::default())?;
    let (program, word) = cluster.plane().kubectl_words();
    println!(
        "export KUBECONFIG={}",
        cluster.plane().kubeconfig().display()
    );
    println!("kubectl is: {} {word}", program.display());
    println!("with a shell: {}", Cluster::BUSYBOX);
    println!("Ctrl-C ends it.");
    // The kernel and the janitor clear up then.
    loop {
        std::thread::park();
    }
}
