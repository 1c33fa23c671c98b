//! Generates the code of the schemas, without a system `protoc`.

use std::io::Result;

const SCHEMAS: [&str; 3] = [
    "schema/tidemark/inventory/v1/movement.proto",
    "schema/tidemark/inventory/v1/control.proto",
    "schema/tidemark/sync/v1/sync.proto",
];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=schema");
    let descriptors = protox::compile(SCHEMAS, ["schema"]).map_err(std::io::Error::other)?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)
}
