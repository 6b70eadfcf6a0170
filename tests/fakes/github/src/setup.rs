//! How a GitHub is set up in a test or a demonstration, and looked at: Apps, installations, tokens, repositories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use pointsman_core::release::Sha;

use crate::{
    FakeGithub, Person,
    git::Git,
    people::done,
    state::{App, Installation, Repo, Token, World},
    webhook::{self, Hook},
};

/// An App that was made.
#[derive(Clone)]
pub struct NewApp {
    /// Its number, which is a JWT's issuer.
    pub id: u64,
    /// Its webhook's secret.
    pub secret: String,
    /// Its webhook's number, which is in every delivery.
    pub hook_id: u64,
    /// The account that it acts as.
    pub bot: String,
}

/// A webhook that was made.
#[derive(Clone)]
pub struct NewHook {
    /// Its number, which is in every delivery.
    pub id: u64,
    /// What it signs with.
    pub secret: String,
}

pub(crate) fn add_app(
    world: &mut World,
    name: &str,
    owner: &str,
    permissions: BTreeMap<String, String>,
    events: Vec<String>,
) -> u64 {
    let (id, hook_id) = (world.id(), world.id());
    let slug = name.to_lowercase().replace(' ', "-");
    world.user(&format!("{slug}[bot]"));
    world.user(owner);
    let app = App {
        id,
        slug,
        name: name.into(),
        owner: owner.into(),
        permissions,
        events,
        secret: format!("whsec-{id}"),
        hook_id,
        hook_url: String::new(),
        created: world.now,
    };
    world.apps.insert(id, app);
    id
}

impl FakeGithub {
    /// An App with these permissions (`("contents", "write")`) and events. Its key is [`crate::PRIVATE_KEY`].
    pub fn create_app(
        &self,
        name: &str,
        owner: &str,
        permissions: &[(&str, &str)],
        events: &[&str],
    ) -> NewApp {
        let mut inner = self.lock();
        let permissions = permissions.iter().map(|(name, level)| ((*name).into(), (*level).into())).collect();
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        let id = add_app(&mut inner.world, name, owner, permissions, events);
        let app = &inner.world.apps[&id];
        NewApp { id, secret: app.secret.clone(), hook_id: app.hook_id, bot: format!("{}[bot]", app.slug) }
    }

    /// Where an App's webhooks go.
    pub fn set_hook_url(&self, app: u64, url: &str) {
        self.lock().world.apps.entry(app).and_modify(|app| app.hook_url = url.into());
    }

    /// A manifest that waits to be converted by this code.
    pub fn offer_manifest(&self, code: &str, manifest: serde_json::Value) {
        self.lock().world.manifests.insert(code.into(), manifest);
    }

    /// A webhook of a repository (`owner/name`) or of an organisation (its login), seen by this person alone.
    pub fn create_hook(&self, place: &str, admin: &str, url: &str, events: &[&str]) -> NewHook {
        let mut inner = self.lock();
        inner.world.user(admin);
        let id = inner.world.id();
        let secret = format!("whsec-{id}");
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        let (place, url) = (place.to_lowercase(), url.to_owned());
        let hook = Hook { id, place, admin: admin.into(), events, secret: secret.clone(), url };
        inner.world.hooks.list.push(hook);
        NewHook { id, secret }
    }

    /// Something happened in a repository: whoever wants to hear of it is told, with these fields in the payload. Nothing
    /// else changes.
    pub fn emit(&self, repo: &str, event: &str, action: Option<&str>, fields: serde_json::Value) {
        let mut inner = self.lock();
        webhook::emit(&mut inner.world, &repo.to_lowercase(), event, action, "octocat", |_, _| fields);
    }

    /// GitHub has the bodies of its deliveries no more, only that there were some.
    pub fn forget_payloads(&self) {
        let mut inner = self.lock();
        inner.world.hooks.attempts.iter_mut().for_each(|it| it.delivery.body = bytes::Bytes::new());
    }

    /// Installs an App on an account, for all its repositories or for these (names without the owner).
    pub fn install(&self, app: u64, account: &str, repositories: Option<&[&str]>) -> u64 {
        let mut inner = self.lock();
        let world = &mut inner.world;
        let (id, created) = (world.id(), world.now);
        let permissions = world.apps[&app].permissions.clone();
        let key = |name: &&str| format!("{account}/{name}").to_lowercase();
        let repositories: Option<BTreeSet<String>> =
            repositories.map(|names| names.iter().map(key).collect());
        let account = world.user(account).login;
        let it = Installation { id, app, account, permissions, repositories, suspended: None, created };
        world.installations.insert(id, it);
        id
    }

    /// Takes an installation away: its tokens are worth nothing any more.
    pub fn uninstall(&self, installation: u64) {
        self.lock().world.installations.remove(&installation);
    }

    /// What an installation may do from now on.
    pub fn set_permissions(&self, installation: u64, permissions: &[(&str, &str)]) {
        let permissions = permissions.iter().map(|(name, level)| ((*name).into(), (*level).into())).collect();
        self.lock().world.installations.entry(installation).and_modify(|it| it.permissions = permissions);
    }

