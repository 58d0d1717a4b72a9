//! Command lines with placeholders, checked when the configuration is read.
//! Does no I/O.
//!
//! No shell sees them: each item is one argument, whatever is put into it.
//! `{{` and `}}` stand for braces.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use crate::VolumeError;

/// What a command is for: decides what it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Flushes a volume: `{volume}` `{broker}` `{path}`.
    Flush,
    /// Makes a snapshot: also `{run}` `{snapshot}`.
    Create,
    /// Prints the snapshots that there are, one a line: as create.
    List,
    /// Removes one: as create.
    Delete,
    /// Makes its files readable below `{target}`: as create, and `{target}`.
    Open,
    /// Undoes an open: as open.
    Close,
    /// Puts its files into `{target}`: as open.
    Restore,
    /// Stops a broker, and returns when it has ended: `{broker}`.
    Stop,
    /// Starts one: `{broker}`.
    Start,
    /// Not a command: what a snapshot is called. `{volume}` `{broker}` `{run}`.
    Handle,
}

impl Purpose {
    /// As its key in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Flush => "flush",
            Purpose::Create => "create",
            Purpose::List => "list",
            Purpose::Delete => "delete",
            Purpose::Open => "open",
            Purpose::Close => "close",
            Purpose::Restore => "restore",
            Purpose::Stop => "stop",
            Purpose::Start => "start",
            Purpose::Handle => "snapshot",
        }
    }

    fn allowed(self) -> &'static [&'static str] {
        match self {
            Purpose::Flush => &["volume", "broker", "path"],
            Purpose::Stop | Purpose::Start => &["broker"],
            Purpose::Handle => &["volume", "broker", "run"],
            Purpose::Create | Purpose::List | Purpose::Delete => {
                &["volume", "broker", "path", "run", "snapshot"]
            }
            Purpose::Open | Purpose::Close | Purpose::Restore => {
                &["volume", "broker", "path", "run", "snapshot", "target"]
            }
        }
    }
}

/// What placeholders stand for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Values<'a> {
    pub(crate) volume: &'a str,
    pub(crate) broker: i32,
    pub(crate) path: Option<&'a Path>,
    pub(crate) run: &'a str,
    pub(crate) snapshot: &'a str,
    pub(crate) target: Option<&'a Path>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(&'static str),
}

/// A checked command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    purpose: Purpose,
    program: String,
    arguments: Vec<Vec<Piece>>,
}

impl Template {
    /// `line` is the program, without placeholders, and its arguments.
    pub fn new(purpose: Purpose, line: &[String]) -> Result<Self, VolumeError> {
        let Some((program, arguments)) = line.split_first().filter(|(p, _)| !p.is_empty()) else {
            return Err(wrong(purpose, "names no program"));
        };
        if program.contains(['{', '}']) {
            return Err(wrong(
                purpose,
                "must start with a program's name, without { and }",
            ));
        }
        if line.iter().any(|item| item.contains('\0')) {
            return Err(wrong(purpose, "holds a zero byte"));
        }
        let arguments = arguments.iter().map(|item| parse(purpose, item));
        Ok(Self {
            purpose,
            program: program.clone(),
            arguments: arguments.collect::<Result<_, _>>()?,
        })
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    pub(crate) fn arguments(&self, values: Values<'_>) -> Vec<OsString> {
        self.arguments
            .iter()
            .map(|pieces| fill(pieces, values))
            .collect()
    }
}

/// What a snapshot is called: one for each run and volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle(Vec<Piece>);

impl Handle {
    pub(crate) fn new(text: &str) -> Result<Self, VolumeError> {
        let pieces = parse(Purpose::Handle, text)?;
        for needed in ["run", "volume"] {
            if !pieces.contains(&Piece::Placeholder(needed)) {
                let why = format!("must hold {{{needed}}}: each snapshot needs its own name");
                return Err(wrong(Purpose::Handle, &why));
            }
        }
        if text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(wrong(Purpose::Handle, "must be a name, not an option"));
        }
        Ok(Self(pieces))
    }

