//! What a program needs beside itself: the libraries that it is linked to, and
//! what loads them. Asks `ldd`, which runs the loader and not the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ImageError;

/// The files, in the places where the loader looks for them.
///
/// # Errors
/// `ldd` does not know; one that is missing.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let output = Command::new("ldd").arg(program).output();
    let output = output.map_err(ImageError::io("run ldd on", program))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    // A static one has none, and ldd ends with 1.
    let words = format!("{said}{complaint}");
    if words.contains("not a dynamic executable") || words.contains("statically linked") {
        return Ok(Vec::new());
    }
    let libraries = output.status.success().then(|| parse(&said)).flatten();
    libraries.ok_or_else(|| ImageError::Libraries {
        program: program.to_owned(),
        said: words.trim().replace('\n', "; "),
    })
}

/// `None` where one is not found.
fn parse(said: &str) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in said.lines() {
        // `libc.so.6 => /lib/libc.so.6 (0x…)`, or `/lib64/ld-linux.so.2 (0x…)`
        let path = line.split_once("=>").map_or(line, |(_, path)| path).trim();
        if path.starts_with("not found") {
            return None;
        }
        // The kernel's own is no file.
        if path.starts_with('/') {
            found.push(PathBuf::from(path.split(" (").next()?));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_that_the_loader_names() {
        let said = "\tlinux-vdso.so.1 (0x00007f53)\n\
                    \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f53)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f53)\n";
        let expected = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(parse(said), Some(expected.map(PathBuf::from).to_vec()));
        assert_eq!(parse("\tlibx.so.1 => not found\n"), None);
    }

    #[test]
    fn this_program_has_a_c_library() {
        let found = libraries(&std::env::current_exe().unwrap()).unwrap();
        assert!(
            found.iter().any(|path| path.ends_with("libc.so.6")),
            "{found:?}"
        );
    }
}