    /// Suspends an installation, or ends that.
    pub fn suspend(&self, installation: u64, suspended: bool) {
        let mut inner = self.lock();
        let now = inner.world.now;
        let at = suspended.then_some(now);
        inner.world.installations.entry(installation).and_modify(|it| it.suspended = at);
    }

    /// A token of a person's own.
    pub fn personal_token(&self, login: &str) -> String {
        let mut inner = self.lock();
        inner.world.user(login);
        let token = format!("ghp_{:036}", inner.world.id());
        inner.world.tokens.insert(token.clone(), Token::Personal { login: login.into() });
        token
    }

    /// A token of an installation, as a client would get it, for all that the installation may.
    pub fn installation_token(&self, installation: u64) -> String {
        let mut inner = self.lock();
        let token = format!("ghs_{:036}", inner.world.id());
        let permissions = inner.world.installations[&installation].permissions.clone();
        let expires = inner.world.now + jiff::SignedDuration::from_hours(1);
        let entry = Token::Installation { installation, permissions, repositories: None, expires };
        inner.world.tokens.insert(token.clone(), entry);
        token
    }

    /// Makes an account an organisation.
    pub fn create_organization(&self, login: &str) {
        let mut inner = self.lock();
        inner.world.user(login);
        inner.world.users.entry(login.to_lowercase()).and_modify(|user| user.kind = "Organization");
    }

    /// An empty, public repository, `owner/name`, with `main` as its default branch.
    pub fn create_repository(&self, full_name: &str) {
        let (owner, name) = full_name.split_once('/').expect("a repository is owner/name");
        let folder = self.folder.path().join(format!("{}.git", full_name.replace('/', "--")));
        let git = Git::create(&folder, "main").unwrap_or_else(|error| panic!("{}", error.0));
        let mut inner = self.lock();
        let world = &mut inner.world;
        world.user(owner);
        let (id, now) = (world.id(), world.now);
        let repo = Repo {
            id,
            owner: owner.into(),
            name: name.into(),
            private: false,
            default_branch: "main".into(),
            git: Arc::new(git),
            namespace: None,
            refs: BTreeMap::new(),
            issues: BTreeMap::new(),
            comments: BTreeMap::new(),
            commit_comments: BTreeMap::new(),
            labels: BTreeMap::new(),
            releases: BTreeMap::new(),
            roles: BTreeMap::new(),
            fork_of: None,
            signed: BTreeSet::new(),
            last_number: 0,
            created: now,
            pushed: now,
        };
        world.repos.insert(repo.key(), Arc::new(repo));
    }

    /// Only those whom it was granted to see it any more.
    pub fn set_private(&self, repo: &str, private: bool) {
        done(self.lock().world.repo_mut(&repo.to_lowercase())).private = private;
    }

    /// `admin`, `maintain`, `write`, `triage`, `read` or `none`.
    pub fn grant(&self, repo: &str, login: &str, role: &'static str) {
        let mut inner = self.lock();
        inner.world.user(login);
        done(inner.world.repo_mut(&repo.to_lowercase())).roles.insert(login.to_lowercase(), role);
    }

    /// The bare repository, to clone from.
    pub fn git_folder(&self, repo: &str) -> std::path::PathBuf {
        done(self.lock().world.repo(&repo.to_lowercase())).git.folder().to_owned()
    }

    /// Where a ref is, such as `refs/heads/main`.
    pub fn reference(&self, repo: &str, name: &str) -> Option<Sha> {
        done(self.lock().world.repo(&repo.to_lowercase())).refs.get(name).cloned()
    }

    /// A file's text at a branch or a tag.
    pub fn file(&self, repo: &str, at: &str, path: &str) -> Option<String> {
        let inner = self.lock();
        let repo = done(inner.world.repo(&repo.to_lowercase()));
        let commit = done(repo.resolve(at))?;
        let entry = done(repo.git.at_path(&commit, path).map_err(Into::into))?;
        let blob = done(repo.git.blob(&entry.sha).map_err(Into::into))?;
        Some(String::from_utf8_lossy(&blob).into_owned())
    }

    /// Everything that is to be known without a token: a repository's refs, pull requests and releases, as JSON.
    pub fn snapshot(&self, repo: &str) -> serde_json::Value {
        let inner = self.lock();
        let world = &inner.world;
        let repo = done(world.repo(&repo.to_lowercase()));
        let pulls = repo.issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?)));
        serde_json::json!({
            "refs": repo.refs,
            "pulls": pulls.map(|(issue, pull)| crate::shape::pull(world, repo, issue, pull, true)).collect::<Vec<_>>(),
            "releases": repo.releases.values().map(|it| crate::shape::release(world, repo, it)).collect::<Vec<_>>(),
            "comments": repo.comments.values().map(|it| crate::shape::comment(world, repo, it)).collect::<Vec<_>>(),
        })
    }

    /// Somebody who acts.
    pub fn person(&self, login: &str) -> Person<'_> {
        self.lock().world.user(login);
        Person::new(self, login)
    }

    /// A `ping` to an App.
    pub fn ping(&self, app: u64) {
        let mut inner = self.lock();
        let hook = inner.world.apps[&app].hook_id;
        let payload = serde_json::json!({ "zen": "Design for failure.", "hook_id": hook, "hook": { "type": "App", "id": hook, "app_id": app } });
        webhook::queue(&mut inner.world, app, "ping", &payload);
    }
}
