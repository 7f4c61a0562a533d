//! How a process ends that held secrets: what its calls left on the stack is overwritten, and the C library's last work is
//! done by a thread that never saw a secret.
//!
//! The heap is overwritten as it is freed (main.rs), and secrets of our own types when they are dropped; this is for what
//! libraries and the compiler left where no type is. At exit the dynamic linker writes all vector registers to the
//! stack of the thread that runs it, when a library's last function is found late; copies of secrets go through those
//! registers, and safe code cannot clear them. Must not know any secret.

use std::{
    hint::black_box,
    process::ExitCode,
    sync::{OnceLock, mpsc},
    thread,
};

/// Deeper than the calls of any command that holds a secret, and a small part of the smallest usual stack.
const STACK: usize = 512 * 1024;

/// The thread to tell that the process is to end, once there is one.
static ENDER: OnceLock<mpsc::Sender<u8>> = OnceLock::new();

/// Starts the thread that will end this process: before the seal, which lets no thread start.
pub(super) fn prepare() {
    let (tell, told) = mpsc::channel();
    let end = move || {
        if let Ok(code) = told.recv() {
            std::process::exit(i32::from(code));
        }
    };
    // Without that thread the process ends as any other.
    if thread::Builder::new().spawn(end).is_ok() {
        let _ = ENDER.set(tell);
    }
}

/// Ends with this exit code. The caller must have no secret in a place of its own.
pub(super) fn with(code: u8) -> ExitCode {
    wipe_stack();
    if let Some(ender) = ENDER.get()
        && ender.send(code).is_ok()
    {
        loop {
            thread::park();
        }
    }
    ExitCode::from(code)
}

#[inline(never)]
fn wipe_stack() {
    let room = [0u8; STACK];
    black_box(&room);
}
