//! The generated crates: a workspace of their own, with the versions that this one has locked.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::sources::Flavour;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Writes the crates of both flavours with so many and so few functions.
    pub(crate) fn create(many: usize, few: usize) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_time");
        let mut members = Vec::new();
        for flavour in Flavour::BOTH {
            for jobs in [many, few] {
                let name = flavour.crate_name(jobs);
                let member = folder.join(&name);
                fs::create_dir_all(member.join("src")).unwrap();
                fs::write(member.join("Cargo.toml"), flavour.manifest(&name, ROOT)).unwrap();
                fs::write(member.join("src/main.rs"), flavour.source(jobs)).unwrap();
                members.push(name);
            }
        }
        let profile = "[profile.release]\nstrip = true\n";
        let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{profile}");
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        Self { folder }
    }

    /// Compiles everything once, so that the samples find all but their crate ready.
    pub(crate) fn build_dependencies(&self) {
        self.cargo(&["check", "--workspace"]);
        self.cargo(&["build", "--release", "--workspace"]);
    }

    /// Seconds that cargo takes when the crate alone has changed.
    pub(crate) fn time(&self, arguments: &[&str], flavour: Flavour, jobs: usize) -> f64 {
        let name = flavour.crate_name(jobs);
        let source = self.folder.join(&name).join("src/main.rs");
        fs::write(source, flavour.source(jobs)).unwrap();
        let before = Instant::now();
        self.cargo(&[arguments, &["--package", &name]].concat());
        before.elapsed().as_secs_f64()
    }

    /// The crate's source after macros. The compiler shows it only when it believes to be a nightly one, which changes
    /// how some dependencies build themselves: hence another target folder.
    pub(crate) fn expanded(&self, flavour: Flavour, jobs: usize) -> String {
        let name = flavour.crate_name(jobs);
        let mut command = self.command(&["rustc", "--profile", "check", "--package", &name]);
        command.args(["--target-dir", "target/expanded", "--", "-Zunpretty=expanded"]).env("RUSTC_BOOTSTRAP", "1");
        String::from_utf8(run(command)).unwrap()
    }

    pub(crate) fn program_size(&self, flavour: Flavour, jobs: usize) -> u64 {
        let name = format!("{}{}", flavour.crate_name(jobs), std::env::consts::EXE_SUFFIX);
        fs::metadata(self.folder.join("target/release").join(name)).unwrap().len()
    }

    fn cargo(&self, arguments: &[&str]) {
        run(self.command(arguments));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).arg("--quiet").current_dir(&self.folder);
        // Whatever the outer cargo was told is not meant for this one.
        command.env("CARGO_INCREMENTAL", "0").env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        command
    }
}

fn run(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
