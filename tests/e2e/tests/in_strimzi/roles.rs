//! The shipped roles: what they allow, verb by verb, and one of these taken away for
//! a while.

use serde_json::{Value, json};

use crate::ground::{kubectl, names};
use crate::place::Place;

/// A verb of a rule, and one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Right {
    group: String,
    /// `PLURAL`, or `PLURAL/SUBRESOURCE`.
    pub(crate) resource: String,
    pub(crate) verb: String,
}

impl Right {
    /// As errors name it.
    pub(crate) fn words(&self) -> String {
        let (plural, part) = match self.resource.split_once('/') {
            Some((plural, part)) => (plural, format!("/{part}")),
            None => (self.resource.as_str(), String::new()),
        };
        let verb = &self.verb;
        match self.group.is_empty() {
            true => format!("{verb} {plural}{part}"),
            false => format!("{verb} {plural}.{}{part}", self.group),
        }
    }

    /// The line that names it. Not `get pods` where it says `get pods/exec`.
    pub(crate) fn named_in<'a>(&self, said: &'a str) -> Option<&'a str> {
        let words = self.words();
        let names_it = |line: &str| {
            line.match_indices(&words).any(|(at, _)| {
                let next = line[at + words.len()..].chars().next();
                next.is_none_or(|next| !next.is_alphanumeric() && next != '/' && next != '.')
            })
        };
        said.lines().find(|line| names_it(line))
    }

    /// From Kubernetes 1.35 on, and not before it.
    pub(crate) fn is_of_later(&self, place: &Place) -> bool {
        let version = place.kubectl(&["version", "-o", "json"]).unwrap();
        let version: Value = serde_json::from_str(&version).unwrap();
        let minor = version["serverVersion"]["minor"].as_str().unwrap();
        let minor: u32 = minor.trim_end_matches('+').parse().unwrap();
        minor < 35 && self.resource == "pods/exec" && self.verb == "create"
    }
}

/// One of the roles that are shipped.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// What kubectl has to say of it.
    words: Vec<String>,
    rules: Value,
}

impl Role {
    /// A ClusterRole.
    pub(crate) fn of_cluster(place: &Place, name: &str) -> Self {
        let name = format!("clusterrole/{}{name}", names().prefix);
        Self::read(place, vec![name])
    }

    /// A Role in Slackwater's own namespace.
    pub(crate) fn of_own(place: &Place, name: &str) -> Self {
        let own = format!("--namespace={}", names().own);
        Self::read(place, vec![format!("role/{name}"), own])
    }

    fn read(place: &Place, words: Vec<String>) -> Self {
        let each: Vec<&str> = words.iter().map(String::as_str).collect();
        let get = [&["get", "-o", "json"], &each[..]].concat();
        let mut role: Value = serde_json::from_str(&place.kubectl(&get).unwrap()).unwrap();
        let rules = role["rules"].take();
        Self { words, rules }
    }

    /// All of them.
    pub(crate) fn rights(&self) -> Vec<Right> {
        let mut all = Vec::new();
        for rule in self.rules.as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        let (group, resource) = (group.clone(), resource.clone());
                        all.push(Right {
                            group,
                            resource,
                            verb,
                        });
                    }
                }
            }
        }
        all
    }

    /// One rule for each right but this one.
    fn without(&self, away: &Right) -> Value {
        let kept = self.rights().into_iter().filter(|one| one != away);
        kept.map(|one| {
            json!({
                "apiGroups": [one.group],
                "resources": [one.resource],
                "verbs": [one.verb],
            })
        })
        .collect()
    }
}

fn texts(list: &Value) -> Vec<String> {
    let each = list.as_array().into_iter().flatten();
    each.filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// Roles without a verb, until this is dropped.
pub(crate) struct Taken {
    kubectl: Vec<String>,
    before: Vec<Role>,
}

impl Taken {
    /// From each of these roles that has it.
    pub(crate) fn away(place: &Place, roles: &[&Role], right: &Right) -> Self {
        let have = roles.iter().filter(|role| role.rights().contains(right));
        let taken = Self {
            kubectl: place.ground.kubectl_words(),
            before: have.map(|role| (*role).clone()).collect(),
        };
        for role in &taken.before {
            taken.set(role, &role.without(right));
        }
        taken
    }

    fn set(&self, role: &Role, rules: &Value) {
        let patch = json!({ "rules": rules }).to_string();
        let words: Vec<&str> = role.words.iter().map(String::as_str).collect();
        let patch = [&["patch", "--type=merge", "-p", &patch], &words[..]].concat();
        kubectl(&self.kubectl, &patch, None).unwrap();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for role in &self.before {
            self.set(role, &role.rules);
        }
    }
}
