//! The embedded host: its maximum, a sweep of rates, two bursts, the soak. Each bar is told with its figure.

use std::time::Duration;

use pointsman_tests::{
    house,
    load::{
        embedded::Embedded,
        picture,
        runs::{Soak, Step},
        traffic::Traffic,
        trouble::schedule,
    },
};

use crate::args::Args;

/// Parts of the maximum that are measured one by one.
const SWEEP: [f64; 9] = [0.1, 0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0];
/// How long the longest trouble lasts: less in a soak that is short.
const LONGEST: Duration = Duration::from_secs(30);

/// Does what is asked for; whether every bar was kept.
pub async fn run(args: &Args) -> bool {
    let house = Embedded::start(args.seed).await;
    let mut traffic = Traffic::new(args.seed);
    let maximum = match args.rate {
        Some(rate) => rate,
        None => maximum(args, &house, &mut traffic).await,
    };
    let mut kept = true;
    let mut steps = Vec::new();
    if args.wants("sweep") {
        for part in SWEEP {
            let step = house.at(&mut traffic, maximum * part, args.step).await;
            tell(&format!("{:>4.0} % of it", part * 100.0), &step);
            kept &= step.bad == 0;
            steps.push(step);
        }
    }
    if args.wants("burst") {
        kept &= bursts(args, &house, &mut traffic, maximum).await;
    }
    let mut soak = None;
    if args.wants("soak") {
        let (soaked, clean) = soaked(args, &house, &mut traffic, maximum).await;
        kept &= clean;
        soak = Some(soaked);
    }
    let verdict = house.verdict();
    println!("over everything: {verdict:?}\nthe store is {} MB", house.stored() / 1_000_000);
    if let (Some(file), Some(soak)) = (&args.picture, &soak) {
        let file = house::root().join(file);
        std::fs::write(&file, picture::draw(&steps, soak)).expect("the picture can be written");
        println!("drawn: {}", file.display());
    }
    kept && verdict.is_clean()
}

async fn maximum(args: &Args, house: &Embedded, traffic: &mut Traffic) -> f64 {
    let warm = house.at(traffic, 500.0, Duration::from_secs(2)).await;
    tell("warm", &warm);
    let step = house.maximum(traffic, args.step).await;
    tell("maximum", &step);
    step.accepted
}

/// Ten times the steady rate, below the maximum and above it.
async fn bursts(args: &Args, house: &Embedded, traffic: &mut Traffic, maximum: f64) -> bool {
    let long = args.step * 3;
    let mut kept = true;
    for (name, part) in [("burst below", 0.08), ("burst above", 0.2)] {
        let steady = house.at(traffic, maximum * part, args.step).await;
        tell("steady", &steady);
        let burst = house.at(traffic, maximum * part * 10.0, long).await;
        tell(name, &burst);
        let is_refused = burst.refused > 0.0;
        let fine = burst.bad == 0 && burst.latency.p99 < 250.0 && (name == "burst above" || !is_refused);
        println!("{name}: {}", if fine { "as it must be" } else { "MISSED" });
        kept &= fine;
    }
    kept
}

async fn soaked(args: &Args, house: &Embedded, traffic: &mut Traffic, maximum: f64) -> (Soak, bool) {
    let troubles = schedule(args.soak, LONGEST.min(args.soak / 10));
    let soak = house.soak(traffic, (args.soak, maximum / 2.0), false, troubles).await;
    println!("soak: {}", soak.figures.line());
    println!("hostile: {:?}", soak.figures.hostile_ends());
    println!("{:?}", soak.verdict);
    let (early, late) = soak.memory;
    println!(
        "memory {early:.1} MB after the first minute, {late:.1} MB at the end; drained in {:?}",
        soak.drained
    );
    let fine = soak.verdict.is_clean() && late <= early * 1.1;
    println!("soak: {}", if fine { "as it must be" } else { "MISSED" });
    (soak, fine)
}

fn tell(name: &str, step: &Step) {
    let Step { offered, accepted, refused, bad, latency } = step;
    println!(
        "{name:<12} {offered:>8.0} /s offered {accepted:>8.0} /s taken {:>5.1} % told 503, {bad} bad   p50 {:>7.2} p99 \
         {:>7.2} p99.9 {:>7.2} ms",
        refused * 100.0,
        latency.p50,
        latency.p99,
        latency.p999
    );
}
