//! The functions that a template may call: Go asks for them when it parses one. Names
//! alone; what they do, as far as it is known here, is in `functions`.

/// Who renders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Kanister, what stands in a Blueprint: Go's own functions and sprig's.
    Blueprint,
    /// kubectl's printer for Go templates, a condition of WaitV2: two of its own
    /// (`cli-runtime`, `pkg/printers/template.go`).
    Condition,
}

/// (`text/template`, `funcs.go`)
const OWN: [&str; 19] = [
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf",
    "println", "urlquery", "eq", "ge", "gt", "le", "lt", "ne",
];

const PRINTER: [&str; 2] = ["exists", "base64decode"];

/// (sprig 2.22.0, which Kanister 0.119.0 has: `functions.go`, `genericMap`). Templates for
/// other programs often call what only sprig 3 has: `fromJson`, `get`, `dig`, each `must…`.
const SPRIG: &str = "
    hello ago date date_in_zone date_modify dateInZone dateModify htmlDate htmlDateInZone now toDate
    unixEpoch abbrev abbrevboth trunc trim upper lower title untitle substr repeat trimall trimAll
    trimSuffix trimPrefix nospace initials randAlphaNum randAlpha randAscii randNumeric swapcase
    shuffle snakecase camelcase kebabcase wrap wrapWith contains hasPrefix hasSuffix quote squote
    cat indent nindent replace plural sha1sum sha256sum adler32sum toString atoi int64 int float64
    toDecimal split splitList splitn toStrings until untilStep add1 add sub div mod mul biggest max
    min ceil floor round join sortAlpha default empty coalesce compact toJson toPrettyJson ternary
    deepCopy typeOf typeIs typeIsLike kindOf kindIs deepEqual env expandenv getHostByName base dir
    clean ext isAbs b64enc b64dec b32enc b32dec tuple list dict set unset hasKey pluck keys pick
    omit merge mergeOverwrite values append prepend first rest last initial reverse uniq without has
    slice concat genPrivateKey derivePassword buildCustomCert genCA genSelfSignedCert genSignedCert
    encryptAES decryptAES uuidv4 semver semverCompare fail regexMatch regexFindAll regexFind
    regexReplaceAll regexReplaceAllLiteral regexSplit urlParse urlJoin";

impl Names {
    /// All of them.
    pub fn all(self) -> impl Iterator<Item = &'static str> {
        let (sprig, printer) = match self {
            Self::Blueprint => (SPRIG, &[][..]),
            Self::Condition => ("", &PRINTER[..]),
        };
        let own = OWN.iter().chain(printer).copied();
        own.chain(sprig.split_whitespace())
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.all().any(|one| one == name)
    }
}
