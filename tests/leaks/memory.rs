//! The memory of a worker that has no open order: what a core image would contain.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::FileExt,
};

/// The writable memory of a process: heap, stacks and everything that is mapped for writing. The block of the environment is
/// left out, which the kernel keeps at the end of the stack.
///
/// # Errors
/// The kernel forbids this user to read it.
pub(crate) fn writable_memory(process: u32) -> std::io::Result<Vec<Vec<u8>>> {
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let environment = environment_block(process);
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // Memory that was unmapped in between has nothing to search.
        if memory.read_exact_at(&mut bytes, start).is_err() {
            continue;
        }
        if (start..end).contains(&environment.0) {
            let at = usize::try_from(environment.0 - start).unwrap();
            let length = usize::try_from(environment.1.min(end) - environment.0).unwrap();
            bytes[at..at + length].fill(0);
        }
        regions.push(bytes);
    }
    Ok(regions)
}

/// The addresses of the block that `/proc/PID/environ` shows.
fn environment_block(process: u32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name of the program, in parentheses, may contain spaces.
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let fields: Vec<_> = fields.split(' ').collect();
    // The fields 50 and 51 of proc(5), counted from the third.
    let [start, end] = [47, 48].map(|at: usize| fields[at].parse().unwrap());
    (start, end)
}

#[test]
fn memory_of_a_process_can_be_searched() {
    let marker = crate::search::Secret::random("marker");
    let memory = writable_memory(std::process::id()).unwrap();
    let search = crate::search::Search::new(std::slice::from_ref(&marker));
    let found: BTreeSet<_> = memory.iter().flat_map(|bytes| search.find(bytes)).collect();
    assert!(!found.is_empty());
}
