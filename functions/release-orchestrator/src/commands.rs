//! Commands in comments: read again by id, the author's right asked, each run once, each answered.
//!
//! What a command asks of a release pull request is an order of the pass that follows; the answer comes after it.

use std::collections::BTreeSet;

use pointsman_core::{
    port::PortError,
    release::{
        Bump, Plan,
        command::{self, Answer, Command},
        notice, proposal,
    },
};
use pointsman_github::{PullRequest, Reaction, late};
use semver::Version;

use crate::{
    desk::{Desk, Orders},
    gather::Lane,
    known,
    propose::is_followed,
    wanted::Comment,
};

/// The comments of a batch that are to be answered.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    comments: Vec<Asking>,
}

/// One comment.
#[derive(Debug)]
struct Asking {
    at: Comment,
    /// The branch that a pass is due on.
    target: Option<String>,
    /// The release branch that it is about.
    lane: Option<String>,
    orders: Orders,
    answers: Vec<Pending>,
}

#[derive(Debug)]
enum Pending {
    Ready(Answer),
    /// Whether the version can be set is the plan's to say.
    Set {
        version: Version,
        component: Option<String>,
        refused: Option<String>,
    },
}

impl Asked {
    /// Reads the comments that nobody answered yet, and does what needs no pass.
    pub async fn read(desk: &Desk<'_>, comments: &BTreeSet<Comment>) -> Result<Self, PortError> {
        let mut asked = Self::default();
        for at in comments {
            if !known::is_done(desk.place, &key(*at), desk.records()).await? {
                asked.comments.extend(Asking::read(desk, *at).await?);
            }
        }
        Ok(asked)
    }

    /// Branches that a pass is due on.
    pub fn targets(&self) -> BTreeSet<String> {
        self.comments.iter().filter_map(|asking| asking.target.clone()).collect()
    }

    /// Feature pull requests whose floor was set.
    pub fn floored(&self) -> impl Iterator<Item = u64> {
        let floor = |pending: &Pending| matches!(pending, Pending::Ready(Answer::Floor(_)));
        self.comments.iter().filter(move |it| it.answers.iter().any(floor)).map(|asking| asking.at.pull)
    }

    /// What was asked of one release branch's open pull request, the later over the earlier.
    pub fn orders(&self, lane: &Lane) -> Orders {
        let mut all = Orders::default();
        for asking in self.comments.iter().filter(|asking| asking.is_about(lane)) {
            all.set.extend(asking.orders.set.clone());
            all.hold = asking.orders.hold.or(all.hold);
            all.rebuild |= asking.orders.rebuild;
        }
        all
    }

    /// Learns from the plan which versions can be set.
    pub fn planned(&mut self, lane: &Lane, plan: &Plan) {
        for asking in self.comments.iter_mut().filter(|asking| asking.is_about(lane)) {
            for pending in &mut asking.answers {
                if let Pending::Set { version, component, refused } = pending {
                    let followed = is_followed(plan, component.as_ref(), version);
                    *refused = (!followed).then(|| reason(plan));
                }
            }
        }
    }

    /// Reacts and answers; says how many were answered.
    pub async fn answer(self, desk: &Desk<'_>) -> Result<usize, PortError> {
        let answered = self.comments.len();
        for asking in self.comments {
            let answers: Vec<Answer> = asking.answers.into_iter().map(Pending::answer).collect();
            let reaction = match () {
                () if answers.iter().all(Answer::is_done) => Reaction::PlusOne,
                () if answers.contains(&Answer::NotAllowed) => Reaction::MinusOne,
                () => Reaction::Confused,
            };
            desk.repository.react(asking.at.id, reaction).await?;
            let text = answers.iter().map(command::reply).collect::<Vec<_>>().join("\n\n");
            let (pull, name) = (asking.at.pull, notice::answer(asking.at.id));
            desk.repository.tell(pull, desk.stage.app, &name, &text).await?;
            known::done(desk.place, &key(asking.at), desk.records()).await?;
        }
        Ok(answered)
    }
}

