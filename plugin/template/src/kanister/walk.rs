//! All texts of a value, rendered: keys too (`pkg/param/render.go`, `render`).

use serde_json::{Map, Value as Json};

use crate::{Names, Template, Value};

/// What came up on the way.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) unknown: Vec<String>,
    pub(super) failed: Vec<(String, String)>,
}

impl Walk {
    pub(super) fn value(&mut self, place: &str, value: &Json, root: &Value) -> Json {
        match value {
            Json::String(text) => self.text(place, text, root).into(),
            Json::Array(all) => {
                let each = all.iter().enumerate();
                each.map(|(number, one)| self.value(&format!("{place}[{number}]"), one, root))
                    .collect()
            }
            Json::Object(all) => {
                let mut rendered = Map::new();
                for (key, one) in all {
                    let place = format!("{place}.{key}");
                    let key = self.text(&place, key, root);
                    let one = self.value(&place, one, root);
                    rendered.insert(key, one);
                }
                rendered.into()
            }
            other => other.clone(),
        }
    }

    /// Of what waits only what is waited for: its conditions are held against the object
    /// by kubectl's printer, again and again.
    pub(super) fn references(&mut self, place: &str, value: &Json, root: &Value) -> Json {
        match value {
            Json::Array(all) => {
                let each = all.iter().enumerate();
                each.map(|(number, one)| self.references(&format!("{place}[{number}]"), one, root))
                    .collect()
            }
            Json::Object(all) => {
                let each = all.iter().map(|(key, one)| {
                    let place = format!("{place}.{key}");
                    let one = match key == "objectReference" {
                        true => self.value(&place, one, root),
                        false => self.references(&place, one, root),
                    };
                    (key.clone(), one)
                });
                each.collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, place: &str, text: &str, root: &Value) -> String {
        let rendered = Template::parse(text, Names::Blueprint)
            .map_err(|error| error.to_string())
            .and_then(|template| template.noting(root).map_err(|error| error.to_string()));
        match rendered {
            Ok((rendered, unknown)) => {
                for one in unknown {
                    if !self.unknown.contains(&one) {
                        self.unknown.push(one);
                    }
                }
                rendered
            }
            Err(why) => {
                self.failed.push((place.to_owned(), why));
                text.to_owned()
            }
        }
    }
}
