//! The program `worker`. Everything is in the library of the same name.

use std::{alloc::System, process::ExitCode};

use zeroizing_alloc::ZeroAlloc;

/// Wipes memory when it is freed, so that no buffer of a library leaves a card key or a secret behind.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    worker::main()
}
