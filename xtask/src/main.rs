//! `cargo xtask`: the project's own commands. Reads the command line and hands
//! over to one module a command; does nothing else.

mod build;
mod command;
mod e2e;
mod error;
mod files;
mod fuzz;
mod generate;
mod image;
mod programs;
mod project;
mod room;
mod setup;
mod simulate;
mod steps;
mod suite;
mod tidy;
mod wasm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::project::Project;
use crate::steps::Steps;
use crate::wasm::StdChoice;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Cmd,
}

#[derive(Debug, Subcommand)]
enum Cmd {
    /// Build the phases as WebAssembly components, into target/wasm-actions
    Wasm {
        /// Where the standard library for wasm32 comes from; without it the
        /// first of the three that works
        #[arg(long, value_enum)]
        std: Option<StdChoice>,
        /// Build a second time, in another directory with another home, and
        /// compare the digests
        #[arg(long)]
        check_reproducible: bool,
    },
    /// Set up the machine, build everything and run every check and test
    Test {
        /// Leave out, and name, the tests that need root
        #[arg(long)]
        no_root: bool,
        /// Run the longest tests, too, which are left out, and counted,
        /// otherwise
        #[arg(long)]
        full: bool,
        /// Where the standard library for wasm32 comes from
        #[arg(long, value_enum)]
        std: Option<StdChoice>,
        /// Run only the tests whose names contain one of these, and no other
        /// check
        filters: Vec<String>,
    },
    /// Run the whole job on a real Kafka and a real `MirrorMaker` 2
    Demo {
        /// Write the figures and the claims to this file
        #[arg(long)]
        json: Option<PathBuf>,
        /// Messages a second
        #[arg(long)]
        rate: Option<u64>,
        /// Bytes a message
        #[arg(long)]
        size: Option<u64>,
        /// Use plain directories for volumes
        #[arg(long)]
        no_root: bool,
        /// After `--`, handed on as they are: --cut FILE, --recordings FOLDER, --seed N,
        /// --at-least-once, and --help, which says what they are
        #[arg(last = true)]
        rest: Vec<OsString>,
    },
    /// Run the end-to-end tests in Kubernetes on a cluster that is there
    ///
    /// With its Strimzi, its CSI driver with snapshots and, where kanctl is on this machine,
    /// its Kanister: what is found is said, and what needs the lab's stand-ins is named and
    /// left out. All that is made is deleted in the end. It needs kubectl, a Strimzi that serves
    /// v1 (0.49 or later) and watches all namespaces, and the image of `cargo xtask image` on the
    /// nodes, or where they can pull it without a Secret.
    E2e {
        /// The cluster's
        #[arg(long, value_name = "FILE")]
        kubeconfig: PathBuf,
        /// What the names of namespaces and roles begin with
        #[arg(long, value_name = "P")]
        namespace_prefix: String,
        /// The program's image
        #[arg(long)]
        image: Option<String>,
        /// One with a shell, for the storage's own tests; default: busybox:stable
        #[arg(long)]
        shell_image: Option<String>,
        /// Of the Kafkas' volumes; default: the cluster's, if its driver has snapshots
        #[arg(long)]
        storage_class: Option<String>,
        /// Delete nothing of it in the end
        #[arg(long)]
        keep: bool,
        /// Only tests whose names contain one of these
        filters: Vec<String>,
    },
    /// Run a benchmark, in release
    Bench {
        /// Which one: phase-start, scan, window, plan
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// How often each side of the window is measured
        #[arg(long)]
        runs: Option<u32>,
    },
    /// Backups in a row under load on a real Kafka, while a seeded hand strikes
    Soak {
        /// No backup begins after so many minutes
        #[arg(long, default_value_t = programs::SOAK_MINUTES)]
        minutes: u64,
        /// Says what is done, and when
        #[arg(long, default_value_t = programs::SOAK_SEED)]
        seed: u64,
        /// The last line is one JSON object
        #[arg(long)]
        json: bool,
        /// Only faults whose names contain this, or another one that is given
        #[arg(long)]
        only: Vec<String>,
    },
    /// Run the fuzz targets of the offline reader
    Fuzz {
        /// For each target
        #[arg(long, default_value_t = fuzz::SECONDS)]
        seconds: u32,
        /// Run only this input, once
        #[arg(long)]
        input: Option<PathBuf>,
        /// Which ones; without any, all
        targets: Vec<String>,
    },
    /// Try the phases in a simulated world, and mutants of them
    Simulate {
        /// How many seeds
        #[arg(long, default_value_t = simulate::SEEDS)]
        seeds: u64,
        /// The first one
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// This seed alone: its schedule in words
        #[arg(long, conflicts_with_all = ["seeds", "from", "json"])]
        seed: Option<u64>,
        /// The last line is one JSON object
        #[arg(long)]
        json: bool,
        /// Leave the mutants out
        #[arg(long)]
        no_mutants: bool,
        /// Only mutants whose names contain one of these
        mutants: Vec<String>,
    },
    /// Write the program's container image, as an OCI layout and an archive
    Image {
        /// Its name and tag
        #[arg(long, default_value = image::NAME)]
        name: String,
        /// The folder of the layout, which is made anew; the archive lies
        /// beside it. Without it target/image
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Write the files that are generated from the code
    Generate,
    /// Write into docs/long-tests.md how the long tests that were run here ended
    Results,
    /// Check the rules on files that no compiler checks
    Tidy,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Cmd) -> Result<ExitCode, Error> {
    let project = Project::discover()?;
    let mut steps = Steps::start();
    match command {
        Cmd::Wasm {
            std,
            check_reproducible,
        } => {
            let built = steps.run("wasm components", || wasm::build(&project, std))?;
            built.print();
            if check_reproducible {
                steps.run(
                    "the same components from another directory and home",
                    || wasm::check_reproducible(&project, &built),
                )?;
            }
        }
        Cmd::Test {
            no_root,
            full,
            std,
            filters,
        } => {
            suite::run(
                &project,
                &mut steps,
                &suite::Options {
                    no_root,
                    full,
                    std,
                    filters,
                },
            )?;
        }
        Cmd::Demo {
            json,
            rate,
            size,
            no_root,
            rest,
        } => {
            let options = programs::Demo {
                json,
                rate,
                size,
                no_root,
                rest,
            };
            return programs::demo(&project, &mut steps, &options);
        }
        Cmd::Bench { name, json, runs } => {
            return programs::bench(&project, &mut steps, &name, json, runs);
        }
        Cmd::Soak {
            minutes,
            seed,
            json,
            only,
        } => {
            let options = programs::Soak {
                minutes,
                seed,
                json,
                only,
            };
            return programs::soak(&project, &mut steps, &options);
        }
        Cmd::Image { name, output } => {
            let options = image::Options { name, output };
            image::run(&project, &mut steps, &options)?;
        }
        Cmd::Fuzz {
            seconds,
            input,
            targets,
        } => {
            let options = fuzz::Options {
                seconds,
                input,
                targets,
            };
            steps.run("fuzz", || fuzz::run(&project, &options))?;
        }
        Cmd::Simulate {
            seed: Some(seed), ..
        } => simulate::one(&project, seed)?,
        Cmd::Simulate {
            seeds,
            from,
            json,
            no_mutants,
            mutants,
            ..
        } => {
            let options = simulate::Options {
                seeds,
                from,
                json,
                no_mutants,
                mutants,
                every: 1,
            };
            simulate::run(&project, &options)?;
        }
        Cmd::E2e {
            kubeconfig,
            namespace_prefix,
            image,
            shell_image,
            storage_class,
            keep,
            filters,
        } => {
            let options = e2e::Options {
                kubeconfig,
                prefix: namespace_prefix,
                image,
                shell_image,
                storage_class,
                keep,
                filters,
            };
            e2e::run(&project, &mut steps, &options)?;
        }
        Cmd::Generate => {
            steps.run("wasm components", || wasm::build(&project, None))?;
            let built = steps.run("build", || build::debug_bins(&project))?;
            generate::write(&project, &built)?;
        }
        Cmd::Results => {
            steps.run("wasm components", || wasm::build(&project, None))?;
            let built = steps.run("build", || build::debug_all(&project))?;
            suite::write_results(&project, &built)?;
        }
        Cmd::Tidy => tidy::check(&project)?,
    }
    Ok(ExitCode::SUCCESS)
}
