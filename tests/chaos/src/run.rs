//! A whole run, from the build to the verdict, in order.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wasmill_artifacts::Flavour;
use wasmill_verify::positions::Positions;
use wasmill_verify::reader::Reader;
use wasmill_verify::task;

use crate::faults::World;
use crate::feed::Feed;
use crate::fleet::Fleet;
use crate::flow;
use crate::generator::Generator;
use crate::kafka::{Kafka, Kind};
use crate::pipelines::{self, Components, DEAD_LETTER_PARTITIONS, PARTITIONS, Pipeline};
use crate::plan::{Plan, Quota, SLOTS};
use crate::process::Setting;
use crate::random::Random;
use crate::tally::Tally;
use crate::wait;

/// Of the minutes of a run, this much is kept for settling.
const SETTLE_RESERVE: Duration = Duration::from_secs(45);
/// After the faults everything has to be committed within this.
const SETTLE_MAX: Duration = Duration::from_secs(120);
/// Faults that are due may take this many times the planned time, a machine with few cores being slow; then the run has failed.
const OVERTIME: u32 = 3;

#[derive(Debug, Clone)]
pub struct Arguments {
    pub seed: u64,
    /// Faults and settling together.
    pub minutes: u64,
    /// Records a second to each of the inputs.
    pub rate: u64,
    pub kafka: Kind,
    /// A binary with crash points; `None`: built from the workspace.
    pub binary: Option<PathBuf>,
    /// Keep configuration files and logs of a good run, too.
    pub keep: bool,
}

/// Runs, prints, and returns whether every promise was kept and every fault that was due was done.
///
/// # Errors
/// The run could not be made: nothing is known about the product.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let binary = arguments.binary.clone().map_or_else(|| wasmill_artifacts::binary(Flavour::Chaos), Ok)?;
    let components = Components::build()?;
    let directory = directory(arguments.seed)?;
    // A build beside the run would put another binary in its place, one without crash points, and half of the faults would
    // not happen.
    let own = directory.join("wasmill");
    fs::copy(&binary, &own).with_context(|| format!("failed to copy {}", binary.display()))?;
    let good = within(arguments, own, components, &directory);
    let logs = directory.display();
    match good {
        Ok(true) if !arguments.keep => {
            fs::remove_dir_all(&directory).with_context(|| format!("failed to remove {logs}"))?
        }
        _ => println!("logs: {logs}"),
    }
    let embedded = if arguments.kafka == Kind::Embedded { " --embedded" } else { "" };
    println!("rerun: cargo xtask chaos --seed {}{embedded}", arguments.seed);
    good
}

fn within(arguments: &Arguments, binary: PathBuf, components: Components, directory: &Path) -> Result<bool> {
    let Arguments { seed, minutes, rate, kafka: kind, .. } = *arguments;
    let nodes = kind.nodes();
    let quota = Quota::new(minutes, nodes);
    let plan = Plan::new(seed, quota, nodes);
    println!("seed {seed}, {minutes} minutes, {kind:?}, {rate} records/s to each input; due:");
    plan.due.iter().for_each(|step| println!("  {step}"));

    let kafka = Kafka::start(kind)?;
    let bootstrap = kafka.bootstrap();
    topics(&kafka)?;
    flow::topics(&kafka)?;
    let readers = pipelines::ALL.map(|pipeline| (pipeline, readers(&bootstrap, &pipeline)));
    let inputs = pipelines::ALL.iter().map(Pipeline::input).collect();
    let of_flow = flow::readers(&bootstrap);
    let generator = Generator::start(&bootstrap, inputs, rate, seed)?;
    let feed = Feed::start(&bootstrap, seed)?;
    let fleet = Fleet::new(Setting { binary, components, bootstrap: bootstrap.clone(), directory: directory.into() });
    let mut world = World { kafka, fleet, tally: Tally::default(), random: Random::new(!seed) };

    let time = (Duration::from_secs(minutes * 60)).saturating_sub(SETTLE_RESERVE);
    let good = inflict(&mut world, &plan, time).and_then(|()| {
        world.tally.check(&quota);
        let expected = generator.finish()?;
        let counts = feed.finish()?;
        settle(&mut world, &bootstrap)?;
        for (pipeline, readers) in readers {
            verify(&mut world.tally, &bootstrap, pipeline, expected, readers?)?;
        }
        flow::verify(&mut world.tally, &bootstrap, &counts, of_flow?, directory)?;
        println!("\n{}records:       {expected} to each of {} inputs", world.tally, pipelines::ALL.len());
        Ok(world.tally.violations.is_empty())
    });
    if !matches!(good, Ok(true)) {
        world.kafka.keep_files(nodes, directory);
        for violation in &world.tally.violations {
            println!("violation: {violation}");
        }
    }
    println!("verdict:       {}", if matches!(good, Ok(true)) { "OK" } else { "FAILED" });
    good
}

