//! The desktop program.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

#[cfg(target_os = "linux")]
mod web_view;

use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: the first line of the program, when no other thread can read the environment.
    unsafe { std::env::set_var(mm_core::runtime::NO_TELEMETRY_VARIABLE, "1") };
    #[cfg(target_os = "linux")]
    web_view::prepare();
    match mobile_multimodal_app::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where there is no window, a terminal is the only place left to say why.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            ExitCode::FAILURE
        }
    }
}
