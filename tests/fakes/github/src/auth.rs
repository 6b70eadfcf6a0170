//! Who asks, and what they may: App JWTs, installation tokens, people's tokens, or nobody.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::{
    keys,
    reply::{Refusal, not_found, refuse},
    route::{Call, Operation},
    state::{Token, World},
};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// By JWT.
    App { id: u64 },
    /// By an installation's token.
    Installation {
        id: u64,
        slug: String,
        account: String,
        permissions: BTreeMap<String, String>,
        repositories: Option<BTreeSet<String>>,
    },
    /// A person, by a token of their own.
    Person { login: String },
    /// Nobody.
    Anonymous,
}

impl Principal {
    /// The account that what is written is said to be by.
    pub fn login(&self) -> String {
        match self {
            Self::Installation { slug, .. } => format!("{slug}[bot]"),
            Self::Person { login } => login.clone(),
            Self::App { .. } | Self::Anonymous => "ghost".into(),
        }
    }

    /// Whose requests are counted together against the limit.
    pub fn budget(&self) -> String {
        match self {
            Self::App { id } => format!("app {id}"),
            Self::Installation { id, .. } => format!("installation ID {id}"),
            Self::Person { login } => format!("user {login}"),
            Self::Anonymous => "127.0.0.1".into(),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: serde_json::Value,
    iat: i64,
    exp: i64,
}

/// Who the headers say it is.
pub(crate) fn principal(world: &World, headers: &HeaderMap) -> Result<Principal, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Principal::Anonymous) };
    let value = value.to_str().unwrap_or("");
    let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
    if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
        return Err(refuse(401, "Bad credentials"));
    }
    if token.matches('.').count() == 2 {
        return jwt(world, token);
    }
    match world.tokens.get(token) {
        Some(Token::Personal { login }) => Ok(Principal::Person { login: login.clone() }),
        Some(Token::Installation { installation, permissions, repositories, expires }) => {
            let known = world.installations.get(installation);
            let known =
                known.filter(|_| *expires > world.now).ok_or_else(|| refuse(401, "Bad credentials"))?;
            if known.suspended.is_some() {
                return Err(refuse(403, "This installation has been suspended"));
            }
            let app = world.apps.get(&known.app).ok_or_else(|| refuse(401, "Bad credentials"))?;
            // A permission that the installation lost, the token lost too; of `read` and `write`, the lesser counts.
            let both = permissions.iter().filter_map(|(name, level)| {
                let granted = known.permissions.get(name)?;
                Some((name.clone(), level.min(granted).clone()))
            });
            let permissions = both.collect();
            Ok(Principal::Installation {
                id: known.id,
                slug: app.slug.clone(),
                account: known.account.clone(),
                permissions,
                repositories: match (repositories, &known.repositories) {
                    (Some(asked), Some(all)) => Some(asked.intersection(all).cloned().collect()),
                    (Some(one), None) | (None, Some(one)) => Some(one.clone()),
                    (None, None) => None,
                },
            })
        }
        None => Err(refuse(401, "Bad credentials")),
    }
}

/// GitHub's rules for an App's JWT, each with GitHub's words.
fn jwt(world: &World, token: &str) -> Result<Principal, Refusal> {
    let undecodable = || refuse(401, "A JSON web token could not be decoded");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let key = DecodingKey::from_rsa_der(keys::public_key());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|_| undecodable())?.claims;
    let issuer = claims.iss.as_str().map_or_else(|| claims.iss.to_string(), str::to_owned);
    let mut ids = world.apps.keys().copied();
    let id = ids.find(|id| issuer == id.to_string() || issuer == crate::shape::client_id(*id));
    let id = id.ok_or_else(undecodable)?;
    let now = world.now.as_second();
    if claims.exp <= now {
        return Err(refuse(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if claims.exp > now + 600 {
        return Err(refuse(401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    if claims.iat > now {
        return Err(refuse(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(Principal::App { id })
}

/// Whether this principal may do this: what it may not see is not there, what it may not do is forbidden.
pub(crate) fn allow(world: &World, operation: &Operation, call: &Call) -> Result<(), Refusal> {
    let (area, level) = operation.needs.split_once(':').unwrap_or((operation.needs, ""));
    if area == "jwt" {
        return match call.principal {
            Principal::App { .. } => Ok(()),
            _ => Err(refuse(401, "A JSON web token could not be decoded")),
        };
    }
    if let Principal::App { .. } = call.principal
        && !area.is_empty()
    {
        return Err(refuse(403, "Resource not accessible by integration"));
    }
    if !call.params.contains_key("repo") {
        return Ok(());
    }
    let key = call.repo();
    let repo = world.repos.get(&key).ok_or_else(not_found)?;
    match &call.principal {
        Principal::Installation { account, permissions, repositories, .. } => {
            let seen = repo.owner.eq_ignore_ascii_case(account)
                && repositories.as_ref().is_none_or(|names| names.contains(&key));
            if !seen && (repo.private || level == "write") {
                return Err(if repo.private { not_found() } else { integration(area, level) });
            }
            let have = if area.contains('|') {
                area.split('|').filter_map(|area| permissions.get(area)).max()
            } else {
                permissions.get(area)
            };
            let have = have.map_or("", String::as_str);
            let enough = match level {
                "write" => have == "write",
                _ => matches!(have, "read" | "write") || area == "metadata" || !repo.private,
            };
            if enough { Ok(()) } else { Err(integration(area, level)) }
        }
        Principal::Person { login } => {
            let role = repo.role(login);
            let writes = matches!(role, "admin" | "maintain" | "write");
            match level {
                "write"
                    if matches!(area, "issues" | "pull_requests" | "issues|pull_requests")
                        && role != "none" =>
                {
                    Ok(())
                }
                "write" if !writes && role == "none" && repo.private => Err(not_found()),
                "write" if !writes => Err(refuse(403, "Must have push access to repository.")),
                _ if role == "none" && repo.private => Err(not_found()),
                _ => Ok(()),
            }
        }
        Principal::Anonymous if repo.private => Err(not_found()),
        Principal::Anonymous if level == "write" => Err(refuse(401, "Requires authentication")),
        Principal::Anonymous | Principal::App { .. } => Ok(()),
    }
}

fn integration(area: &str, level: &str) -> Refusal {
    let mut refusal = refuse(403, "Resource not accessible by integration");
    let areas: Vec<_> = area.split('|').map(|area| format!("{area}={level}")).collect();
    refusal.0.headers.push(("x-accepted-github-permissions", areas.join("; ")));
    refusal
}
