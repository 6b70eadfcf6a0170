//! Bad files and exactly what is told of them: (rule, file, faults).

pub const CASES: &[(&str, &str, &str)] = &[
    (
        "addresses_and_networks",
        r#"listen: localhost:8080
data: ""
trusted_proxies: [10.0.0.0/8, 10.0.0.1/99]
sources: { github: { secrets: ["env:A"] } }
"#,
        r#"pointsman.yaml:1:9: listen: `localhost:8080` is no address with a port
    such as 127.0.0.1:8080, or 0.0.0.0:8080 for every address of this machine
pointsman.yaml:2:7: data: the data folder's path is empty
pointsman.yaml:3:31: trusted_proxies[1]: `10.0.0.1/99` is no network
    such as 10.0.0.0/8, or 192.0.2.7/32 for one address"#,
    ),
    (
        "unknown_keys_with_the_nearest_known",
        r#"source: {}
sources:
  github:
    secret: ["env:A"]
subscriptions:
  - name: a
    event: [push]
preview: { enabled: true }
"#,
        r#"pointsman.yaml:1:1: source: this key is unknown
    did you mean `sources`?
pointsman.yaml:4:5: sources.github: no secret is configured: anyone could send
    such as `secrets: ["env:GITHUB_WEBHOOK_SECRET"]`
pointsman.yaml:4:5: sources.github.secret: this key is unknown
    did you mean `secrets`?
pointsman.yaml:6:5: subscriptions[0]: `events` is missing
pointsman.yaml:7:5: subscriptions[0].event: this key is unknown
    did you mean `events`?
pointsman.yaml:8:1: preview: this key is unknown
    known are: backend, aws, azure, listen, data, trusted_proxies, front, sources, subscriptions, queues, admin, retention, recover, release"#,
    ),
    (
        "what_is_kept_too_short_and_hooks_of_nobody",
        r#"sources:
  github:
    secrets: ["env:A"]
    hooks: { token: plain, list: [{ id: 1 }, { repository: acme, id: 2 }, { organisation: a/b, id: 3 }] }
  app: { secrets: ["env:B"], app: { id: 1, private_key: "env:K" }, hooks: { token: "env:T", list: [{ organisation: a, id: 1 }] } }
subscriptions:
  - { name: a, events: [push], on_poison: hold, session: none }
  - { name: b, events: [push], queue: a, session: none }
queues: { default: { max_age: 2d } }
retention: { archive: 15d, dead_letters: 14d, records: 3d }
recover: { every: 1s }
admin: { token: "env:" }
"#,
        r#"pointsman.yaml:4:21: sources.github.hooks.token: a secret is named by reference: env:NAME or file:PATH (or literal:TEXT, for trying out)
pointsman.yaml:4:35: sources.github.hooks.list[0]: exactly one of `repository` and `organisation` must be there
pointsman.yaml:4:60: sources.github.hooks.list[1].repository: `acme` is no repository: write owner/name
pointsman.yaml:4:91: sources.github.hooks.list[2].organisation: `a/b` is no organisation's login
pointsman.yaml:5:75: sources.app.hooks: a source with an `app` takes the App's own webhook alone, and recovers it by itself
pointsman.yaml:7:43: subscriptions[0].on_poison: `hold` keeps a session waiting, and `session: none` makes none
    give it a session, or leave `on_poison` out
pointsman.yaml:8:5: subscriptions[1]: the queue `a` treats poison otherwise by the subscription `a`
    subscriptions that share a queue share `on_poison`
pointsman.yaml:10:23: retention.archive: the archive is kept for 15days, shorter than `max_age` (2days) and `dead_letters` (14days) together: events would refer to deliveries that are gone
    `archive: 16d` or more
pointsman.yaml:10:56: retention.records: `3d` is not between 4d and 3650d
pointsman.yaml:11:19: recover.every: `1s` is not between 1m and 24h
pointsman.yaml:12:17: admin.token: `env:` names nothing after the colon"#,
    ),
    (
        "a_front_that_anybody_could_be",
        r#"sources: { github: { secrets: ["env:A"] } }
front: { header: X-Hub-Signature-256, secret: hunter2 }
"#,
        r#"pointsman.yaml:2:18: front.header: `X-Hub-Signature-256` is a header that senders set themselves
    leave `header` out, or choose one of your own
pointsman.yaml:2:47: front.secret: a secret is named by reference: env:NAME or file:PATH (or literal:TEXT, for trying out)"#,
    ),
    (
        "a_front_without_a_secret",
        r#"sources: { github: { secrets: ["env:A"] } }
front: { header: "X Front" }
"#,
        r#"pointsman.yaml:2:8: front: `secret` is missing
pointsman.yaml:2:18: front.header: `X Front` is no name of a header"#,
    ),
    (
        "an_archive_that_is_outlived_by_a_queue_with_the_usual_age",
        r#"sources: { github: { secrets: ["env:A"] } }
subscriptions: [{ name: a, events: [push] }]
queues: { a: { max_age: 1m } }
retention: { dead_letters: 14d, archive: 14d }
"#,
        r#"pointsman.yaml:4:42: retention.archive: the archive is kept for 14days, shorter than `max_age` (12h) and `dead_letters` (14days) together: events would refer to deliveries that are gone
    `archive: 15d` or more"#,
    ),
    (
        "no_source",
        r#"listen: 127.0.0.1:80
"#,
        r#"pointsman.yaml:1:1: sources: no source is configured: nobody could send a webhook
    such as `sources: { github: { secrets: ["env:GITHUB_WEBHOOK_SECRET"] } }`"#,
    ),
    (
        "keys_without_values_and_wrong_types",
        r#"sources:
subscriptions: [{ name: a, events: push, when: , concurrency: 0 }, 5]
queues: { default: { visibility: 30, dedup_window: 2d, max_deliveries: 1001 } }
backend: gcp
"#,
        r#"pointsman.yaml:1:8: sources: this key has no value
    write one, or remove the key
pointsman.yaml:2:36: subscriptions[0].events: this must be a list, but is a text
    put it in brackets: [...]
pointsman.yaml:2:46: subscriptions[0].when: this key has no value
    write one, or remove the key
pointsman.yaml:2:63: subscriptions[0].concurrency: this must be 1 or more
pointsman.yaml:2:68: subscriptions[1]: this must be a mapping (`key: value`), but is a number
pointsman.yaml:3:34: queues.default.visibility: this must be a text, but is a number
    a text in quotes, or a time with its unit, such as 30s
pointsman.yaml:3:52: queues.default.dedup_window: `2d` is not between 0s and 24h
pointsman.yaml:3:72: queues.default.max_deliveries: this must be 1000 or less
pointsman.yaml:4:10: backend: `gcp` is not one of: embedded, aws, azure"#,
    ),
    (
        "secrets_are_references",
        r#"sources:
  github: { secrets: [hunter2, "env:", 5] }
  empty: { secrets: [] }
  none: {}
"#,
        r#"pointsman.yaml:2:23: sources.github.secrets[0]: a secret is named by reference: env:NAME or file:PATH (or literal:TEXT, for trying out)
pointsman.yaml:2:32: sources.github.secrets[1]: `env:` names nothing after the colon
pointsman.yaml:2:40: sources.github.secrets[2]: this must be a text, but is a number
    a text in quotes, or a time with its unit, such as 30s
pointsman.yaml:3:10: sources.empty: no secret is configured: anyone could send
    such as `secrets: ["env:GITHUB_WEBHOOK_SECRET"]`
pointsman.yaml:4:9: sources.none: no secret is configured: anyone could send
    such as `secrets: ["env:GITHUB_WEBHOOK_SECRET"]`"#,
    ),
    (
        "github_and_generic_sources_do_not_mix",
        r#"sources:
  a: { event: { header: X-Event } }
  b:
    secrets: ["env:A"]
    verify: { kind: token, header: X-Token, secrets: ["env:A"] }
  "we ird": { secrets: ["env:A"] }
"#,
        r#"pointsman.yaml:2:8: sources.a: `event` is for senders other than GitHub, which need `verify` too
    say how it signs: `verify: { kind: hmac, header: ..., secrets: [...] }`
pointsman.yaml:4:5: sources.b: `event` is missing: where the sender puts the event's name
    such as `event: { header: X-Event }` or `event: { pointer: /type }`
pointsman.yaml:4:5: sources.b.secrets: a source with `verify` has its secrets there
    move `secrets` into `verify`
pointsman.yaml:6:3: sources["we ird"]: `we ird` is no name of a source: 1 to 60 of a-z, 0-9 and -"#,
    ),
    (
        "kinds_of_verification",
        r#"sources:
  a: { verify: { kind: hmca }, event: { header: X } }
  b: { verify: { header: X }, event: { header: X } }
  c: { verify: 5, event: { header: X } }
  d: { verify: { kind: [], header: X }, event: { header: X } }
  e: { verify: { kind: token, header: X, secrets: ["env:A"], prefix: x }, event: { header: X } }
  f: { verify: { kind: hmac, header: "X Y", algorithm: md5, secrets: [] }, event: { header: X } }
"#,
        r#"pointsman.yaml:2:24: sources.a.verify.kind: `hmca` is not one of: hmac, token, standard-webhooks, ed25519
    did you mean `hmac`?
pointsman.yaml:3:16: sources.b.verify: `kind` is missing
    it is one of: hmac, token, standard-webhooks, ed25519
pointsman.yaml:4:16: sources.c.verify: this must be a mapping (`key: value`), but is a number
pointsman.yaml:5:24: sources.d.verify.kind: this must be one of: hmac, token, standard-webhooks, ed25519
pointsman.yaml:6:62: sources.e.verify.prefix: this key is unknown
    known are: kind, header, secrets
pointsman.yaml:7:38: sources.f.verify.header: `X Y` is no name of a header
pointsman.yaml:7:56: sources.f.verify.algorithm: `md5` is not one of: sha256, sha1
pointsman.yaml:7:70: sources.f.verify.secrets: this list is empty: anyone could send"#,
    ),
    (
        "what_is_signed",
        r#"sources:
  a:
    verify: { kind: hmac, header: X, secrets: ["env:A"], signed: "{timestamp}", timestamp: { header: T, element: t, tolerance: soon } }
    event: { header: X }
  b:
    verify: { kind: ed25519, header: X, public_keys: [abcd], signed: "{timestamp}{body}" }
    event: { header: X }
  c:
    verify: { kind: hmac, header: X, secrets: ["env:A"], signed: "{boddy}{body" }
    event: { header: X }
"#,
        r#"pointsman.yaml:3:66: sources.a.verify.signed: `{body}` is missing: the body would not be signed
pointsman.yaml:3:92: sources.a.verify.timestamp: exactly one of `header` and `element` must be there
pointsman.yaml:3:128: sources.a.verify.timestamp.tolerance: `soon` is no time
    a number with its unit: 30s, 10m, 12h, 7d
pointsman.yaml:6:55: sources.b.verify.public_keys[0]: this is no Ed25519 public key: 32 bytes, written as 64 hexadecimal digits
pointsman.yaml:6:70: sources.b.verify.signed: `{timestamp}` needs `timestamp`: where it lies
pointsman.yaml:9:66: sources.c.verify.signed: a `{` is not closed"#,
    ),
    (
        "headers_and_pointers",
        r#"sources:
  a:
    verify: { kind: token, header: X, secrets: ["env:A"] }
    event: { header: X, pointer: "" }
    delivery: {}
    session: { pointer: project.id }
"#,
        r#"pointsman.yaml:4:12: sources.a.event: exactly one of `header` and `pointer` must be there
pointsman.yaml:5:15: sources.a.delivery: exactly one of `header` and `pointer` must be there
pointsman.yaml:6:25: sources.a.session.pointer: `project.id` is no JSON pointer (RFC 6901)
    such as `/project/id`: each step begins with `/`"#,
    ),
    (
        "names_patterns_and_conditions",
        r#"sources: { github: { secrets: ["env:A"], events: ["pu sh!"], owns: [acme] } }
subscriptions:
  - { name: Bad, events: [] }
  - { name: a.dead, events: [push] }
  - { name: b, events: ["!"], repositories: [acme, "acme/*"], when: dat.ref }
  - { name: b, events: [push], session: "{owner" }
  - { name: c, events: [push], when: "((((((((((((((((((((1))))))))))))))))))))" }
"#,
        r#"pointsman.yaml:1:51: sources.github.events[0]: `pu sh!` is no event pattern: an event such as push, issues.opened or pull_request*, or ! and one
pointsman.yaml:1:69: sources.github.owns[0]: `acme` is no repository pattern: owner/name, owner/*, */name, *, or ! and one
pointsman.yaml:3:13: subscriptions[0].name: `Bad` is no name here: 1 to 60 of a-z, 0-9 and -, beginning with a letter or digit
pointsman.yaml:3:26: subscriptions[0].events: this list is empty
pointsman.yaml:4:13: subscriptions[1].name: `a.dead` is the name of a queue of dead letters
    `pointsman dead-letters` and `receive` read it; take another name here
pointsman.yaml:5:25: subscriptions[2].events[0]: `!` is no event pattern: an event such as push, issues.opened or pull_request*, or ! and one
pointsman.yaml:5:46: subscriptions[2].repositories[0]: `acme` is no repository pattern: owner/name, owner/*, */name, *, or ! and one
pointsman.yaml:5:69: subscriptions[2].when: `dat` is unknown: an expression reads `event` and `data`, such as data.ref
pointsman.yaml:6:13: subscriptions[3].name: a subscription named `b` is there already, on line 5
    to send more to the same queue, give this one `queue:`
pointsman.yaml:6:41: subscriptions[3].session: `{owner` has a { without its }
pointsman.yaml:7:38: subscriptions[4].when: an expression has at most 2000 bytes and 10 brackets in brackets"#,
    ),
    (
        "a_shared_queue_has_one_order",
        r#"sources: { github: { secrets: ["env:A"] } }
subscriptions:
  - { name: a, events: [push], session: repository }
  - { name: b, events: [push], queue: a }
  - { name: c, events: [push], queue: a, session: none }
  - { name: d, events: [push], queue: e }
  - { name: e, events: [push], session: entity }
queues: { aa: {}, e: { visibility: 12h }, default: {} }
"#,
        r#"pointsman.yaml:4:5: subscriptions[1]: the queue `a` is ordered otherwise by the subscription `a`
    subscriptions that share a queue share the session strategy
pointsman.yaml:5:51: subscriptions[2].session: the queue `a` is ordered otherwise by the subscription `a`
    subscriptions that share a queue share the session strategy
pointsman.yaml:8:11: queues.aa: no subscription has a queue of this name
    did you mean `a`?"#,
    ),
    (
        "yaml_that_is_not_taken",
        r#"listen: &here 127.0.0.1:80
data: *here
<<: { backend: embedded }
listen: !text 5
: 5
? [k]
: v
sources: { github: { secrets: ["env:A"] } }
"#,
        r#"pointsman.yaml:1:9: listen: anchors (`&name`) are not taken
    write the value out where it is needed
pointsman.yaml:2:7: data: aliases (`*name`) are not taken
    write the value out; in quotes if a text was meant, such as "*"
pointsman.yaml:3:1: ["<<"]: merge keys (`<<`) are not taken
    write the values out
pointsman.yaml:4:1: listen: this key is there twice
    keep one of the two
pointsman.yaml:4:9: listen: tags (`!name`) are not taken
    a value in quotes is a text
pointsman.yaml:5:1: [""]: a key is missing before the colon
    write `key: value`
pointsman.yaml:6:3: a key must be a text
    write `key: value`"#,
    ),
    (
        "broken_yaml",
        "sources:\n\tgithub: {}\n",
        r#"pointsman.yaml:2:2: sources: this is not YAML: tabs disallowed within this context (block indentation)
    indent with spaces"#,
    ),
    (
        "an_open_bracket",
        r#"sources: {
"#,
        r#"pointsman.yaml:2:1: sources: this is not YAML: while parsing a node, did not find expected node content"#,
    ),
    (
        "a_bare_star",
        r#"events: [*]
"#,
        r#"pointsman.yaml:1:10: events[0]: this is not YAML: while scanning an anchor or alias, did not find expected alphabetic or numeric character
    `*` and `&` begin an alias or an anchor: put the text in quotes, such as "*""#,
    ),
    (
        "two_documents",
        r#"listen: 127.0.0.1:80
---
data: x
"#,
        r#"pointsman.yaml:2:1: a second document begins here
    a configuration is one document: remove the `---`"#,
    ),
    (
        "a_nul_does_not_end_the_file",
        "listen: 127.0.0.1:80\ndata: a\0b\n",
        r#"pointsman.yaml:2:8: the control character U+0000 has no place in YAML"#,
    ),
    (
        "no_mapping",
        r#"[1, 2]"#,
        r#"pointsman.yaml:1:1: this must be a mapping (`key: value`), but is a list"#,
    ),
    (
        "an_app_has_a_key_an_address_and_a_secret_of_its_own",
        r#"sources:
  github:
    secrets: ["env:A", "env:B"]
    app: { id: 0, private_key: hunter2, base_url: "https://me:secret@x", slug: "My App" }
  other: { secrets: ["env:B"], app: { id: 1, base_url: "ftp://x" } }
  lab: { verify: { kind: token, header: X, secrets: ["env:A"] }, event: { header: X }, app: { id: 1, private_key: "env:K" } }
subscriptions: [{ name: a, events: [push], source: githup }]
"#,
        r#"pointsman.yaml:3:15: sources.github.secrets[0]: the source `lab` has the same secret
    an App's webhook needs a secret of its own: who knows it can make releases
pointsman.yaml:3:24: sources.github.secrets[1]: the source `other` has the same secret
    an App's webhook needs a secret of its own: who knows it can make releases
pointsman.yaml:4:16: sources.github.app.id: this must be 1 or more
pointsman.yaml:4:32: sources.github.app.private_key: a secret is named by reference: env:NAME or file:PATH (or literal:TEXT, for trying out)
pointsman.yaml:4:51: sources.github.app.base_url: this is no address of an API
    such as https://api.github.com, or https://HOST/api/v3 of an Enterprise Server
pointsman.yaml:4:80: sources.github.app.slug: `My App` is no App's name in URLs: a-z, 0-9 and -
    as in https://github.com/apps/SLUG
pointsman.yaml:5:22: sources.other.secrets[0]: the source `github` has the same secret
    an App's webhook needs a secret of its own: who knows it can make releases
pointsman.yaml:5:37: sources.other.app: `private_key` is missing
pointsman.yaml:5:56: sources.other.app.base_url: this is neither https nor http
    such as https://api.github.com, or https://HOST/api/v3 of an Enterprise Server
pointsman.yaml:6:88: sources.lab.app: an `app` is GitHub's: a source with `verify` has none
pointsman.yaml:7:52: subscriptions[0].source: there is no source `githup`
    did you mean `github`?"#,
    ),
    (
        "releases_need_one_app",
        r#"sources: { github: { secrets: ["env:A"] } }
release: { enabled: true, reconcile: 1s, repositories: [acme], every: 1h }
"#,
        r#"pointsman.yaml:2:21: release.enabled: no source has an `app`: there is nobody to open a pull request
    such as `app: { id: 123, private_key: "file:app.pem" }` in a source; `pointsman app create` makes an App and writes it
pointsman.yaml:2:38: release.reconcile: `1s` is not between 1m and 7d
pointsman.yaml:2:57: release.repositories[0]: `acme` is no repository pattern: owner/name, owner/*, */name, *, or ! and one
pointsman.yaml:2:64: release.every: this key is unknown
    known are: enabled, source, repositories, reconcile, settings, locked, organisations"#,
    ),
    (
        "of_several_apps_one_is_named_and_it_is_an_app",
        r#"sources:
  a: { secrets: ["env:A"], app: { id: 1, private_key: "env:K" } }
  b: { secrets: ["env:B"], app: { id: 2, private_key: "env:K" } }
release: { enabled: true }
"#,
        r#"pointsman.yaml:4:21: release.enabled: several sources have an `app`: a, b
    say which one releases: `source: a`"#,
    ),
    (
        "the_named_source_of_releases_has_an_app",
        r#"sources: { github: { secrets: ["env:A"] } }
release: { source: github }
"#,
        r#"pointsman.yaml:2:20: release.source: the source `github` has no `app`
    such as `app: { id: 123, private_key: "file:app.pem" }` in a source; `pointsman app create` makes an App and writes it"#,
    ),
    (
        "the_names_of_the_release_stages_are_theirs",
        r#"sources: { github: { secrets: ["env:A"] } }
subscriptions:
  - { name: release-orchestrator, events: [push] }
  - { name: mine, events: [push], queue: release-automator }
queues: { release-orchestrator: { max_deliveries: 3 } }
"#,
        r#"pointsman.yaml:3:13: subscriptions[0].name: `release-orchestrator` is the name of a built-in stage
    its queue is its own; take another name here
pointsman.yaml:4:42: subscriptions[1].queue: `release-automator` is the name of a built-in stage
    its queue is its own; take another name here"#,
    ),
    (
        "settings_under_the_repositories_own_follow_their_rules",
        r#"sources: { github: { secrets: ["env:A"] } }
release:
  settings: { strategy: semantic, initial_version: 1.0.0+x, tag_formats: x }
  locked: [release.strategi]
  organisations:
    acme: { settings: { components: { web: { path: ../etc } } } }
    ACME: { locked: [strategy] }
    "a b": { settings: 5 }
"#,
        r#"pointsman.yaml:3:25: release.settings.strategy: `semantic` is not one of: semver, prerelease, calver, always_patch, always_minor, always_major
pointsman.yaml:3:52: release.settings.initial_version: `1.0.0+x`: what follows the + has no place here
pointsman.yaml:3:61: release.settings.tag_formats: this key is unknown
    did you mean `tag_format`?
pointsman.yaml:4:12: release.locked[0]: `release.strategi` is no field
    did you mean `strategy`?
pointsman.yaml:6:52: release.organisations.acme.settings.components.web.path: the path has `..`: no path leads out of the repository or the component's folder
pointsman.yaml:7:22: release.organisations.ACME.locked[0]: `strategy` is no field
    such as `release.strategy`
pointsman.yaml:8:5: release.organisations["a b"]: `a b` is no account's name
    as in https://github.com/NAME: a-z, 0-9 and -
pointsman.yaml:8:24: release.organisations["a b"].settings: this must be a mapping (`key: value`), but is a number"#,
    ),
    (
        "an_organisation_may_not_change_what_is_locked_above",
        r#"sources: { github: { secrets: ["env:A"] } }
release:
  settings: { strategy: always_patch }
  locked: [release.strategy]
  organisations:
    acme: { settings: { strategy: semver } }
"#,
        r#"pointsman.yaml:6:25: release.organisations.acme.settings.strategy: `release.strategy` is locked by pointsman.yaml
    remove it here, or ask those who keep that file"#,
    ),
];
