//! Pages: 30 by default, 100 at most, the way to the next in `Link`.

use serde_json::{Value, json};

use crate::{reply::Reply, route::Call, state::World};

/// Which page is asked for.
pub(crate) struct Page {
    pub number: usize,
    pub size: usize,
}

impl Page {
    /// As the query says; `most` a page.
    pub fn of(call: &Call, most: usize) -> Self {
        let number =
            |name: &str| call.ask(name).and_then(|text| text.parse::<usize>().ok()).filter(|it| *it > 0);
        Self { number: number("page").unwrap_or(1), size: number("per_page").unwrap_or(30).min(most) }
    }

    /// The page's part of all.
    pub fn cut<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let start = (self.number - 1).saturating_mul(self.size).min(all.len());
        &all[start..(start + self.size).min(all.len())]
    }

    /// `Link`, if there is more than this page.
    pub fn link(&self, world: &World, call: &Call, total: usize) -> Option<(&'static str, String)> {
        let last = total.div_ceil(self.size).max(1);
        let url = |page: usize| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(call.query.iter().filter(|(name, _)| *name != "page"));
            query.append_pair("page", &page.to_string());
            format!("{}{}?{}", world.site.api, call.path, query.finish())
        };
        let mut links = Vec::new();
        if self.number > 1 {
            links.push(format!("<{}>; rel=\"prev\"", url((self.number - 1).min(last))));
        }
        if self.number < last {
            links.push(format!("<{}>; rel=\"next\"", url(self.number + 1)));
            links.push(format!("<{}>; rel=\"last\"", url(last)));
        }
        if self.number > 1 {
            links.push(format!("<{}>; rel=\"first\"", url(1)));
        }
        (!links.is_empty()).then(|| ("link", links.join(", ")))
    }
}

/// The page of a list; only what is on it is put into form.
pub(crate) fn list<T>(world: &World, call: &Call, all: &[T], form: impl FnMut(&T) -> Value) -> Reply {
    let page = Page::of(call, 100);
    let mut reply = Reply::ok(json!(page.cut(all).iter().map(form).collect::<Vec<_>>()));
    reply.headers.extend(page.link(world, call, all.len()));
    reply
}
