//! The status of an ActionSet as the controller has it from one write to the next
//! (pkg/controller/controller.go:313-752). What surprises there:
//!
//! - it is `failed` before its deferPhase runs, and stays so;
//! - a deferPhase is never `running`; that it runs is in `progress.runningPhase`, which
//!   names it still when it is done, where the action had failed;
//! - an error of the deferPhase takes the place of the one before it;
//! - `artifacts` are the blueprint's templates until all went well.
//!
//! One action alone; its object's reference, percents and times are left out.

use serde_json::{Map, Value, json};

/// See the module.
pub(super) struct Status<'w> {
    status: Value,
    watch: &'w mut dyn FnMut(&Value),
}

impl<'w> Status<'w> {
    /// Of an action that has not begun (313-387, `initActionSetStatus`).
    pub(super) fn pending(
        name: &str,
        blueprint: &Value,
        action: &Value,
        watch: &'w mut dyn FnMut(&Value),
    ) -> Self {
        let pending = |phase: &Value| json!({"name": phase["name"], "state": "pending"});
        let phases = super::phases(action).into_iter().map(pending);
        let mut of_it = json!({
            "name": name,
            "blueprint": blueprint["metadata"]["name"],
            "phases": phases.collect::<Vec<_>>(),
            // No phase is one without a name.
            "deferPhase": super::deferred(action)
                .map_or_else(|| json!({"name": "", "state": ""}), pending),
        });
        if let Some(artifacts) = action["outputArtifacts"].as_object() {
            of_it["artifacts"] = json!(artifacts);
        }
        let status = json!({
            "state": "pending",
            "actions": [of_it],
            "error": {"message": ""},
            "progress": {},
        });
        let mut status = Self { status, watch };
        status.write();
        status
    }

    /// It is taken up (393-399, `handleActionSet`).
    pub(super) fn runs(&mut self) {
        self.status["state"] = "running".into();
        self.write();
    }

    /// What comes before its phases failed: its deferPhase will not run (415-432).
    pub(super) fn never_began(&mut self, why: &str) {
        self.fail(why);
        self.phase(0)["state"] = "failed".into();
        self.write();
    }

    /// A phase begins (582-596, `updateActionSetRunningPhase`).
    pub(super) fn phase_runs(&mut self, number: usize) {
        self.phase(number)["state"] = "running".into();
        let name = self.phase(number)["name"].clone();
        self.status["progress"]["runningPhase"] = name;
        self.write();
    }

    /// A phase has put this out (535-551, `runAction`).
    pub(super) fn phase_is_complete(&mut self, number: usize, output: &Map<String, Value>) {
        complete(self.phase(number), output);
        self.write();
    }

    /// A phase failed; those behind it stay as they are (524-534 and 562-570).
    pub(super) fn phase_failed(&mut self, number: usize, why: &str) {
        self.fail(why);
        self.phase(number)["state"] = "failed".into();
        self.write();
    }

    /// The deferPhase begins (476-482; no phase of the list has its name).
    pub(super) fn defer_runs(&mut self) {
        let name = self.defer()["name"].clone();
        self.status["progress"]["runningPhase"] = name;
        self.write();
    }

    /// It has put this out (628-634, `executeDeferPhase`).
    pub(super) fn defer_is_complete(&mut self, output: &Map<String, Value>) {
        complete(self.defer(), output);
        self.write();
    }

    /// It failed (618-627).
    pub(super) fn defer_failed(&mut self, why: &str) {
        self.fail(why);
        self.defer()["state"] = "failed".into();
        self.write();
    }

    /// All went well, and these are its artifacts, or can't be rendered (483-490; 657-752,
    /// `renderActionsetArtifacts` and `maybeSetActionSetStateComplete`).
    pub(super) fn completes(&mut self, artifacts: Result<Value, String>) {
        match artifacts {
            Ok(Value::Null) => {}
            Ok(artifacts) => self.status["actions"][0]["artifacts"] = artifacts,
            Err(why) => self.fail(&why),
        }
        self.write();
        self.status["progress"]["runningPhase"] = "".into();
        if !self.failed() {
            self.status["state"] = "complete".into();
        }
        self.write();
    }

    /// Whether anything failed so far.
    pub(super) fn failed(&self) -> bool {
        self.status["state"] == "failed"
    }

    /// As it stays.
    pub(super) fn end(self) -> Value {
        self.status
    }

    fn fail(&mut self, why: &str) {
        self.status["state"] = "failed".into();
        self.status["error"]["message"] = why.into();
        self.status["progress"]["runningPhase"] = "".into();
    }

    fn phase(&mut self, number: usize) -> &mut Value {
        &mut self.status["actions"][0]["phases"][number]
    }

    fn defer(&mut self) -> &mut Value {
        &mut self.status["actions"][0]["deferPhase"]
    }

    fn write(&mut self) {
        (self.watch)(&self.status);
    }
}

fn complete(phase: &mut Value, output: &Map<String, Value>) {
    phase["state"] = "complete".into();
    if !output.is_empty() {
        phase["output"] = json!(output);
    }
}
