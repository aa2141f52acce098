//! Writes libtorch's folder into the binary, so that `cargo run` and `cargo test` find it without `LD_LIBRARY_PATH`.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let libtorch = std::env::var("LIBTORCH").expect("LIBTORCH is set by .cargo/config.toml: run `make setup` first");
    let libtorch = std::fs::canonicalize(&libtorch)
        .unwrap_or_else(|_| panic!("there is no libtorch at {libtorch}: run `make setup` first"));
    // Beside the binary first: that is where an unpacked release keeps it.
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/libtorch/lib,-rpath,{}", libtorch.join("lib").display());
    // The CUDA libraries are opened at run time; one binary serves boxes with and without a card.
    println!("cargo:rustc-link-arg=-Wl,--as-needed");
}
