//! A limit of a pod, put on a process of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::process::Command;

/// What a pod may use of its machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resource {
    /// So many bytes of memory.
    Memory(u64),
    /// So many thousandths of a core.
    Cpu(u32),
}

/// A control group with a limit, removed when it is dropped: its processes have ended then.
#[derive(Debug)]
pub(crate) struct ControlGroup(PathBuf);

/// Joins the group before it becomes the program, so that the program never sees another limit.
const JOIN: &str = r#"echo $$ > "$0/cgroup.procs" && exec "$1""#;

/// Microseconds after which a process that has used up its share of a core goes on: a tenth of what
/// Kubernetes sets, so that calls wait for what is there to do and not for their turn.
const PERIOD: u32 = 10_000;

impl ControlGroup {
    /// One below the group of this process; none where this machine lets nobody make one.
    pub(crate) fn make(limit: Resource) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let find = |line| parent_and_files(line, limit);
        let (parent, files) = own.lines().find_map(find)?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("malha-faults-{}-{number}", std::process::id());
        let path = parent.join(name);
        fs::create_dir(&path).ok()?;
        let group = Self(path);
        for (file, content) in files {
            fs::write(group.0.join(file), content).ok()?;
        }
        Some(group)
    }

    /// The program as a process of this group.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(JOIN).arg(&self.0).arg(program);
        command
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // One that is left behind is empty, and holds nothing.
        let _ = fs::remove_dir(&self.0);
    }
}

/// A file of a group, and what is written into it.
type Files = Vec<(&'static str, String)>;

/// The directory of the group that a line of `/proc/self/cgroup` names, if groups below can have such a
/// limit, and the files that set it: version 1, or version 2 where the resource is delegated.
fn parent_and_files(line: &str, limit: Resource) -> Option<(PathBuf, Files)> {
    let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
    let (controller, first, second) = match limit {
        Resource::Memory(bytes) => (
            "memory",
            vec![("memory.limit_in_bytes", bytes.to_string())],
            vec![("memory.max", bytes.to_string())],
        ),
        Resource::Cpu(thousandths) => {
            let quota = PERIOD / 1000 * thousandths;
            let period = ("cpu.cfs_period_us", PERIOD.to_string());
            (
                "cpu",
                vec![period, ("cpu.cfs_quota_us", quota.to_string())],
                vec![("cpu.max", format!("{quota} {PERIOD}"))],
            )
        }
    };
    let is_second = controllers.is_empty();
    let root = Path::new("/sys/fs/cgroup");
    let root = match controllers {
        "" => root.to_owned(),
        _ if controllers.split(',').any(|name| name == controller) => root.join(controllers),
        _ => return None,
    };
    let path = root.join(group.trim_start_matches('/'));
    let delegated = || {
        let file = fs::read_to_string(path.join("cgroup.subtree_control")).ok();
        file.is_some_and(|file| file.split_whitespace().any(|name| name == controller))
    };
    let can = path.join("cgroup.procs").exists() && (!is_second || delegated());
    can.then_some((path, if is_second { second } else { first }))
}
