//! A template's tokens (Go's `text/template/parse`, `lex.go`).

use crate::ParseError;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text(String),
    Open,
    Close,
    /// Between two words: it tells `.a .b` from `.a.b`.
    Space,
    Field(String),
    Variable(String),
    /// A name, and what Go keeps for itself.
    Word(String),
    Number(String),
    /// In single quotes.
    Character(String),
    Quoted(String),
    Raw(String),
    Dot,
    Pipe,
    Declare,
    Assign,
    Comma,
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Where it begins and ends, in bytes.
    pub(crate) at: (usize, usize),
}

/// Go's own (`lex.go`, `isSpace`).
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// All of them.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        depth: 0,
        tokens: Vec::new(),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Of parentheses.
    depth: usize,
    tokens: Vec<Token>,
}

fn wrong<T>(says: impl Into<String>) -> Result<T, ParseError> {
    Err(ParseError(says.into()))
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, kind: Kind, from: usize) {
        let at = (from, self.at);
        self.tokens.push(Token { kind, at });
    }

    fn run(&mut self) -> Result<(), ParseError> {
        // Whether what was before it takes its first spaces away.
        let mut trims = false;
        loop {
            let from = self.at;
            let (text, is_last) = match self.rest().find(OPEN) {
                Some(length) => (&self.text[from..from + length], false),
                None => (self.rest(), true),
            };
            self.at += text.len();
            let mut text = match trims {
                true => text.trim_start_matches(is_space),
                false => text,
            };
            let trims_before = !is_last && {
                let mut after = self.rest()[OPEN.len()..].chars();
                after.next() == Some('-') && after.next().is_some_and(is_space)
            };
            if trims_before {
                text = text.trim_end_matches(is_space);
            }
            if !text.is_empty() {
                self.push(Kind::Text(text.to_owned()), from);
            }
            if is_last {
                return Ok(());
            }
            let from = self.at;
            self.at += OPEN.len() + if trims_before { 2 } else { 0 };
            trims = match self.rest().starts_with("/*") {
                true => self.comment()?,
                false => {
                    self.push(Kind::Open, from);
                    self.depth = 0;
                    self.action()?
                }
            };
        }
    }

    /// Whether its end trims what comes after it.
    fn comment(&mut self) -> Result<bool, ParseError> {
        let Some(end) = self.rest().find("*/") else {
            return wrong("has a comment that is not closed");
        };
        self.at += end + 2;
        match self.close() {
            Some((length, trims)) => {
                self.at += length;
                Ok(trims)
            }
            None => wrong(format!("has a comment that does not end before {CLOSE}")),
        }
    }

    /// How long the end of an action is that stands here, and whether it trims.
    fn close(&self) -> Option<(usize, bool)> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let first = chars.next()?;
        let trims = is_space(first) && chars.as_str().strip_prefix('-')?.starts_with(CLOSE);
        match (trims, rest.starts_with(CLOSE)) {
            (true, _) => Some((2 + CLOSE.len(), true)),
            (false, true) => Some((CLOSE.len(), false)),
            (false, false) => None,
        }
    }

    fn action(&mut self) -> Result<bool, ParseError> {
        loop {
            let from = self.at;
            if let Some((length, trims)) = self.close() {
                if self.depth > 0 {
                    return wrong("has a parenthesis that is not closed");
                }
                self.at += length;
                self.push(Kind::Close, from);
                return Ok(trims);
            }
            let Some(first) = self.peek() else {
                return wrong(format!("has {OPEN} without {CLOSE}"));
            };
            if is_space(first) {
                while self.peek().is_some_and(is_space) && self.close().is_none() {
                    self.at += 1;
                }
                self.push(Kind::Space, from);
                continue;
            }
            let kind = self.token(first)?;
            self.push(kind, from);
        }
    }

    fn token(&mut self, first: char) -> Result<Kind, ParseError> {
        let digit_after = || {
            let next = self.rest()[1..].chars().next();
            next.is_some_and(|c| c.is_ascii_digit())
        };
        Ok(match first {
            '"' => Kind::Quoted(self.quoted('"')?),
            '\'' => Kind::Character(self.quoted('\'')?),
            '`' => {
                let inside = &self.rest()[1..];
                let Some(end) = inside.find('`') else {
                    return wrong("has a raw text that is not closed");
                };
                self.at += end + 2;
                Kind::Raw(inside[..end].replace('\r', ""))
            }
            '$' => Kind::Variable(format!("${}", self.name()?)),
            '.' if !digit_after() => match self.name()? {
                "" => Kind::Dot,
                name => Kind::Field(name.to_owned()),
            },
            '.' | '+' | '-' | '0'..='9' => Kind::Number(self.number()?),
            c if is_word(c) => {
                let length = self.rest().find(|c| !is_word(c));
                let word = &self.rest()[..length.unwrap_or(self.rest().len())];
                self.at += word.len();
                self.must_end(word)?;
                Kind::Word(word.to_owned())
            }
            _ => {
                self.at += first.len_utf8();
                match first {
                    '|' => Kind::Pipe,
                    '=' => Kind::Assign,
                    ',' => Kind::Comma,
                    ':' if self.peek() == Some('=') => {
                        self.at += 1;
                        Kind::Declare
                    }
                    '(' => {
                        self.depth += 1;
                        Kind::Left
                    }
                    ')' if self.depth == 0 => return wrong("has a ) without a ("),
                    ')' => {
                        self.depth -= 1;
                        Kind::Right
                    }
                    other => return wrong(format!("has {other:?} where there is no place for it")),
                }
            }
        })
    }

    /// Behind the first character, of a field or a variable.
    fn name(&mut self) -> Result<&'a str, ParseError> {
        self.at += 1;
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        self.at += name.len();
        self.must_end(name)?;
        Ok(name)
    }

    /// (`lex.go`, `atTerminator`)
    fn must_end(&self, name: &str) -> Result<(), ParseError> {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => Ok(()),
            Some(c) if is_space(c) || self.rest().starts_with(CLOSE) => Ok(()),
            Some(c) => wrong(format!("has {c:?} right behind {name:?}")),
        }
    }

    /// (`lex.go`, `scanNumber`)
    fn number(&mut self) -> Result<String, ParseError> {
        let from = self.at;
        self.skip(|c| matches!(c, '+' | '-'), 1);
        let is_0 = self.peek() == Some('0');
        self.at += usize::from(is_0);
        let base = match self.peek() {
            Some('x' | 'X') if is_0 => 16,
            Some('o' | 'O') if is_0 => 8,
            Some('b' | 'B') if is_0 => 2,
            _ => 10,
        };
        self.at += usize::from(base != 10);
        let is_digit = |c: char| c == '_' || c.is_digit(base);
        self.skip(is_digit, usize::MAX);
        self.skip(|c| c == '.', 1);
        self.skip(is_digit, usize::MAX);
        let has_exponent = matches!(
            (base, self.peek()),
            (10, Some('e' | 'E')) | (16, Some('p' | 'P'))
        );
        if has_exponent {
            self.at += 1;
            self.skip(|c| matches!(c, '+' | '-'), 1);
            self.skip(|c| c == '_' || c.is_ascii_digit(), usize::MAX);
        }
        self.skip(|c| c == 'i', 1);
        let text = &self.text[from..self.at];
        let ends = !self.peek().is_some_and(is_word);
        match ends && text.contains(|c: char| c.is_ascii_digit()) {
            true => Ok(text.to_owned()),
            false => wrong(format!("has {text:?}, which is no number")),
        }
    }

    fn skip(&mut self, is: impl Fn(char) -> bool, most: usize) {
        let length = self
            .rest()
            .chars()
            .take_while(|c| is(*c))
            .take(most)
            .count();
        // Of ASCII.
        self.at += length;
    }

    /// What stands between two quotes, with what it escapes.
    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        self.at += 1;
        let from = self.at;
        let mut escaped = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(self.text[from..from + at].to_owned());
                }
                _ => {}
            }
        }
        wrong("has a text that is not closed in its line")
    }
}
