//! The program on a lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use slackwater_cut::Cut;
use slackwater_lab::{CONFIG_TOPIC, Lab, OFFSET_TOPIC, OpenCopy, Restored, STATUS_TOPIC};

use crate::{Finished, SceneError};

/// A lab, the program, and the program's configuration for it.
pub struct Scene {
    /// The clusters.
    pub lab: Lab,
    program: PathBuf,
    dir: PathBuf,
}

/// For [`Scene::new`] where a mirror is loaded: it shares a small machine with
/// two clusters and the load, and may take longer than most to pass what the
/// source has accepted. Nothing stands still meanwhile.
pub const PATIENT: &str = "limits: {coverWait: 90s}\n";

/// Exports of phases in one run: so many recordings it has.
pub const EXPORTS: usize = 6;

/// For a guard that ends.
const RECORDED: Duration = Duration::from_secs(10);

/// A throw-away clone of the image, whose journal is replayed by a mount that
/// may write; from then on it is only read. The snapshot itself is never
/// mounted.
const OPEN: &str = "set -e; cp --reflink=always \"$1\" \"$1.open\"; \
                    mount -o loop \"$1.open\" \"$2\"; mount -o remount,ro \"$2\"";

/// Unmounts the clone and removes it; finding nothing to do is success.
const CLOSE: &str = "umount \"$2\" 2>/dev/null; rm -f \"$1.open\"";

impl Scene {
    /// Writes a configuration for `lab`. `more` is added to it, as YAML of
    /// top-level keys.
    ///
    /// # Errors
    /// A program that is not built; a directory that can't be written.
    pub fn new(lab: Lab, more: &str) -> Result<Self, SceneError> {
        let program = program()?;
        let dir = lab.run_dir().join("slackwater");
        fs::create_dir_all(&dir).map_err(SceneError::io("create", &dir))?;
        let scene = Self { lab, program, dir };
        scene.share_compiled_phases()?;
        scene.configure(more)?;
        Ok(scene)
    }

    /// Each store compiles the phases once, which takes seconds: the labs'
    /// stores share them, beside the program.
    fn share_compiled_phases(&self) -> Result<(), SceneError> {
        let shared = self.program.with_file_name("compiled-phases");
        let link = self.store().join("compiled");
        for dir in [&shared, &self.store()] {
            fs::create_dir_all(dir).map_err(SceneError::io("create", dir))?;
        }
        std::os::unix::fs::symlink(&shared, &link).map_err(SceneError::io("link", &link))
    }

