//! What runs blueprints: a small Kanister.
//!
//! An action's phases run one after another, and the first that fails ends it; then
//! `deferPhase` runs, whatever came before (pkg/controller/controller.go:449-577,
//! `runAction`). Arguments are rendered just before their phase, with what ran before
//! it (pkg/phase.go:62-85, `Exec`; pkg/param/param.go:612-658), but for those of `WaitV2`,
//! which renders its own (pkg/phase.go:32-35). Only some functions are known: `functions`.
//!
//! It makes no objects of Kanister's: what it is asked is an [`Ask`], and what a
//! watcher of the ActionSet would see is told as it comes.

mod arguments;
mod ask;
mod exec;
mod exec_all;
mod functions;
mod labels;
mod object;
mod ops;
mod output;
mod render;
mod status;
mod task;
mod wait;

use std::collections::BTreeMap;

use crate::StandInError;
use functions::Hands;
pub use render::Renderer;
use serde_json::{Map, Value, json};
use status::Status;

pub use ask::Ask;

/// What kubectl prints, told these words, and this on its standard input. It may be
/// called from several threads.
pub type Kubectl<'c> = &'c (dyn Fn(&[&str], Option<&str>) -> Result<String, String> + Sync);

/// Runs the actions of one blueprint.
pub struct Runner<'c> {
    kubectl: Kubectl<'c>,
    renderer: Renderer,
    blueprint: Value,
    /// The controller's, where a KubeTask without a namespace runs (pkg/kube/pod.go:122-130).
    namespace: String,
}

/// What became of an action.
#[derive(Debug, Clone)]
pub struct Done {
    status: Value,
}

impl Done {
    /// The status that its ActionSet would have.
    #[must_use]
    pub fn status(&self) -> &Value {
        &self.status
    }

    /// Why it failed; `None` of a complete one.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        crate::kanctl::why_failed(&self.status)
    }
}

impl<'c> Runner<'c> {
    /// Of a blueprint, as YAML. Checks it as `kanctl validate` does.
    ///
    /// # Errors
    /// It is none.
    pub fn new(kubectl: Kubectl<'c>, namespace: &str, text: &str) -> Result<Self, StandInError> {
        let blueprint: Value = serde_yaml::from_str(text)
            .map_err(|error| StandInError::Blueprint(format!("it is no YAML: {error}")))?;
        arguments::check(&blueprint).map_err(StandInError::Blueprint)?;
        Ok(Self {
            kubectl,
            renderer: Renderer::build()?,
            blueprint,
            namespace: namespace.to_owned(),
        })
    }

    /// Renders the arguments of all of an action's phases, with this for what
    /// phases put out.
    ///
    /// # Errors
    /// A template that can't be rendered.
    pub fn rendered(
        &self,
        action: &str,
        ask: &Ask,
        outputs: &Map<String, Value>,
    ) -> Result<BTreeMap<String, Value>, StandInError> {
        let action = self.action(action)?;
        let mut rendered = BTreeMap::new();
        let params = ask.params(outputs, &json!({}));
        for phase in phases(action).into_iter().chain(deferred(action)) {
            let name = name(phase);
            let value = functions::arguments(&self.renderer, &params, phase);
            let value = value.map_err(|why| StandInError::Blueprint(format!("{name}: {why}")))?;
            rendered.insert(name.to_owned(), value);
        }
        Ok(rendered)
    }

    /// Runs an action to its end. `watch` is given each status that the ActionSet
    /// would have.
    ///
    /// # Errors
    /// There is no such action. That it failed is none.
    pub fn run(
        &self,
        name: &str,
        ask: &Ask,
        mut watch: impl FnMut(&Value),
    ) -> Result<Done, StandInError> {
        let action = self.action(name)?;
        let mut status = Status::pending(name, &self.blueprint, action, &mut watch);
        status.runs();
        if ask.object.is_null() {
            status.never_began("could not fetch object");
            return Ok(Done {
                status: status.end(),
            });
        }
        let (mut outputs, mut output) = (Map::new(), json!({}));
        for (number, phase) in phases(action).into_iter().enumerate() {
            status.phase_runs(number);
            outputs.insert(self::name(phase).to_owned(), json!({}));
            match self.phase(phase, &ask.params(&outputs, &output)) {
                Ok(said) => {
                    status.phase_is_complete(number, &said);
                    outputs.insert(self::name(phase).to_owned(), json!({"Output": said}));
                }
                Err(why) => {
                    status.phase_failed(number, &why);
                    break;
                }
            }
        }
        if let Some(phase) = deferred(action) {
            status.defer_runs();
            match self.phase(phase, &ask.params(&outputs, &output)) {
                Ok(said) => {
                    status.defer_is_complete(&said);
                    output = json!({"Output": said});
                }
                Err(why) => status.defer_failed(&why),
            }
        }
        if !status.failed() {
            let params = ask.params(&outputs, &output);
            status.completes(self.artifacts(action, &params));
        }
        Ok(Done {
            status: status.end(),
        })
    }

    fn phase(&self, phase: &Value, params: &Value) -> Result<Map<String, Value>, String> {
        let args = functions::arguments(&self.renderer, params, phase)?;
        let hands = Hands {
            kubectl: self.kubectl,
            renderer: &self.renderer,
            controller: &self.namespace,
            params,
        };
        hands.run(phase["func"].as_str().unwrap_or_default(), &args)
    }

    /// Of each artifact the values, not the keys (pkg/param/render.go:95-119,
    /// `RenderArtifacts`).
    fn artifacts(&self, action: &Value, params: &Value) -> Result<Value, String> {
        let mut artifacts = action["outputArtifacts"].clone();
        let each = artifacts.as_object_mut().into_iter().flatten();
        let pairs = each.filter_map(|(_, one)| one.get_mut("keyValue")?.as_object_mut());
        for (_, value) in pairs.flatten() {
            *value = self.renderer.render(params, value)?;
        }
        Ok(artifacts)
    }

    fn action(&self, name: &str) -> Result<&Value, StandInError> {
        let action = &self.blueprint["actions"][name];
        match action.is_object() {
            true => Ok(action),
            false => Err(StandInError::Blueprint(format!("it has no action {name}"))),
        }
    }
}

fn name(phase: &Value) -> &str {
    phase["name"].as_str().unwrap_or_default()
}

fn phases(action: &Value) -> Vec<&Value> {
    action["phases"].as_array().into_iter().flatten().collect()
}

fn deferred(action: &Value) -> Option<&Value> {
    action.get("deferPhase").filter(|phase| phase.is_object())
}
