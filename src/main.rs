//! Starts the front desk. Everything else is in the library, which cannot import it.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
