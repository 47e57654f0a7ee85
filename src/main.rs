//! The thin binary over the library.

fn main() -> std::process::ExitCode {
    credyt_integrate::cli::main()
}
