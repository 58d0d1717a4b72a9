//! Where a contract test stands: the lab's scene with its stand-ins, or the same scene
//! on a cluster that somebody has, made by the real ones.

use serde_json::Value;

use crate::found::Found;
use crate::manifests::Shape;
use crate::{SPACE, Scene, StandInError};

/// See the module.
pub enum Ground {
    /// The lab's.
    Lab(Box<Scene>),
    /// Somebody's, and the namespace of the scene.
    Found(Found, String),
}

impl Ground {
    /// On the cluster that was said, where one was; else in a lab of this name.
    ///
    /// # Errors
    /// What can't be started, or does not become ready.
    pub fn set_up(name: &str) -> Result<Self, StandInError> {
        let shape = Shape::Plain;
        match Found::said() {
            None => Ok(Self::Lab(Box::new(Scene::of(name, shape)?))),
            Some(found) => {
                let space = found.make_space(SPACE)?;
                found.make_scene(&space, shape)?;
                Ok(Self::Found(found, space))
            }
        }
    }

    /// The namespace of the scene.
    #[must_use]
    pub fn space(&self) -> &str {
        match self {
            Self::Lab(_) => SPACE,
            Self::Found(_, space) => space,
        }
    }

    /// kubectl in that.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, StandInError> {
        match self {
            Self::Lab(scene) => scene.kubectl(args),
            Self::Found(found, space) => found.kubectl(&[&["-n", space], args].concat()),
        }
    }

    /// An object of it, as `kind/name`.
    ///
    /// # Errors
    /// There is none.
    pub fn object(&self, what: &str) -> Result<Value, StandInError> {
        let text = self.kubectl(&["get", what, "-o", "json"])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// What Connect answers to a GET.
    ///
    /// # Errors
    /// It does not answer.
    pub fn connect(&self, path: &str) -> Result<Value, StandInError> {
        let url = format!("http://localhost:8083{path}");
        let (pod, container) = ("feeder-mirrormaker2-0", "feeder-mirrormaker2");
        let words = ["exec", pod, "-c", container, "--", "curl", "-s", &url];
        let text = self.kubectl(&words)?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
