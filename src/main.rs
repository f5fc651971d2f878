//! The native command line. All commands live in `sluice::cli`.

fn main() -> std::process::ExitCode {
    sluice::cli::main()
}
