//! A template's tokens put together (Go's `text/template/parse`, `parse.go`).

use crate::lex::{Kind, Token, tokens};
use crate::tree::{Branch, Command, Node, Operand, Pipe};
use crate::{Names, ParseError};

/// Blocks and parentheses in one another. None that a person writes comes near, and each
/// costs stack.
const DEEPEST: usize = 64;

pub(crate) fn parse(text: &str, names: Names) -> Result<Vec<Node>, ParseError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        text,
        names,
        tokens,
        next: 0,
        depth: 0,
        loops: 0,
        variables: vec!["$".to_owned()],
    };
    let (nodes, end) = parser.list(true)?;
    match end {
        Last::Text => Ok(nodes),
        Last::End => wrong("has an end without a beginning"),
        Last::Else => wrong("has an else without a beginning"),
    }
}

/// How a list of pieces ends.
enum Last {
    Text,
    End,
    Else,
}

struct Parser<'a> {
    text: &'a str,
    names: Names,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    /// In so many ranges.
    loops: usize,
    /// Those that may be used here.
    variables: Vec<String>,
}

fn wrong<T>(says: impl Into<String>) -> Result<T, ParseError> {
    Err(ParseError(says.into()))
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn skip_space(&mut self) {
        while self.peek() == Some(&Kind::Space) {
            self.next += 1;
        }
    }

    fn peek_word(&mut self) -> Option<&Kind> {
        self.skip_space();
        self.peek()
    }

    fn unexpected<T>(&self, place: &str) -> Result<T, ParseError> {
        match self.tokens.get(self.next) {
            None => wrong(format!("ends in the middle of {place}")),
            Some(Token { at: (from, to), .. }) => {
                let text = &self.text[*from..*to];
                wrong(format!("has {text:?} in {place}, where it can't be"))
            }
        }
    }

    fn deeper<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return wrong(format!("is deeper than {DEEPEST}"));
        }
        let done = inside(self);
        self.depth -= 1;
        done
    }

    fn list(&mut self, is_top: bool) -> Result<(Vec<Node>, Last), ParseError> {
        let mut nodes = Vec::new();
        loop {
            match self.peek() {
                None => return Ok((nodes, Last::Text)),
                Some(Kind::Text(text)) => {
                    nodes.push(Node::Text(text.clone()));
                    self.next += 1;
                }
                _ => {
                    // `{{`
                    self.next += 1;
                    let word = match self.peek_word() {
                        Some(Kind::Word(word)) => word.clone(),
                        _ => String::new(),
                    };
                    match word.as_str() {
                        "end" => {
                            self.next += 1;
                            self.close("end")?;
                            return Ok((nodes, Last::End));
                        }
                        // What comes of it, whoever asked for the list finds.
                        "else" => {
                            self.next += 1;
                            return Ok((nodes, Last::Else));
                        }
                        word => {
                            if let Some(node) = self.action(word, is_top)? {
                                nodes.push(node);
                            }
                        }
                    }
                }
            }
        }
    }

    fn close(&mut self, of: &str) -> Result<(), ParseError> {
        match self.peek_word() {
            Some(Kind::Close) => {
                self.next += 1;
                Ok(())
            }
            _ => self.unexpected(of),
        }
    }

    fn action(&mut self, word: &str, is_top: bool) -> Result<Option<Node>, ParseError> {
        match word {
            "if" | "with" | "range" => {
                self.next += 1;
                self.deeper(|inside| inside.control(word)).map(Some)
            }
            "break" | "continue" => {
                self.next += 1;
                if self.loops == 0 {
                    return wrong(format!("has a {word} outside of a range"));
                }
                self.close(word)?;
                Ok(Some(match word {
                    "break" => Node::Break,
                    _ => Node::Continue,
                }))
            }
            "define" | "block" | "template" => self.other(word, is_top),
            _ => {
                let pipe = self.pipe("an action", &Kind::Close)?;
                Ok(Some(Node::Action(pipe)))
            }
        }
    }

    /// What names another template.
    fn other(&mut self, word: &str, is_top: bool) -> Result<Option<Node>, ParseError> {
        if word == "define" && !is_top {
            return self.unexpected("a block");
        }
        self.next += 1;
        match self.peek_word() {
            Some(Kind::Quoted(_) | Kind::Raw(_)) => self.next += 1,
            _ => return self.unexpected(word),
        }
        let variables = self.variables.len();
        if word == "define" {
            self.close(word)?;
        } else if word == "template" && self.peek_word() == Some(&Kind::Close) {
            self.next += 1;
        } else {
            self.pipe(word, &Kind::Close)?;
        }
        if word != "template" {
            let loops = std::mem::take(&mut self.loops);
            let (_, end) = self.deeper(|inside| inside.list(false))?;
            self.must_be_end(&end, word)?;
            self.loops = loops;
        }
        self.variables.truncate(variables);
        Ok(match word {
            "define" => None,
            "block" => Some(Node::Other("block")),
            _ => Some(Node::Other("template")),
        })
    }

    fn must_be_end(&self, end: &Last, of: &str) -> Result<(), ParseError> {
        match end {
            Last::End => Ok(()),
            Last::Text => wrong(format!("has `{of}` without its end")),
            Last::Else => wrong(format!("has an else in `{of}` that has no place there")),
        }
    }

    fn control(&mut self, word: &str) -> Result<Node, ParseError> {
        let variables = self.variables.len();
        let pipe = self.pipe(word, &Kind::Close)?;
        let is_loop = usize::from(word == "range");
        self.loops += is_loop;
        let (then, end) = self.list(false)?;
        self.loops -= is_loop;
        let otherwise = match end {
            Last::End => None,
            Last::Text => return wrong(format!("has `{word}` without its end")),
            Last::Else => Some(self.otherwise(word)?),
        };
        self.variables.truncate(variables);
        let branch = Branch {
            pipe,
            then,
            otherwise,
        };
        Ok(match word {
            "if" => Node::If(branch),
            "with" => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    /// Behind `else`: the same again (`else if`, `else with`), whose end is that of both;
    /// or the rest.
    fn otherwise(&mut self, word: &str) -> Result<Vec<Node>, ParseError> {
        if let Some(Kind::Word(again)) = self.peek_word()
            && again == word
            && word != "range"
        {
            self.next += 1;
            let node = self.deeper(|inside| inside.control(word))?;
            return Ok(vec![node]);
        }
        self.close("else")?;
        let (nodes, end) = self.list(false)?;
        self.must_be_end(&end, word)?;
        Ok(nodes)
    }

    fn pipe(&mut self, place: &str, end: &Kind) -> Result<Pipe, ParseError> {
        let (variables, assigns) = self.declared(place)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            match self.peek_word() {
                Some(kind) if kind == end => {
                    self.next += 1;
                    break;
                }
                None | Some(Kind::Close | Kind::Right | Kind::Pipe) => {
                    return self.unexpected(place);
                }
                _ => {
                    let command = self.command(place)?;
                    let can_be_called = !matches!(
                        command.words[0],
                        Operand::Bool(_)
                            | Operand::Dot
                            | Operand::Nil
                            | Operand::Int(_)
                            | Operand::Float(_)
                            | Operand::Literal(_)
                            | Operand::Text(_)
                    );
                    if !commands.is_empty() && !can_be_called {
                        let source = command.source;
                        return wrong(format!("hands something on to {source}, no function"));
                    }
                    commands.push(command);
                }
            }
        }
        if commands.is_empty() {
            return wrong(format!("has an empty action: {place} lacks a value"));
        }
        Ok(Pipe {
            variables,
            assigns,
            commands,
        })
    }

    /// Variables that a pipe declares or assigns to.
    fn declared(&mut self, place: &str) -> Result<(Vec<String>, bool), ParseError> {
        let begin = self.next;
        let mut names = Vec::new();
        while let Some(Kind::Variable(name)) = self.peek_word() {
            let name = name.clone();
            self.next += 1;
            match self.peek_word() {
                Some(kind @ (Kind::Declare | Kind::Assign)) => {
                    let assigns = *kind == Kind::Assign;
                    self.next += 1;
                    names.push(name);
                    self.variables.extend(names.iter().cloned());
                    return Ok((names, assigns));
                }
                Some(Kind::Comma) if place == "range" && names.is_empty() => {
                    self.next += 1;
                    names.push(name);
                }
                Some(Kind::Comma) => return self.unexpected(place),
                _ => break,
            }
        }
        if !names.is_empty() {
            return self.unexpected(place);
        }
        self.next = begin;
        Ok((Vec::new(), false))
    }

    fn knows(&self, variable: &str) -> bool {
        self.variables.iter().any(|one| one == variable)
    }

    fn command(&mut self, place: &str) -> Result<Command, ParseError> {
        self.skip_space();
        let begin = self.tokens.get(self.next).map_or(0, |token| token.at.0);
        let mut words = Vec::new();
        let end = loop {
            self.skip_space();
            let before = self.next;
            if let Some(operand) = self.operand()? {
                words.push(operand);
            }
            let end = self.tokens.get(self.next).map_or(begin, |token| token.at.0);
            match self.peek() {
                Some(Kind::Space) => self.next += 1,
                Some(Kind::Close | Kind::Right) => break end,
                Some(Kind::Pipe) => {
                    self.next += 1;
                    break end;
                }
                _ if before == self.next => return self.unexpected(place),
                _ => return self.unexpected("an operand"),
            }
        };
        let source = self.text[begin..end].trim().to_owned();
        match words.is_empty() {
            true => wrong("has an empty command"),
            false => Ok(Command { words, source }),
        }
    }

    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        while let Some(Kind::Field(name)) = self.peek() {
            fields.push(name.clone());
            self.next += 1;
        }
        if fields.is_empty() {
            return Ok(Some(operand));
        }
        match &mut operand {
            Operand::Field(first) | Operand::Variable(_, first) => {
                first.append(&mut fields);
                Ok(Some(operand))
            }
            Operand::Function(_) | Operand::Pipe(_) => {
                Ok(Some(Operand::Chain(Box::new(operand), fields)))
            }
            _ => wrong(format!("asks for .{} of a literal", fields.join("."))),
        }
    }

    fn term(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(token) = self.tokens.get(self.next).cloned() else {
            return Ok(None);
        };
        let operand = match token.kind {
            Kind::Word(word) => self.word(word)?,
            Kind::Dot => Operand::Dot,
            Kind::Field(name) => Operand::Field(vec![name]),
            Kind::Variable(name) if self.knows(&name) => Operand::Variable(name, Vec::new()),
            Kind::Variable(name) => return wrong(format!("has no variable {name}")),
            Kind::Number(text) => number(&text),
            Kind::Character(text) => Operand::Literal(format!("'{text}'")),
            Kind::Raw(text) => Operand::Text(text),
            Kind::Quoted(text) => unquoted(&text)?,
            Kind::Left => {
                self.next += 1;
                let inside = |parser: &mut Self| parser.pipe("parentheses", &Kind::Right);
                return self.deeper(inside).map(|pipe| Some(Operand::Pipe(pipe)));
            }
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(operand))
    }

    fn word(&self, word: String) -> Result<Operand, ParseError> {
        Ok(match word.as_str() {
            "true" | "false" => Operand::Bool(word == "true"),
            "nil" => Operand::Nil,
            "block" | "break" | "continue" | "define" | "else" | "end" | "if" | "range"
            | "template" | "with" => return self.unexpected("an action"),
            known if self.names.has(known) => Operand::Function(word),
            _ => return wrong(format!("calls {word}, and there is no such function")),
        })
    }
}

fn number(text: &str) -> Operand {
    let literal = Operand::Literal(text.to_owned());
    let digits = text.trim_start_matches(['+', '-']);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain && (digits == "0" || !digits.starts_with('0')) {
        return text.parse().map_or(literal, Operand::Int);
    }
    let mut parts = digits.split('.');
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(whole), Some(part), None) if all_digits(whole) && all_digits(part) => {
            text.parse().map_or(literal, Operand::Float)
        }
        _ => literal,
    }
}

/// What stands between double quotes (Go's `strconv.Unquote`).
fn unquoted(text: &str) -> Result<Operand, ParseError> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        plain.push(match chars.next() {
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some('\\') => '\\',
            Some('"') => '"',
            Some('x' | 'u' | 'U' | '0'..='7') => {
                return Ok(Operand::Literal(format!("\"{text}\"")));
            }
            Some(other) => return wrong(format!("has \\{other} in a text, which is nothing")),
            None => return wrong("has a text that ends in \\"),
        });
    }
    Ok(Operand::Text(plain))
}
