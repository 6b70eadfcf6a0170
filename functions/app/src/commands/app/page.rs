//! The pages that the browser sees. They run nothing, and what stands in them is escaped.

use anyhow::Result;

use super::{Made, ask::Manifest};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}\
                     button{font:inherit;padding:.5em 1em}";

/// Asks the person to send the manifest to GitHub.
pub fn asking(to: &str, manifest: &Manifest) -> Result<String> {
    let json = serde_json::to_string(manifest)?;
    let permissions: String = manifest
        .default_permissions
        .iter()
        .map(|(name, level)| format!("<li>{name}: {level}</li>"))
        .collect();
    let events = manifest.default_events.join(", ");
    let webhook = manifest.webhook().map_or_else(|| "off, for now".to_owned(), escaped);
    let body = format!(
        "<h1>A GitHub App for Pointsman</h1>\n\
         <p>It may</p><ul>{permissions}</ul>\n\
         <p>It hears of {events}. Its webhook: {webhook}.</p>\n\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"manifest\" value=\"{}\">\n\
         <button>Create it on GitHub</button></form>",
        escaped(to),
        escaped(&json),
    );
    Ok(whole(&body))
}

/// Tells that it is made.
pub fn made(made: &Made) -> String {
    whole(&format!(
        "<h1>The App {} is made</h1>\n<p>Its key and its secret are kept. Now <a href=\"{}\">install it</a> where \
         releases are wanted; the terminal tells what else there is to do.</p>",
        escaped(&made.slug),
        escaped(&made.install),
    ))
}

/// Tells what is wrong.
pub fn wrong(told: &str) -> String {
    whole(&format!("<h1>This did not work</h1>\n<p>{}</p>", escaped(told)))
}

fn whole(body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Pointsman</title><style>{STYLE}</style>\n\
         {body}\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn what_stands_in_a_page_cannot_leave_its_place() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let name = Some("\"><script>alert('x')</script>&".to_owned());
        let manifest = Manifest::new(name, &Default::default(), None, None, false, address);
        let page = asking("https://github.com/settings/apps/new?state=a&b=\"", &manifest).unwrap();
        assert!(!page.contains("<script>") && !page.contains("state=a&b"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"), "{page}");
        assert!(wrong("<b>").contains("&lt;b&gt;"));
    }
}
