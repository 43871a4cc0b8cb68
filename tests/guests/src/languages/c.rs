//! C, compiled by Debian's clang and linked by what Rust brings along for its own guests: `wasm-component-ld`, `wasm-ld` and
//! wasi-libc. So it costs a compiler of 54 MB and no SDK of 400.
//!
//! The bindings in `c/bindings` were generated, and are checked in because their generator takes longer to build than
//! everything else here: `cargo install wit-bindgen-cli --version 0.63.0 --no-default-features --features c`, then
//! `wit-bindgen c wit --world plugin-typed --out-dir tests/guests/c/bindings`.

use super::{Absent, is_fresh, run};
use crate::built::{folder, here};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Any of them will do; the first that is there is taken.
const COMPILERS: &[&str] = &["clang-14", "clang", "clang-16", "clang-19"];
const INSTALL: &str = "apt-get install -y --no-install-recommends clang-14 wasi-libc";
/// Where Debian puts the headers of wasi-libc.
const HEADERS: &str = "/usr/include/wasm32-wasi";
const SOURCES: &[&str] = &["plugin.c", "bindings/plugin_typed.c"];

pub(super) fn build() -> Result<PathBuf, Absent> {
    let compiler = COMPILERS.iter().find(|name| can_compile(name));
    let compiler = compiler.ok_or_else(|| Absent(format!("no clang for wasm32 and wasi-libc; {INSTALL}")))?;
    let out = folder().join("c");
    let made = out.join("in-c.wasm");
    let from = |name: &&str| here().join("c").join(name);
    let mut inputs: Vec<PathBuf> = SOURCES.iter().map(from).collect();
    inputs.extend(["bindings/plugin_typed.h", "bindings/plugin_typed_component_type.o"].iter().map(from));
    if is_fresh(&made, &inputs) {
        return Ok(made);
    }
    std::fs::create_dir_all(&out).expect("the target folder can be written to");
    let mut objects = Vec::new();
    for source in SOURCES {
        let object = out.join(source.replace('/', "-")).with_extension("o");
        let mut command = Command::new(compiler);
        command.args(["--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-isystem", HEADERS, "-c"]);
        run(command.arg(from(source)).arg("-o").arg(&object));
        objects.push(object);
    }
    link(&objects, &made);
    Ok(made)
}

/// Whether it is there, knows the target, and finds a header.
fn can_compile(compiler: &str) -> bool {
    let mut command = Command::new(compiler);
    command.args([
        "--target=wasm32-wasi",
        "-isystem",
        HEADERS,
        "-fsyntax-only",
        "-include",
        "stdlib.h",
        "-x",
        "c",
        "/dev/null",
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn link(objects: &[PathBuf], made: &std::path::Path) {
    let rustlib = wasmill_artifacts::sysroot().expect("the guests in Rust were built").join("lib/rustlib");
    let host = std::fs::read_dir(&rustlib).expect("a toolchain has targets").flatten();
    let mut tools = host.map(|target| target.path().join("bin")).filter(|bin| bin.join("wasm-component-ld").is_file());
    let tools = tools.next().expect("a toolchain that builds for wasm32-wasip2 brings its linker");
    let libc = rustlib.join("wasm32-wasip2/lib/self-contained");
    let mut command = Command::new(tools.join("wasm-component-ld"));
    command.arg("--wasm-ld-path").arg(tools.join("gcc-ld/wasm-ld")).args(["--no-entry", "--strip-debug"]);
    command.arg("-L").arg(&libc).arg(libc.join("crt1-reactor.o")).args(objects);
    command.arg(here().join("c/bindings/plugin_typed_component_type.o"));
    run(command.args(["-lc", "-o"]).arg(made));
}
