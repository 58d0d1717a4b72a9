//! `slackwater-lab`: the lab by hand. Parses and prints; all else is in the
//! library.

use std::time::Duration;

use clap::{Parser, Subcommand};
use slackwater_lab::kubernetes::{Cluster, ControlPlane};
use slackwater_lab::{
    Isolation, Lab, LabError, Load, LoadPlan, ReplicationPolicy, Volumes, audit, is_root, setup,
    sweep,
};

/// A real Kafka and MirrorMaker 2 on this machine.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install missing packages and fetch Kafka's jars.
    Setup {
        /// Build the lab's Kubernetes, too, and fetch what it serves.
        #[arg(long)]
        kubernetes: bool,
    },
    /// Bring a Kubernetes API up and keep it until Ctrl-C.
    Kubernetes {
        /// Its name.
        #[arg(long, default_value = "hand")]
        name: String,
        /// With a node, in which pods run.
        #[arg(long)]
        node: bool,
    },
    /// Bring a lab up and keep it until Ctrl-C.
    Up {
        /// The lab's name.
        #[arg(long, default_value = "hand")]
        name: String,
        /// Exactly-once source support.
        #[arg(long)]
        exactly_once: bool,
        /// Prefix topics on the mirror with the source's alias.
        #[arg(long)]
        default_policy: bool,
        /// Plain directories even when root.
        #[arg(long)]
        directories: bool,
        /// Records a second to put on the source, 0 for none.
        #[arg(long, default_value_t = 0)]
        rate: u32,
    },
    /// Put load on a cluster for some seconds, and print what was done as JSON.
    Load {
        /// The cluster's `host:port`.
        #[arg(long)]
        bootstrap: String,
        /// Records a second.
        #[arg(long, default_value_t = 8000)]
        rate: u32,
        /// Bytes of each value.
        #[arg(long, default_value_t = 200)]
        size: usize,
        /// How long.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// The producer's number; give each run its own.
        #[arg(long, default_value_t = 1)]
        producer: u64,
    },
    /// Read topics, and print what is missing, doubled or damaged as JSON.
    Audit {
        /// The cluster's `host:port`.
        #[arg(long)]
        bootstrap: String,
        /// Committed records only.
        #[arg(long)]
        committed: bool,
        /// Topics to read.
        #[arg(required = true)]
        topics: Vec<String>,
    },
    /// Clear what killed labs left.
    Sweep,
}

fn main() -> std::process::ExitCode {
    match run(Args::parse().command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slackwater-lab: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), LabError> {
    match command {
        Command::Setup { kubernetes } => {
            println!("{}", setup()?.directory().display());
            if kubernetes {
                slackwater_lab::kubernetes::set_up()?;
            }
        }
        Command::Kubernetes { name, node: false } => {
            let plane = ControlPlane::start(&name)?;
            println!("export KUBECONFIG={}", plane.kubeconfig().display());
            println!("Ctrl-C ends it.");
            until_a_signal();
        }
        Command::Kubernetes { name, node: true } => {
            let cluster = Cluster::start(&name)?;
            let kubeconfig = cluster.plane().kubeconfig();
            println!("export KUBECONFIG={}", kubeconfig.display());
            println!("Ctrl-C ends it.");
            until_a_signal();
        }
        Command::Up {
            name,
            exactly_once,
            default_policy,
            directories,
            rate,
        } => {
            let policy = if default_policy {
                ReplicationPolicy::Default
            } else {
                ReplicationPolicy::Identity
            };
            let volumes = if directories || !is_root() {
                Volumes::Directories
            } else {
                Volumes::LoopImages
            };
            let lab = Lab::builder()
                .name(&name)
                .exactly_once(exactly_once)
                .policy(policy)
                .volumes(volumes)
                .start()?;
            show(&lab);
            let _load = (rate > 0)
                .then(|| Load::start(&lab.source().bootstrap(), &LoadPlan::new(rate)))
                .transpose()?;
            until_a_signal();
        }
        Command::Load {
            bootstrap,
            rate,
            size,
            seconds,
            producer,
        } => {
            let load = Load::start(
                &bootstrap,
                &LoadPlan::new(rate).size(size).producer(producer),
            )?;
            std::thread::park_timeout(Duration::from_secs(seconds));
            print_json(&load.stop()?)?;
        }
        Command::Audit {
            bootstrap,
            committed,
            topics,
        } => {
            let isolation = if committed {
                Isolation::ReadCommitted
            } else {
                Isolation::ReadUncommitted
            };
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            print_json(&audit(&bootstrap, &topics, isolation)?)?;
        }
        Command::Sweep => println!("{} swept", sweep().len()),
    }
    Ok(())
}

/// The kernel and the janitor clear up then.
fn until_a_signal() -> ! {
    loop {
        std::thread::park();
    }
}

fn show(lab: &Lab) {
    println!("up        {}", lab.timings());
    println!("source    {}", lab.source().bootstrap());
    println!("mirror    {}", lab.mirror().bootstrap());
    println!("connect   {}", lab.connect().url());
    println!("directory {}", lab.run_dir().display());
    println!("Ctrl-C ends it.");
}

fn print_json(value: &impl serde::Serialize) -> Result<(), LabError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| LabError::Invalid(error.to_string()))?;
    println!("{text}");
    Ok(())
}