    pub(crate) fn of(&self, values: Values<'_>) -> String {
        fill(&self.0, values).to_string_lossy().into_owned()
    }
}

fn wrong(purpose: Purpose, why: &str) -> VolumeError {
    VolumeError::Settings(format!("command {} {why}", purpose.name()))
}

fn parse(purpose: Purpose, item: &str) -> Result<Vec<Piece>, VolumeError> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = item;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let end = if brace == "{" { rest.find('}') } else { None };
        let Some(end) = end else {
            return Err(wrong(
                purpose,
                &format!("has a brace in {item:?} without its other half"),
            ));
        };
        let name = &rest[..end];
        let known = purpose.allowed().iter().find(|known| **known == name);
        let Some(known) = known else {
            let known: BTreeSet<_> = purpose
                .allowed()
                .iter()
                .map(|k| format!("{{{k}}}"))
                .collect();
            let known = known.into_iter().collect::<Vec<_>>().join(" ");
            return Err(wrong(
                purpose,
                &format!("has {{{name}}}; it may have {known}"),
            ));
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Placeholder(known));
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

fn fill(pieces: &[Piece], values: Values<'_>) -> OsString {
    let mut bytes = Vec::new();
    let path = |path: Option<&Path>| {
        path.map(|path| path.as_os_str().to_owned().into_vec())
            .unwrap_or_default()
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            Piece::Placeholder("volume") => bytes.extend_from_slice(values.volume.as_bytes()),
            Piece::Placeholder("broker") => {
                bytes.extend_from_slice(values.broker.to_string().as_bytes());
            }
            Piece::Placeholder("path") => bytes.extend(path(values.path)),
            Piece::Placeholder("run") => bytes.extend_from_slice(values.run.as_bytes()),
            Piece::Placeholder("snapshot") => bytes.extend_from_slice(values.snapshot.as_bytes()),
            Piece::Placeholder("target") => bytes.extend(path(values.target)),
            Piece::Placeholder(other) => unreachable!("{other} is no known placeholder"),
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn each_item_stays_one_argument_whatever_is_put_into_it() {
        let template =
            Template::new(Purpose::Create, &line(&["zfs", "{path}@{run}", "{{x}}"])).unwrap();
        let filled = template.arguments(Values {
            path: Some(Path::new("/a b; rm -rf")),
            run: "r1",
            ..Values::default()
        });
        assert_eq!(filled, ["/a b; rm -rf@r1", "{x}"]);
    }

    #[test]
    fn only_known_placeholders_pass_the_check() {
        for bad in ["{pth}", "{", "}", "{run", "{target}", "{{run}"] {
            let refused = Template::new(Purpose::Create, &line(&["p", bad]));
            assert!(refused.is_err(), "{bad}");
        }
        assert!(Template::new(Purpose::Flush, &line(&["p", "{snapshot}"])).is_err());
        assert!(Template::new(Purpose::Create, &line(&["{path}"])).is_err());
        assert!(Template::new(Purpose::Create, &[]).is_err());
    }

    #[test]
    fn a_handle_that_two_snapshots_would_share_is_refused() {
        assert!(Handle::new("{run}").is_err());
        assert!(Handle::new("vol-{volume}").is_err());
        assert!(Handle::new("{run}-{volume}").is_ok());
    }

    proptest! {
        #[test]
        fn any_item_is_read_or_refused(item in any::<String>()) {
            let _ = Template::new(Purpose::Restore, &["p".to_owned(), item]);
        }

        #[test]
        fn text_without_braces_is_passed_as_it_is(item in "[^{}\\x00]*") {
            let template = Template::new(Purpose::Open, &line(&["p", &item])).unwrap();
            prop_assert_eq!(&template.arguments(Values::default())[0], item.as_str());
        }
    }
}
