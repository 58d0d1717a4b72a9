//! The files that programs of the workspace print and that are kept in the
//! tree, so that a reader and an editor find them: written by `generate`,
//! compared by `test`.

use std::fs;
use std::process::Command;

use crate::build::Executables;
use crate::command;
use crate::error::Error;
use crate::files;
use crate::project::Project;

/// What prints it, and where it is kept.
struct Generated {
    program: &'static str,
    args: &'static [&'static str],
    file: &'static str,
}

const GENERATED: [Generated; 4] = [
    Generated {
        program: "slackwater",
        args: &["schema", "mirror"],
        file: "schemas/mirror.json",
    },
    Generated {
        program: "slackwater",
        args: &["schema", "strimzi-mirror"],
        file: "schemas/strimzi-mirror.json",
    },
    Generated {
        program: "slackwater",
        args: &["schema", "cut"],
        file: "schemas/cut.json",
    },
    Generated {
        program: "slackwater",
        args: &["schema", "plan"],
        file: "schemas/plan.json",
    },
];

/// Writes each file that is not what its program prints.
pub(crate) fn write(project: &Project, built: &Executables) -> Result<(), Error> {
    for each in &GENERATED {
        let text = print(project, built, each)?;
        files::write_if_changed(&project.root.join(each.file), text.as_bytes())?;
    }
    Ok(())
}

/// Fails naming each file that is not what its program prints.
pub(crate) fn check(project: &Project, built: &Executables) -> Result<(), Error> {
    let mut old = Vec::new();
    for each in &GENERATED {
        let text = print(project, built, each)?;
        if fs::read(project.root.join(each.file)).ok().as_deref() != Some(text.as_bytes()) {
            old.push(each.file.to_owned());
        }
    }
    if old.is_empty() {
        Ok(())
    } else {
        Err(Error::OutOfDate(old))
    }
}

fn print(project: &Project, built: &Executables, each: &Generated) -> Result<String, Error> {
    let mut program = Command::new(built.bin(each.program)?);
    command::output(program.current_dir(&project.root).args(each.args))
}
