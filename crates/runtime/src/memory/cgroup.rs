//! The memory that Linux lets this process use, as its control group says.

use std::fs;
use std::path::{Path, PathBuf};

/// The least limit of the process's control groups; none where there is no limit, or no Linux.
pub(super) fn limit() -> Option<u64> {
    limit_in(|path| fs::read_to_string(path).ok())
}

fn limit_in(read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let groups = read(Path::new("/proc/self/cgroup"))?;
    let files = groups.lines().filter_map(files_of).flatten();
    let limits = files.filter_map(|file| read(&file)?.trim().parse().ok());
    limits.filter(|limit| *limit < NO_LIMIT).min()
}

/// Version 1 writes the largest number of whole pages where there is no limit; version 2, `max`.
const NO_LIMIT: u64 = 1 << 60;

/// The files that may hold the limit of one line of `/proc/self/cgroup`: the group's own and those
/// above it. In a container the group is often the root of what can be seen, whatever its name.
fn files_of(line: &str) -> Option<impl Iterator<Item = PathBuf>> {
    let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
    let (root, file) = if controllers.is_empty() {
        ("/sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|each| each == "memory") {
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return None;
    };
    let groups: Vec<_> = Path::new(group)
        .ancestors()
        .map(|group| {
            let group = group.strip_prefix("/").unwrap_or(group);
            Path::new(root).join(group).join(file)
        })
        .collect();
    Some(groups.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_with(files: &[(&str, &str)]) -> Option<u64> {
        limit_in(|path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path)?;
            Some(file.1.to_owned())
        })
    }

    #[test]
    fn a_pod_sees_its_own_limit_at_the_root() {
        let own = ("/proc/self/cgroup", "0::/\n");
        let file = "/sys/fs/cgroup/memory.max";
        assert_eq!(limit_with(&[own, (file, "67108864\n")]), Some(64 << 20));
        assert_eq!(limit_with(&[own, (file, "max\n")]), None);
        assert_eq!(limit_with(&[own]), None);
        assert_eq!(limit_with(&[]), None);
    }

    #[test]
    fn of_nested_groups_the_least_limit_counts() {
        let own = ("/proc/self/cgroup", "0::/system.slice/malha.service\n");
        let limits = [
            own,
            (
                "/sys/fs/cgroup/system.slice/malha.service/memory.max",
                "max\n",
            ),
            ("/sys/fs/cgroup/system.slice/memory.max", "1000000\n"),
            ("/sys/fs/cgroup/memory.max", "2000000\n"),
        ];
        assert_eq!(limit_with(&limits), Some(1_000_000));
    }

    #[test]
    fn version_1_is_read_too_also_where_the_container_does_not_know_its_groups_name() {
        let own = (
            "/proc/self/cgroup",
            "12:cpu,cpuacct:/kubepods/a\n4:memory:/kubepods/a\n0::/\n",
        );
        let file = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
        assert_eq!(limit_with(&[own, (file, "67108864\n")]), Some(64 << 20));
        assert_eq!(limit_with(&[own, (file, "9223372036854771712\n")]), None);
        let least_that_is_none = NO_LIMIT.to_string();
        assert_eq!(limit_with(&[own, (file, &least_that_is_none)]), None);
        // Only the group of the memory has a say in it.
        let own = ("/proc/self/cgroup", "12:cpu:/elsewhere\n4:memory:/own\n");
        let elsewhere = "/sys/fs/cgroup/memory/elsewhere/memory.limit_in_bytes";
        let file = "/sys/fs/cgroup/memory/own/memory.limit_in_bytes";
        let limits = [own, (elsewhere, "1000\n"), (file, "2000\n")];
        assert_eq!(limit_with(&limits), Some(2000));
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        for line in ["", "4", "4:memory", "0::", "::::"] {
            let own = ("/proc/self/cgroup", line);
            let file = ("/sys/fs/cgroup/memory.max", "-1\n");
            assert_eq!(limit_with(&[own, file]), None, "{line}");
        }
    }
}
