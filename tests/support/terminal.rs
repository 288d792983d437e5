use std::{
    fs::File,
    io::Read,
    process::{Command, Stdio},
};

use nix::pty::{Winsize, openpty};

/// The exit code of a command, and what it printed on a terminal.
pub struct Screen {
    /// The exit code.
    pub code: i32,
    /// Standard output and standard error together, with the escape codes of colours.
    pub text: String,
}

/// Runs a command on a terminal of this width.
pub fn run_on_terminal(mut command: Command, columns: u16) -> Screen {
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = openpty(&size, None).unwrap();
    let output = || Stdio::from(pair.slave.try_clone().unwrap());
    let mut process = command.stdout(output()).stderr(output()).spawn().unwrap();
    // The terminal ends when the last process that has it open ends.
    drop(command);
    drop(pair.slave);
    let mut bytes = Vec::new();
    // Linux ends the output with an error.
    let _ = File::from(pair.master).read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    let code = process.wait().unwrap().code().unwrap();
    Screen { code, text }
}