/// A fresh directory; one of an earlier run with this seed and pid is gone first.
fn directory(seed: u64) -> Result<PathBuf> {
    let directory = std::env::temp_dir().join(format!("wasmill-chaos-{seed}-{}", std::process::id()));
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory).with_context(|| format!("failed to make {}", directory.display()))?;
    Ok(directory)
}

fn topics(kafka: &Kafka) -> Result<()> {
    for pipeline in pipelines::ALL {
        kafka.topic(&pipeline.input(), PARTITIONS, &[])?;
        kafka.topic(&pipeline.output(), PARTITIONS, &[])?;
        kafka.topic(&pipeline.dead_letters(), DEAD_LETTER_PARTITIONS, &[])?;
        if let Some(changelog) = pipeline.changelog() {
            kafka.topic(&changelog, PARTITIONS, &pipelines::CHANGELOG)?;
        }
    }
    Ok(())
}

fn readers(bootstrap: &str, pipeline: &Pipeline) -> Result<Vec<Reader>> {
    let topics = [pipeline.output(), pipeline.dead_letters()];
    topics.iter().map(|topic| Reader::start(bootstrap, topic)).collect()
}

/// The steps that are due, then others until the time is up.
fn inflict(world: &mut World, plan: &Plan, time: Duration) -> Result<()> {
    // The first one compiles the plugins for all.
    world.fleet.start(0, None)?;
    world.fleet.wait_whole(&mut world.tally);
    world.fleet.mend(&mut world.tally)?;
    world.fleet.wait_whole(&mut world.tally);
    let began = Instant::now();
    let mut performed = 0;
    for (number, step) in plan.due.iter().chain(&plan.extra).enumerate() {
        let limit = if number < plan.due.len() { time * OVERTIME } else { time };
        if began.elapsed() > limit {
            break;
        }
        println!("{:6.1} s  {step}", began.elapsed().as_secs_f64());
        world.perform(step)?;
        performed = number + 1;
    }
    println!("{:6.1} s  {performed} faults done", began.elapsed().as_secs_f64());
    Ok(())
}

/// Lets the processes finish their work in peace, then terminates them.
fn settle(world: &mut World, bootstrap: &str) -> Result<()> {
    world.fleet.wake()?;
    world.fleet.mend(&mut world.tally)?;
    let began = Instant::now();
    let single = pipelines::ALL.iter().map(|pipeline| Positions::new(bootstrap, pipeline.name, &pipeline.input()));
    // In the order of the flow: what is at its end writes nothing that another one would have to read.
    let inputs = flow::ALL.iter().flat_map(|station| station.inputs.iter().map(|(_, topic)| (station.name, *topic)));
    let of_flow = inputs.map(|(group, topic)| Positions::new(bootstrap, group, topic));
    let positions: Vec<Positions> = single.chain(of_flow).collect::<Result<_>>()?;
    let settled = || {
        let at_end = |positions: &Positions| positions.now().is_ok_and(|all| all.iter().all(|one| one.is_at_end()));
        positions.iter().all(at_end).then_some(())
    };
    match wait::until(SETTLE_MAX, settled) {
        Some(()) => println!("settled after {:.1} s", began.elapsed().as_secs_f64()),
        None => world.tally.violation(format!("not everything was committed {SETTLE_MAX:?} after the last fault")),
    }
    for slot in 0..SLOTS {
        world.fleet.terminate(slot, &mut world.tally)?;
    }
    Ok(())
}

fn verify(tally: &mut Tally, bootstrap: &str, pipeline: Pipeline, expected: u64, readers: Vec<Reader>) -> Result<()> {
    let report = task::verify(&pipeline.task(bootstrap, expected), readers)
        .with_context(|| format!("failed to verify {}", pipeline.name))?;
    print!("\n{}: {report}", pipeline.name);
    for (kind, count) in report.findings.counts() {
        tally.violation(format!("{}: {kind:?} {count}", pipeline.name));
    }
    // The run must have had something to reject, or nothing was shown about dead letters.
    if pipeline.rejects && report.dead_letters == 0 {
        tally.violation(format!("{}: no dead letters at all", pipeline.name));
    }
    Ok(())
}