impl Pending {
    fn answer(self) -> Answer {
        match self {
            Self::Ready(answer) => answer,
            Self::Set { refused: Some(why), .. } => Answer::VersionRefused(why),
            Self::Set { version, component, refused: None } => Answer::VersionSet { version, component },
        }
    }
}

impl Asking {
    fn is_about(&self, lane: &Lane) -> bool {
        self.lane.as_deref() == Some(&lane.branch)
    }

    /// `None` = there is nothing to answer, or it was answered.
    async fn read(desk: &Desk<'_>, at: Comment) -> Result<Option<Self>, PortError> {
        let Some(comment) = desk.repository.comment(at.id).await? else {
            return if desk.is_young() {
                Err(late::soon("GitHub does not show yet a comment"))
            } else {
                Ok(None)
            };
        };
        if comment.issue() != Some(at.pull) || comment.is_by(desk.stage.app) {
            return Ok(None);
        }
        let commands = command::parse(&comment.body);
        let Some(pull) = desk.repository.pull(at.pull).await?.filter(|_| !commands.is_empty()) else {
            return Ok(None);
        };
        let app = desk.stage.app;
        let answer = notice::answer(at.id);
        let comments = desk.repository.comments(at.pull).await?;
        if comments.iter().any(|comment| comment.is_by(app) && notice::is(&comment.body, &answer)) {
            known::done(desk.place, &key(at), desk.records()).await?;
            return Ok(None);
        }
        let mut asking =
            Self { at, target: None, lane: None, orders: Orders::default(), answers: Vec::new() };
        let login = comment.user.map(|user| user.login).unwrap_or_default();
        if login.is_empty() || !desk.repository.permission(&login).await?.may_write() {
            asking.answers.push(Pending::Ready(Answer::NotAllowed));
            return Ok(Some(asking));
        }
        asking.about(desk, &pull);
        for command in commands {
            asking.run(desk, command).await?;
        }
        Ok(Some(asking))
    }

    fn about(&mut self, desk: &Desk<'_>, pull: &PullRequest) {
        let ours = pull.from_within(desk.repository.slug())
            && proposal::branch_parts(&pull.head.branch)
                .is_some_and(|(target, _)| target == pull.base.branch);
        if ours && pull.open() {
            self.lane = Some(pull.head.branch.clone());
        }
        if (ours && pull.open()) || pull.merged() {
            self.target = Some(pull.base.branch.clone());
        }
    }

    async fn run(&mut self, desk: &Desk<'_>, command: Command) -> Result<(), PortError> {
        let release = self.lane.is_some();
        let answer = match command {
            Command::Help => Answer::Help,
            Command::Unknown(why) => Answer::Unknown(why),
            Command::Release(_) if release => Answer::OnlyOnFeature,
            Command::Release(bump) => self.floor(desk, bump).await?,
            _ if !release => Answer::OnlyOnRelease,
            Command::SetVersion { version, component } => {
                self.orders.set.insert(component.clone(), version.clone());
                // Until a plan says otherwise: none was made when a merged release comes first.
                let refused =
                    Some("a release is being published; ask again on the next release pull request".into());
                self.answers.push(Pending::Set { version, component, refused });
                return Ok(());
            }
            Command::Rebuild => {
                self.orders.rebuild = true;
                self.orders.hold = Some(false);
                Answer::Rebuilding
            }
            Command::Hold => {
                self.orders.hold = Some(true);
                Answer::Holding
            }
        };
        self.answers.push(Pending::Ready(answer));
        Ok(())
    }

    async fn floor(&self, desk: &Desk<'_>, bump: Bump) -> Result<Answer, PortError> {
        known::keep_floor(desk.place, self.at.pull, bump, desk.records()).await?;
        Ok(Answer::Floor(bump))
    }
}

fn key(comment: Comment) -> String {
    format!("command/{}", comment.id)
}

fn reason(plan: &Plan) -> String {
    match plan.warnings.first() {
        Some(warning) => warning.clone(),
        None if plan.releases.is_empty() => "there is nothing to release".into(),
        None => "no release of that component is due, or the version is not above its last one".into(),
    }
}
