//! What Linux knows of a process: CPU time, memory, and where it may run.

use std::fs;
use std::process::{Command, Stdio};

/// Nanoseconds on a CPU, all threads that live, as the scheduler counts them:
/// /proc/PID/stat has only ticks of 10 ms.
pub fn cpu_ns(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    times.sum()
}

/// Resident memory in MiB.
pub fn rss_mib(pid: u32) -> f64 {
    status(pid, "VmRSS:")
        .and_then(|v| v.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(f64::NAN, |kib| kib / 1024.0)
}

/// The CPUs this process may use.
pub fn cpus() -> Vec<u32> {
    let list = status(std::process::id(), "Cpus_allowed_list:").unwrap_or_default();
    let ranges = list.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

/// Confines all threads of a process, and those they start, to these CPUs.
pub fn pin(pid: u32, cpus: &[u32]) -> bool {
    let list: Vec<_> = cpus.iter().map(u32::to_string).collect();
    Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", &list.join(","), &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

fn status(pid: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|l| Some(l.strip_prefix(field)?.trim().to_owned()))
}
