//! The build script of Lambda's programs: on Linux each is linked for a fixed place in memory. What is linked for any place
//! writes 70,000 addresses anew at each cold start, and is a sixth larger for having to know them.

fn main() {
    println!("cargo::rerun-if-env-changed=CARGO_CFG_TARGET_OS");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
