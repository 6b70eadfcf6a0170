//! The two runs of a schedule: all at once with everything going wrong, and one thing after the other with nothing.

use std::collections::{BTreeSet, VecDeque};

use fastrand::Rng;
use pointsman_fake_github::{Delivery, Odds};

use crate::{
    crew::Crew,
    people::Deed,
    schedule::{Act, Schedule},
    world::{Stage, World},
};

const STAGES: [Stage; 2] = [Stage::Orchestrator, Stage::Automator];

/// More steps than any schedule takes: it would never come to rest.
const ENDLESS: usize = 300_000;

struct Race<'s> {
    schedule: &'s Schedule,
    dice: Rng,
    world: World,
    crew: Crew,
    /// Webhooks on their way.
    under_way: VecDeque<Delivery>,
    todo: VecDeque<Act>,
    deeds: Vec<Deed>,
    kills: u32,
    freezes: u32,
}

/// What may happen next.
#[derive(Clone, Copy)]
enum Next {
    Act,
    Deliver,
    Begin(Stage),
    Step,
    Kill,
    Freeze,
}

/// Everything at once. Gives the world at rest and what people did in it.
pub async fn race(schedule: &Schedule) -> (World, Vec<Deed>) {
    let world = World::new(schedule).await;
    world.github.set_odds(schedule.odds);
    let mut race = Race {
        schedule,
        dice: Rng::with_seed(!schedule.seed),
        world,
        crew: Crew::default(),
        under_way: VecDeque::new(),
        todo: schedule.acts.clone().into(),
        deeds: Vec::new(),
        kills: schedule.kills,
        freezes: schedule.freezes,
    };
    race.rest().await;
    // The hour's look makes up for what never came, and an operator for what failed five times.
    race.world.rules.note("-- the hour is over");
    race.world.github.set_odds(Odds::default());
    (race.kills, race.freezes) = (0, 0);
    race.world.turn(3600);
    race.world.retry_the_dead().await;
    race.world.look_again().await;
    race.rest().await;
    (race.world, race.deeds)
}

impl Race<'_> {
    /// Until nothing is left to do and nothing waits.
    async fn rest(&mut self) {
        for _ in 0..ENDLESS {
            self.under_way.extend(self.world.github.take_deliveries());
            if self.todo.is_empty() && self.under_way.is_empty() && self.crew.runs.is_empty() {
                let mut began = false;
                for stage in STAGES {
                    began |= self.crew.begin(stage, &self.world).await;
                }
                if !began {
                    if !self.world.waits().await {
                        return;
                    }
                    self.world.turn(31);
                }
                continue;
            }
            let next = self.choose();
            self.go(next).await;
        }
        panic!("it does not come to rest");
    }

    fn choose(&mut self) -> Next {
        let any = |is: bool, weight: u32| if is { weight } else { 0 };
        let running = !self.crew.runs.is_empty();
        let table = [
            (any(!self.todo.is_empty(), self.schedule.haste), Next::Act),
            (any(!self.under_way.is_empty(), 20), Next::Deliver),
            (4, Next::Begin(Stage::Orchestrator)),
            (4, Next::Begin(Stage::Automator)),
            (any(running, 60), Next::Step),
            (any(running && self.kills > 0, 1), Next::Kill),
            (any(running && self.freezes > 0, 1), Next::Freeze),
        ];
        let sum: u32 = table.iter().map(|(weight, _)| weight).sum();
        let mut roll = self.dice.u32(..sum);
        for (weight, next) in table {
            if roll < weight {
                return next;
            }
            roll -= weight;
        }
        Next::Step
    }

    async fn go(&mut self, next: Next) {
        match next {
            Next::Act => {
                self.world.turn(self.dice.u64(1..3));
                // GitHub guards no edit of a description: what is written between a pass's read and its own edit is lost,
                // and no client can help it. Whoever writes notes does so while no pass is under way.
                if matches!(self.todo.front(), Some(Act::Note(_))) && self.crew.is_at(Stage::Orchestrator) {
                    return;
                }
                let Some(act) = self.todo.pop_front() else { return };
                self.deeds.extend(self.world.act(&act, self.schedule));
            }
            Next::Deliver => {
                if let Some(delivery) = self.under_way.pop_front() {
                    self.world.deliver(&delivery).await;
                }
            }
            Next::Begin(stage) => drop(self.crew.begin(stage, &self.world).await),
            Next::Step => {
                let at = self.dice.usize(..self.crew.runs.len());
                self.crew.step(at, &self.world).await;
            }
            Next::Kill => {
                self.kills -= 1;
                let at = self.dice.usize(..self.crew.runs.len());
                self.crew.kill(at, &self.world);
            }
            Next::Freeze => {
                self.freezes -= 1;
                self.world.rules.note("-- all stand still until their holds are over");
                self.world.turn(31);
            }
        }
    }
}

/// The same deeds one after the other; after each of them, all comes to rest. Where a person merged a release pull
/// request that was made on an older commit, the machines slept since.
pub async fn calmly(schedule: &Schedule, deeds: &[Deed]) -> World {
    let mut world = World::new(schedule).await;
    let mut crew = Crew::default();
    let asleep = asleep(deeds);
    for deed in deeds {
        world.turn(1);
        match deed {
            Deed::Moved(act) | Deed::Other(act) => drop(world.act(act, schedule)),
            Deed::Released { branch, method, .. } => world.release_of(branch, method),
        }
        if !asleep.contains(&(world.mains.len() - 1)) {
            settle(&world, &mut crew).await;
        }
    }
    world.turn(3600);
    world.look_again().await;
    settle(&world, &mut crew).await;
    world
}

/// Positions of the target at which no machine ran.
fn asleep(deeds: &[Deed]) -> BTreeSet<usize> {
    let mut position = 0;
    let mut asleep = BTreeSet::new();
    for deed in deeds {
        if let Deed::Released { base, .. } = deed {
            asleep.extend(base + 1..=position);
        }
        if !matches!(deed, Deed::Other(_)) {
            position += 1;
        }
    }
    asleep
}

async fn settle(world: &World, crew: &mut Crew) {
    for _ in 0..1000 {
        for delivery in world.github.take_deliveries() {
            world.deliver(&delivery).await;
        }
        let mut began = false;
        for stage in STAGES {
            began |= crew.begin(stage, world).await;
            while !crew.runs.is_empty() {
                crew.step(0, world).await;
            }
        }
        if !began {
            if !world.waits().await {
                return;
            }
            world.turn(31);
        }
    }
    panic!("the sequential run does not come to rest");
}
