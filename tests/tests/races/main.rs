//! Merges that come all at once, webhooks that do not, processes that die: it ends where the sequential run ends.
//!
//! A failing seed is printed with the command that repeats it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod at_once;
mod crew;
mod gate;
mod people;
mod race;
mod rules;
mod schedule;
mod view;
mod world;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use schedule::Schedule;

/// Runs a schedule both ways; what is wrong, if anything.
fn run(schedule: &Schedule) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let (raced, deeds) = race::race(schedule).await;
            let calm = race::calmly(schedule, &deeds).await;
            let mut wrong = view::faults(&raced);
            let difference = view::difference(&view::view(&calm), &view::view(&raced));
            wrong.extend((!difference.is_empty()).then_some(difference));
            if !wrong.is_empty() && number("RACES_LOG").is_some() {
                wrong.push(format!("{deeds:#?}"));
                wrong.extend(raced.rules.log());
            }
            wrong
        })
    }));
    match ran {
        Ok(wrong) if wrong.is_empty() => Ok(()),
        Ok(wrong) => Err(wrong.join("\n")),
        Err(panic) => Err(said(&*panic)),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into())
}

/// Runs schedules on two threads; those that fail, told as they fail.
fn all(seeds: &[u64], most: usize) {
    let command = format!("RACES_MERGES={most} cargo test -p pointsman-tests --test races -- --nocapture");
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(wrong) = run(&Schedule::of(*seed, most)) {
                        println!("seed {seed} fails; again: RACES_SEED={seed} {command}\n{wrong}\n");
                        failed.lock().unwrap().push(*seed);
                    }
                    let done = next.load(Ordering::SeqCst).saturating_sub(1);
                    if done % 20 == 19 {
                        println!("{} of {} after {:.0?}", done + 1, seeds.len(), begun.elapsed());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("{} schedules in {:.1?}, failed: {failed:?}", seeds.len(), begun.elapsed());
    assert!(failed.is_empty(), "{} of {} schedules fail: {failed:?}", failed.len(), seeds.len());
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number is asked for"))
}

/// 60 schedules of 2 to 10 merges; `scripts/bench races` asks for more and larger ones.
#[test]
fn every_schedule_ends_in_the_sequential_runs_state() {
    let (count, most) = (number("RACES_COUNT").unwrap_or(60), number("RACES_MERGES").unwrap_or(10));
    let seeds = number("RACES_SEED").map_or_else(|| (1..=count).collect(), |seed| vec![seed]);
    all(&seeds, usize::try_from(most).unwrap());
}
