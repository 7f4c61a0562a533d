//! Starts the command-line interface. Everything else is in the library, which cannot import it.

mod cli;

/// Memory that is given back is overwritten first: copies of secrets that libraries made go with it.
#[global_allocator]
static WIPED_WHEN_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    cli::main()
}
