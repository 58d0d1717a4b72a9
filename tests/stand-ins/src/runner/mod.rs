//! What runs blueprints: a small Kanister.
//!
//! An action's phases run one after another, and the first that fails ends it;
//! then `deferPhase` runs, whatever came before, and an error of its own fails the
//! action, too; artifacts are rendered only when all of it went well
//! (pkg/controller/controller.go, `runAction`). Arguments are rendered just before
//! their phase, with what ran before it (pkg/phase.go, `Exec`). Only the functions
//! that blueprints here use are known.

mod arguments;
mod render;
mod task;

use std::collections::BTreeMap;

use crate::StandInError;
use render::Renderer;
use serde_json::{Map, Value, json};

/// What kubectl prints.
pub type Kubectl<'c> = &'c dyn Fn(&[&str]) -> Result<String, String>;

/// Makes objects, or has the API server's words why not.
pub type Apply<'c> = &'c dyn Fn(&str) -> Result<(), String>;

/// Runs the actions of one blueprint.
pub struct Runner<'c> {
    kubectl: Kubectl<'c>,
    apply: Apply<'c>,
    renderer: Renderer,
    blueprint: Value,
    /// The controller's, where a KubeTask without a namespace runs.
    namespace: String,
}

/// What an ActionSet asks for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The object, as it stands there.
    pub object: Value,
    /// `options`
    pub options: BTreeMap<String, String>,
    /// `artifacts`, as `--from` takes them from a complete parent.
    pub artifacts: Map<String, Value>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Done {
    /// Names of the phases that were begun, `deferPhase`'s among them.
    pub begun: Vec<String>,
    /// Its output artifacts: of a complete one only.
    pub artifacts: Map<String, Value>,
    /// Why it failed; `None` of a complete one.
    pub error: Option<String>,
}

impl<'c> Runner<'c> {
    /// Of a blueprint, as YAML. Checks it as `kanctl validate` does
    /// (pkg/blueprint/validate/validate.go): known functions, their arguments, and
    /// names of phases that are unique in all of it.
    ///
    /// # Errors
    /// It is none.
    pub fn new(
        kubectl: Kubectl<'c>,
        apply: Apply<'c>,
        namespace: &str,
        text: &str,
    ) -> Result<Self, StandInError> {
        let blueprint: Value = serde_yaml::from_str(text)
            .map_err(|error| StandInError::Blueprint(format!("it is no YAML: {error}")))?;
        arguments::check(&blueprint).map_err(StandInError::Blueprint)?;
        Ok(Self {
            kubectl,
            apply,
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
        for phase in phases(action).into_iter().chain(deferred(action)) {
            let value = self.renderer.render(&params(ask, outputs), &phase["args"]);
            let name = phase["name"].as_str().unwrap_or_default();
            let value = value.map_err(|why| StandInError::Blueprint(format!("{name}: {why}")))?;
            rendered.insert(name.to_owned(), value);
        }
        Ok(rendered)
    }

    /// Runs an action to its end. `between` is called before each phase with its
    /// name.
    ///
    /// # Errors
    /// There is no such action. That it failed is none.
    pub fn run(
        &self,
        action: &str,
        ask: &Ask,
        mut between: impl FnMut(&str),
    ) -> Result<Done, StandInError> {
        let action = self.action(action)?;
        let mut outputs = Map::new();
        let mut done = Done {
            begun: Vec::new(),
            artifacts: Map::new(),
            error: None,
        };
        for phase in phases(action) {
            between(phase["name"].as_str().unwrap_or_default());
            if let Err(why) = self.phase(phase, ask, &mut outputs, &mut done) {
                done.error = Some(why);
                break;
            }
        }
        if let Some(phase) = deferred(action)
            && let Err(why) = self.phase(phase, ask, &mut outputs, &mut done)
        {
            done.error.get_or_insert(why);
        }
        if done.error.is_none() {
            let artifacts = &action["outputArtifacts"];
            let wanted = artifacts.as_object().cloned().unwrap_or_default();
            match self.renderer.render(&params(ask, &outputs), &wanted.into()) {
                Ok(Value::Object(artifacts)) => done.artifacts = artifacts,
                Ok(_) => {}
                Err(why) => done.error = Some(why),
            }
        }
        Ok(done)
    }

    fn phase(
        &self,
        phase: &Value,
        ask: &Ask,
        outputs: &mut Map<String, Value>,
        done: &mut Done,
    ) -> Result<(), String> {
        let name = phase["name"].as_str().unwrap_or_default().to_owned();
        let args = self
            .renderer
            .render(&params(ask, outputs), &phase["args"])?;
        done.begun.push(name.clone());
        let ran = task::run(self.kubectl, self.apply, &self.namespace, &args);
        let output = ran.map_err(|why| format!("phase {name}: {why}"))?;
        outputs.insert(name, json!({"Output": output}));
        Ok(())
    }

    fn action(&self, name: &str) -> Result<&Value, StandInError> {
        let action = &self.blueprint["actions"][name];
        match action.is_object() {
            true => Ok(action),
            false => Err(StandInError::Blueprint(format!("it has no action {name}"))),
        }
    }
}

fn phases(action: &Value) -> Vec<&Value> {
    action["phases"].as_array().into_iter().flatten().collect()
}

fn deferred(action: &Value) -> Option<&Value> {
    action.get("deferPhase").filter(|phase| phase.is_object())
}

/// As templates see it (pkg/param/param.go, `TemplateParams`).
fn params(ask: &Ask, outputs: &Map<String, Value>) -> Value {
    let artifacts: Map<String, Value> = ask
        .artifacts
        .iter()
        .map(|(name, one)| (name.clone(), json!({"KeyValue": one["keyValue"]})))
        .collect();
    json!({
        "Object": ask.object,
        // (pkg/param/param.go, `NamespaceParams`)
        "Namespace": match ask.object["kind"] == "Namespace" {
            true => json!({"Name": ask.object["metadata"]["name"]}),
            false => Value::Null,
        },
        "Options": match ask.options.is_empty() { true => Value::Null, false => json!(ask.options) },
        "ArtifactsIn": match artifacts.is_empty() { true => Value::Null, false => artifacts.into() },
        "Phases": outputs,
        "Time": "2026-01-02T03:04:05.678901234Z",
    })
}
