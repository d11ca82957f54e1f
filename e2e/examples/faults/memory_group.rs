//! The memory limit of a pod, put on a process of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::process::Command;

/// A control group with a limit on memory, removed when it is dropped: its processes have ended then.
#[derive(Debug)]
pub(crate) struct MemoryGroup(PathBuf);

/// Joins the group before it becomes the program, so that the program never sees another limit.
const JOIN: &str = r#"echo $$ > "$0/cgroup.procs" && exec "$1""#;

impl MemoryGroup {
    /// One below the group of this process; none where this machine lets nobody make one.
    pub(crate) fn make(bytes: u64) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let (parent, file) = own.lines().find_map(of_memory)?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("malha-faults-{}-{number}", std::process::id());
        let path = parent.join(name);
        fs::create_dir(&path).ok()?;
        let group = Self(path);
        let limited = fs::write(group.0.join(file), bytes.to_string());
        limited.is_ok().then_some(group)
    }

    /// The program as a process of this group.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(JOIN).arg(&self.0).arg(program);
        command
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // One that is left behind is empty, and holds nothing.
        let _ = fs::remove_dir(&self.0);
    }
}

/// The directory of the group that a line of `/proc/self/cgroup` names, if it can limit memory, and
/// the file of the limit: version 1, or version 2 where memory is delegated.
fn of_memory(line: &str) -> Option<(PathBuf, &'static str)> {
    let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
    let group = group.trim_start_matches('/');
    let (root, file) = match controllers {
        "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        "" => ("/sys/fs/cgroup", "memory.max"),
        _ => return None,
    };
    let path = Path::new(root).join(group);
    let delegated = |path: &Path| {
        let file = fs::read_to_string(path.join("cgroup.subtree_control")).ok()?;
        file.contains("memory").then_some(())
    };
    let is_there = path.join("cgroup.procs").exists();
    let can = is_there && (controllers == "memory" || delegated(&path).is_some());
    can.then_some((path, file))
}
