//! Reads: one answer, or all pages of a list; kept, where that helps.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use pointsman_core::port::{ErrorKind, PortError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Github,
    about::About,
    ask::Ask,
    cache::{CacheKey, Keep, Kept},
    client::Auth,
};

/// A model, and where the list goes on.
pub(crate) struct Page<T> {
    pub value: T,
    pub next: Option<String>,
}

/// How far a list is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cap {
    /// This many pages at most; a longer list is an error.
    pub pages: usize,
    /// What there is too much of, and what to do.
    pub of: &'static str,
}

impl Github {
    /// One thing. `NotFound`: there is none.
    pub(crate) async fn get<T>(&self, auth: &Auth, ask: &Ask, keep: Keep) -> Result<T, PortError>
    where
        T: Serialize + DeserializeOwned,
    {
        let found = self.find(auth, ask, keep).await?;
        found.ok_or_else(|| match keep {
            // What is named by its sha was named by GitHub itself, a moment ago.
            Keep::Immutable => {
                PortError::unavailable(format!("{} is not visible at GitHub yet", ask.shown()))
            }
            Keep::Tagged | Keep::Path => PortError::not_found(format!("GitHub has no {}", ask.shown())),
        })
    }

    /// One thing, or none.
    pub(crate) async fn find<T>(&self, auth: &Auth, ask: &Ask, keep: Keep) -> Result<Option<T>, PortError>
    where
        T: Serialize + DeserializeOwned,
    {
        let json = |response: &Response<Bytes>| self.read(ask, response.body());
        Ok(self.page(auth, ask, keep, json).await?.map(|page| page.value))
    }

    /// All of a list that is an array, up to the cap.
    pub(crate) async fn all<T>(
        &self,
        auth: &Auth,
        ask: Ask,
        keep: Keep,
        cap: Cap,
    ) -> Result<Vec<T>, PortError>
    where
        T: Serialize + DeserializeOwned,
    {
        self.until(auth, ask, keep, cap, |_: &Vec<T>| false)
            .await
            .map(|pages| pages.into_iter().flatten().collect())
    }

    /// A list's pages, up to the one of which `done` says that it is the last that matters.
    pub(crate) async fn until<P>(
        &self,
        auth: &Auth,
        mut ask: Ask,
        keep: Keep,
        cap: Cap,
        mut done: impl FnMut(&P) -> bool + Send,
    ) -> Result<Vec<P>, PortError>
    where
        P: Serialize + DeserializeOwned,
    {
        let first = ask.shown();
        let mut pages = Vec::new();
        loop {
            let json = |response: &Response<Bytes>| self.read(&ask, response.body());
            let page = self.page(auth, &ask, keep, json).await?;
            let page = page.ok_or_else(|| PortError::not_found(format!("GitHub has no {first}")))?;
            let last = done(&page.value);
            pages.push(page.value);
            match page.next {
                Some(next) if !last => ask.target = next,
                _ => return Ok(pages),
            }
            if pages.len() >= cap.pages {
                let message = format!("{first} has more than {} pages: {}", cap.pages, cap.of);
                return Err(PortError::invalid(message));
            }
        }
    }

    /// One answer, as `read` has it: the one that was kept, if GitHub stands by it or never changes it.
    pub(crate) async fn page<T>(
        &self,
        auth: &Auth,
        ask: &Ask,
        keep: Keep,
        read: impl Fn(&Response<Bytes>) -> Result<T, PortError>,
    ) -> Result<Option<Page<T>>, PortError>
    where
        T: Serialize + DeserializeOwned,
    {
        let key = CacheKey::of(auth, &ask.url(self.base_url()), ask.accept);
        let known = self.cache().get(key).await;
        let known = known
            .filter(|kept| kept.body.as_deref().is_none_or(|it| serde_json::from_slice::<T>(it).is_ok()));
        if let Some(kept) = known.as_deref().filter(|_| keep != Keep::Tagged) {
            return self.kept(ask, kept);
        }
        let etag = known.as_ref().and_then(|kept| kept.etag.as_deref());
        let response = match self.send(auth, ask, etag).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                if keep == Keep::Path {
                    let about = About::new(auth, ask);
                    let none = Kept { etag: None, next: None, body: None, about, written: self.now() };
                    self.cache().put(key, none).await;
                }
                return Ok(None);
            }
            other => other?,
        };
        if let (StatusCode::NOT_MODIFIED, Some(kept)) = (response.status(), &known) {
            self.cache().renew(key, kept, self.now()).await;
            return self.kept(ask, kept);
        }
        let value = read(&response)?;
        let next = self.next(ask, response.headers())?;
        let etag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        if keep != Keep::Tagged || etag.is_some() {
            let body = serde_json::to_vec(&value).expect("our own types are JSON");
            let (body, next, about) = (Some(body.into()), next.clone(), About::new(auth, ask));
            let kept = Kept { etag, next, body, about, written: self.now() };
            self.cache().put(key, kept).await;
        }
        Ok(Some(Page { value, next }))
    }

    fn kept<T: DeserializeOwned>(&self, ask: &Ask, kept: &Kept) -> Result<Option<Page<T>>, PortError> {
        let Some(body) = &kept.body else { return Ok(None) };
        Ok(Some(Page { value: self.read(ask, body)?, next: kept.next.clone() }))
    }

    /// `Link: <..>; rel="next"`, if it stays with GitHub: the token goes nowhere else.
    pub(crate) fn next(&self, ask: &Ask, headers: &HeaderMap) -> Result<Option<String>, PortError> {
        let Some(next) = next_link(headers) else { return Ok(None) };
        if self.base_url().holds(&next) {
            return Ok(Some(next));
        }
        let message = format!(
            "{} goes on at another address than {}: set the base URL to the one that GitHub calls itself",
            ask.shown(),
            self.base_url()
        );
        Err(PortError::invalid(message))
    }
}

fn next_link(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let links = links.flat_map(|value| value.split(",<").flat_map(|part| part.split(", <")));
    links.filter_map(|link| link.split_once('>')).find_map(|(url, parameters)| {
        let is_next = parameters.split(';').any(|it| {
            let rel = it.trim().trim_end_matches(',').strip_prefix("rel=");
            rel.is_some_and(|rel| rel.trim_matches('"').split(' ').any(|rel| rel == "next"))
        });
        is_next.then(|| url.trim_start().trim_start_matches('<').to_owned())
    })
}
