//! The desktop program.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match mobile_multimodal_app::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where there is no window, a terminal is the only place left to say why.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            ExitCode::FAILURE
        }
    }
}
