//! The programs of servers: found on this system, or installed from its packages.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex},
};

/// The folder of programs where all of these are, after the package that has them was installed if need be.
pub(crate) fn folder_of(programs: &[&str], package: &str, places: impl Fn() -> Vec<PathBuf>) -> PathBuf {
    // Every test that needs a server comes here at the same time.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = places().into_iter().chain(std::env::split_paths(&path)).chain(["/usr/sbin".into()]);
        places.find(|place| programs.iter().all(|program| place.join(program).exists()))
    };
    if let Some(found) = find() {
        return found;
    }
    let why = install(package);
    find().unwrap_or_else(|| {
        panic!(
            "these tests start {programs:?}, which are not on this system and could not be installed ({why}): install \
             the package, on Debian and Ubuntu by `apt-get install {package}`, on macOS by `brew install {package}`"
        )
    })
}

/// Where PostgreSQL's programs are.
pub(crate) fn of_postgres() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        folder_of(&["initdb", "pg_ctl", "postgres", "pg_isready"], "postgresql", || {
            let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
            let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
            installed.sort();
            installed.reverse();
            installed
        })
    });
    &FOUND
}

/// Installs a package of the distribution, where that can be done without asking anybody. What came of it.
fn install(package: &str) -> String {
    if !Path::new("/usr/bin/apt-get").exists() {
        return "there is no apt-get".to_owned();
    }
    let apt = |args: &[&str]| {
        let mut command = if is_root() { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root() {
            command.args(["-n", "apt-get"]);
        }
        // Other test programs may be at it as well.
        command.args(["-o", "DPkg::Lock::Timeout=300", "-q", "-y"]).args(args).env("DEBIAN_FRONTEND", "noninteractive");
        match command.output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    };
    eprintln!("installing the package {package}, whose programs these tests start");
    let installed = apt(&["update"]).and_then(|()| apt(&["install", "--no-install-recommends", package]));
    installed.map_or_else(|why| why, |()| "it was installed without them".to_owned())
}

/// A program that refuses to run as root, run as somebody else there.
pub(crate) fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

/// Gives a folder to whom [`as_nobody`] runs programs as.
pub(crate) fn give_to_nobody(folder: &Path) {
    if is_root() {
        std::os::unix::fs::chown(folder, Some(65534), Some(65534)).unwrap();
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
