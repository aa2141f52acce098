use clap::Parser;
#[derive(Parser)]
struct A {
    #[command(subcommand)]
    c: windlass_engine::weights::WeightsCommand,
}
fn main() -> anyhow::Result<()> {
    A::parse().c.run()
}
