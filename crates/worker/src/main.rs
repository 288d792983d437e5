//! The program `worker`. Everything is in the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::main()
}
