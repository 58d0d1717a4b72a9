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

/// (sprig 3.2.3, `functions.go`, `genericMap`)
const SPRIG: &str = "
    hello ago date date_in_zone date_modify dateInZone dateModify duration durationRound htmlDate
    htmlDateInZone must_date_modify mustDateModify mustToDate now toDate unixEpoch abbrev
    abbrevboth trunc trim upper lower title untitle substr repeat trimall trimAll trimSuffix
    trimPrefix nospace initials randAlphaNum randAlpha randAscii randNumeric swapcase shuffle
    snakecase camelcase kebabcase wrap wrapWith contains hasPrefix hasSuffix quote squote cat
    indent nindent replace plural sha1sum sha256sum adler32sum toString atoi int64 int float64 seq
    toDecimal split splitList splitn toStrings until untilStep add1 add sub div mod mul randInt
    add1f addf subf divf mulf biggest max min maxf minf ceil floor round join sortAlpha default
    empty coalesce all any compact mustCompact fromJson toJson toPrettyJson toRawJson mustFromJson
    mustToJson mustToPrettyJson mustToRawJson ternary deepCopy mustDeepCopy typeOf typeIs
    typeIsLike kindOf kindIs deepEqual env expandenv getHostByName base dir clean ext isAbs osBase
    osClean osDir osExt osIsAbs b64enc b64dec b32enc b32dec tuple list dict get set unset hasKey
    pluck keys pick omit merge mergeOverwrite mustMerge mustMergeOverwrite values append mustAppend
    prepend mustPrepend first mustFirst rest mustRest last mustLast initial mustInitial reverse
    mustReverse uniq mustUniq without mustWithout has mustHas slice mustSlice concat dig chunk
    mustChunk bcrypt htpasswd genPrivateKey derivePassword buildCustomCert genCA genCAWithKey
    genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey encryptAES
    decryptAES randBytes uuidv4 semver semverCompare fail regexMatch mustRegexMatch regexFindAll
    mustRegexFindAll regexFind mustRegexFind regexReplaceAll mustRegexReplaceAll
    regexReplaceAllLiteral mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta
    urlParse urlJoin";

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