    /// Writes the configuration anew, with other additions.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn configure(&self, more: &str) -> Result<(), SceneError> {
        let file = self.config();
        fs::write(&file, self.yaml() + more).map_err(SceneError::io("write", &file))
    }

    /// Changes the configuration's text.
    ///
    /// # Errors
    /// A file that can't be read or written.
    pub fn rewrite(&self, change: impl FnOnce(&str) -> String) -> Result<(), SceneError> {
        let file = self.config();
        let text = fs::read_to_string(&file).map_err(SceneError::io("read", &file))?;
        fs::write(&file, change(&text)).map_err(SceneError::io("write", &file))
    }

    /// A file of this scene's own.
    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The folder of a run's recordings, when all of them are there: the
    /// guard writes its own when it ends, which is after the backup has.
    ///
    /// # Errors
    /// Fewer.
    pub fn recordings(&self, cut: &Cut) -> Result<PathBuf, SceneError> {
        let folder = self.store().join("recordings").join(&cut.run_id);
        crate::wait_until("the recordings", RECORDED, || {
            fs::read_dir(&folder).is_ok_and(|all| all.count() == EXPORTS)
        })?;
        Ok(folder)
    }

    /// Copies a run's recordings into a new folder, with the components that
    /// made them, compressed.
    ///
    /// # Errors
    /// A folder that is there, files that can't be copied.
    pub fn keep_recordings(&self, cut: &Cut, folder: &Path) -> Result<(), SceneError> {
        let recordings = self.store().join("recordings").join(&cut.run_id);
        fs::create_dir(folder).map_err(SceneError::io("make", folder))?;
        for entry in fs::read_dir(&recordings).map_err(SceneError::io("list", &recordings))? {
            let from = entry.map_err(SceneError::io("list", &recordings))?.path();
            let to = folder.join(from.file_name().unwrap_or_default());
            fs::copy(&from, &to).map_err(SceneError::io("copy", &from))?;
        }
        let plain = self.at("components");
        let into = plain.display().to_string();
        self.run(&["version", "--components", &into])?.expect(0)?;
        for entry in fs::read_dir(&plain).map_err(SceneError::io("list", &plain))? {
            let from = entry.map_err(SceneError::io("list", &plain))?.path();
            let mut name = from.file_name().unwrap_or_default().to_owned();
            name.push(".zst");
            let bytes = fs::read(&from).map_err(SceneError::io("read", &from))?;
            let to = folder.join(name);
            let packed = zstd::encode_all(bytes.as_slice(), 19);
            packed
                .and_then(|packed| fs::write(&to, packed))
                .map_err(SceneError::io("write", &to))?;
        }
        Ok(())
    }

    /// The configuration's file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("mirror.yaml")
    }

    /// The program's store.
    pub fn store(&self) -> PathBuf {
        self.dir.join("store")
    }

    fn yaml(&self) -> String {
        let volumes: String = self
            .lab
            .mirror()
            .brokers()
            .iter()
            .map(|broker| {
                format!(
                    "  - {{name: volume-{id}, broker: {id}, path: {}}}\n",
                    broker.mount_point().display(),
                    id = broker.id()
                )
            })
            .collect();
        format!(
            "apiVersion: slackwater/v1beta1\n\
             kind: Mirror\n\
             metadata: {{name: lab}}\n\
             store: {store}\n\
             mirror: {{bootstrap: \"{mirror}\"}}\n\
             sources:\n  - {{alias: source, bootstrap: \"{source}\"}}\n\
             connect:\n  - url: {connect}\n    topics: {{config: {CONFIG_TOPIC}, offset: \
             {OFFSET_TOPIC}, status: {STATUS_TOPIC}}}\n\
             volumes:\n{volumes}\
             snapshot:\n{snapshot}",
            store = self.store().display(),
            mirror = self.lab.mirror().bootstrap(),
            source = self.lab.source().bootstrap(),
            connect = self.lab.connect().url(),
            snapshot = self.snapshot_yaml(),
        )
    }

    /// With images, a snapshot is a clone of the image at one instant, as
    /// real storage makes it; with directories it is a copy of the files.
    fn snapshot_yaml(&self) -> String {
        let images = self.lab.mirror().brokers()[0]
            .image()
            .and_then(Path::parent);
        match (images, self.lab.snapshots_dir()) {
            (Some(images), Some(snapshots)) => {
                let (images, snapshots) = (images.display(), snapshots.display());
                format!(
                    "  command:\n    \
                     snapshot: \"{{run}}-{{volume}}.img\"\n    \
                     create: [cp, --reflink=always, \"{images}/{{volume}}.img\", \"{snapshots}/{{snapshot}}\"]\n    \
                     delete: [rm, -f, \"{snapshots}/{{snapshot}}\"]\n    \
                     list: [ls, \"{snapshots}\"]\n    \
                     open: [sh, -c, '{OPEN}', open, \"{snapshots}/{{snapshot}}\", \"{{target}}\"]\n    \
                     close: [sh, -c, '{CLOSE}', close, \"{snapshots}/{{snapshot}}\", \"{{target}}\"]\n    \
                     restore: [cp, --reflink=always, \"{snapshots}/{{snapshot}}\", \"{{target}}.img\"]\n"
                )
            }
            _ => format!(
                "  copy: {{into: {}}}\n",
                self.dir.join("snapshots").display()
            ),
        }
    }

    /// The program with these arguments and this configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env("SLACKWATER_CONFIG", self.config())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn run(&self, args: &[&str]) -> Result<Finished, SceneError> {
        let output = self
            .command(args)
            .output()
            .map_err(SceneError::io("run", &self.program))?;
        Ok(Finished::of(output))
    }

    /// Starts it. Whoever takes it waits for it.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn start(&self, args: &[&str]) -> Result<Child, SceneError> {
        self.command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(SceneError::io("start", &self.program))
    }

    /// `slackwater backup`, with plain copies allowed where there is nothing
    /// better, and its cut.
    ///
    /// # Errors
    /// An end with another code than `code`; a cut that can't be read.
    pub fn backup(&self, more: &[&str], code: i32) -> Result<(Finished, Cut), SceneError> {
        let finished = self.backup_as_it_ends(more)?.expect(code)?;
        let cut = cut_of(&finished)?;
        Ok((finished, cut))
    }

    /// The same, however it ends.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn backup_as_it_ends(&self, more: &[&str]) -> Result<Finished, SceneError> {
        let mut args = vec!["backup", "--output", "json"];
        if self.lab.snapshots_dir().is_none() {
            args.push("--allow-plain-copy");
        }
        args.extend(more);
        self.run(&args)
    }

    /// Restores the snapshot of `run` and starts it, isolated.
    ///
    /// # Errors
    /// A restore that failed; a cluster that does not come up.
    pub fn restore(&self, run: &str) -> Result<Restored, SceneError> {
        let copies = self.restore_volumes(run)?;
        Ok(self.lab.start_restored(&copies)?)
    }

    /// Restores the snapshot of `run` into new volumes: image files, or
    /// directories.
    ///
    /// # Errors
    /// A restore that failed.
    pub fn restore_volumes(&self, run: &str) -> Result<Vec<(i32, PathBuf)>, SceneError> {
        let copies = self.copies_dir();
        fs::create_dir_all(&copies).map_err(SceneError::io("create", &copies))?;
        let at = copies.join(format!("restored-{run}"));
        let target = |id: i32| PathBuf::from(format!("{}-{id}", at.display()));
        let ids: Vec<i32> = self
            .lab
            .mirror()
            .brokers()
            .iter()
            .map(|one| one.id())
            .collect();
        let to: Vec<String> = ids
            .iter()
            .map(|id| format!("--to=volume-{id}={}", target(*id).display()))
            .collect();
        let mut args = vec!["restore", run];
        args.extend(to.iter().map(String::as_str));
        if self.lab.snapshots_dir().is_none() {
            args.push("--allow-plain-copy");
        }
        self.run(&args)?.expect(0)?;
        Ok(ids
            .iter()
            .map(|id| {
                let target = target(*id);
                match self.lab.snapshots_dir() {
                    Some(_) => (*id, PathBuf::from(format!("{}.img", target.display()))),
                    None => (*id, target),
                }
            })
            .collect())
    }

    /// Where copies of volumes belong.
    fn copies_dir(&self) -> PathBuf {
        self.lab
            .snapshots_dir()
            .unwrap_or_else(|| self.dir.join("restored"))
    }

    /// Throw-away copies of copies, opened, so that the copies stay what they
    /// are.
    ///
    /// # Errors
    /// A copy or a mount that failed.
    pub fn open(&self, copies: &[(i32, PathBuf)], name: &str) -> Result<Vec<OpenCopy>, SceneError> {
        let mut clones = Vec::new();
        for (id, copy) in copies {
            let clone = self.copies_dir().join(format!("{name}-{id}"));
            let copied = Command::new("cp")
                .args(["-r", "--reflink=auto", "--sparse=auto"])
                .args([copy, &clone])
                .status()
                .map_err(SceneError::io("copy", copy))?;
            if !copied.success() {
                let what = format!("can't copy {}: {copied}", copy.display());
                return Err(SceneError::Unexpected(what));
            }
            clones.push((*id, clone));
        }
        Ok(self.lab.open_copies(&clones)?)
    }

    /// `slackwater validate` of restored volumes, of which no broker has
    /// started; the judged cut is saved in a new file where one is named.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn validate_volumes(
        &self,
        opened: &[OpenCopy],
        cut: &str,
        save: Option<&Path>,
    ) -> Result<Finished, SceneError> {
        let mut args = vec!["validate".to_owned(), "--output=json".to_owned()];
        args.push(format!("--cut={cut}"));
        args.extend(
            opened
                .iter()
                .map(|one| format!("--volume=volume-{}={}", one.broker(), one.path().display())),
        );
        args.extend(save.map(|file| format!("--save={}", file.display())));
        self.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `slackwater compare` of the source with restored volumes, up to a cut.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn compare_volumes(&self, opened: &[OpenCopy], cut: &str) -> Result<Finished, SceneError> {
        let mut args = vec!["compare".to_owned(), "--output=json".to_owned()];
        args.push(format!("--up-to={cut}"));
        args.extend(
            opened
                .iter()
                .map(|one| format!("--mirror-dir={}", one.path().display())),
        );
        self.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `slackwater validate` against a restored cluster, from within its
    /// isolation; the judged cut is saved in a new file where one is named.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn validate(
        &self,
        restored: &Restored,
        cut: &str,
        save: Option<&Path>,
    ) -> Result<Finished, SceneError> {
        let mut words = restored.exec_prefix();
        words.push(self.program.display().to_string());
        let bootstrap = restored.bootstrap();
        words.extend(
            [
                "validate",
                "--output",
                "json",
                "--cut",
                cut,
                "--bootstrap",
                &bootstrap,
            ]
            .map(str::to_owned),
        );
        if let Some(file) = save {
            words.extend(["--save".to_owned(), file.display().to_string()]);
        }
        let output = Command::new(&words[0])
            .args(&words[1..])
            .env("SLACKWATER_CONFIG", self.config())
            .stdin(Stdio::null())
            .output()
            .map_err(SceneError::io("run", &self.program))?;
        Ok(Finished::of(output))
    }
}

/// The cut that a backup has printed.
///
/// # Errors
/// It has printed none.
pub fn cut_of(backup: &Finished) -> Result<Cut, SceneError> {
    Cut::parse(&backup.stdout)
        .map_err(|error| SceneError::Unexpected(format!("{error}: {}", backup.stderr)))
}

/// The program: as said in the environment, else beside this one.
///
/// # Errors
/// One that is not built.
pub fn program() -> Result<PathBuf, SceneError> {
    if let Some(program) = std::env::var_os("SLACKWATER_BIN") {
        return Ok(program.into());
    }
    let me = std::env::current_exe().map_err(SceneError::io("find", Path::new("this program")))?;
    me.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("slackwater"))
        .find(|program| program.is_file())
        .ok_or_else(|| SceneError::NoProgram(me.with_file_name("slackwater")))
}
