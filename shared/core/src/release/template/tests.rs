//! What a template may say and what it costs.

use serde_json::json;

use super::*;

fn rendered(template: &str, context: &serde_json::Value) -> Result<String, String> {
    check(Kind::Title, template)?;
    fill_one(template, Value::from(Serde(context)), OWN)
}

#[test]
fn values_filters_conditions_and_loops_are_taken() {
    let context = json!({"target": "main", "version": "1.2.0", "releases": [{"tag": "a"}, {"tag": "b"}]});
    for (template, expected) in [
        ("v{{ version }}", "v1.2.0"),
        ("{{- target|upper -}} x", "MAINx"),
        ("{{ target|replace(\"a\", '~*[') }}", "m~*[in"),
        ("{% for r in releases %}{{ r.tag }}{% if not loop.last %}, {% endif %}{% endfor %}", "a, b"),
        ("{% if (target == \"main\" or version) and releases|length > 1 %}yes{% else %}no{% endif %}", "yes"),
        ("{{ component|default(\"all\") }}{{ component.x.y }}", "all"),
        ("{# a ~ b #}* {{ 'plain' }}", "* plain"),
        ("{{ version if version is defined else 'none' }}", "1.2.0"),
    ] {
        assert_eq!(rendered(template, &context), Ok(expected.into()), "{template}");
    }
}

#[test]
fn what_could_grow_by_itself_or_reach_out_is_refused() {
    for (template, told) in [
        ("{{ a ~ a }}", "line 1: `~` has no meaning in this template language"),
        ("{{ \"}}\" ~ version }}", "line 1: `~` has no meaning in this template language"),
        ("\n{# {{ \" #}{{ version * 9 }}{# \" }} #}", "line 2: `*` has no meaning in this template language"),
        ("{{ version + version }}", "line 1: `+` has no meaning in this template language"),
        ("{{ [version] }}", "line 1: `[` has no meaning in this template language"),
        ("{{ {'a': version} }}", "line 1: `{` has no meaning in this template language"),
        (
            "{% for a in (version, version) %}{% endfor %}",
            "line 1: a comma stands only between what a filter is given",
        ),
        (
            "{% for a in(version, version) %}{% endfor %}",
            "line 1: a comma stands only between what a filter is given",
        ),
        ("{% for a in releases recursive %}{% endfor %}", "line 1: `recursive` has no meaning here"),
        (
            "{% if releases == releases %}{% endif %}",
            "line 1: a comparison is with a text in quotes, a number, true, false or none",
        ),
        ("{% set a = version %}", "line 1: `=` has no meaning in this template language"),
        (
            "{% set a %}x{% endset %}",
            "line 1: `{% set %}` is no tag of this template language: there are if and for",
        ),
        (
            "{%-include 'x' %}",
            "line 1: `{% include %}` is no tag of this template language: there are if and for",
        ),
        ("{% %}", "line 1: a tag's name is missing"),
        (
            "{{ secret }}",
            "`secret` is no variable of this template: there are target, versions, releases, component, version, tag",
        ),
        ("{{ version|safe }}", "line 1: filter safe is unknown"),
        ("{{ version", "line 1: unexpected end of input, expected end of variable block"),
        (
            "<!-- pointsman:release {} -->",
            "a template has no `<!-- pointsman:` in it: what begins so is read back from the pull request",
        ),
        ("{% if version %}", "line 1: unexpected end of input, expected end of block"),
    ] {
        assert_eq!(rendered(template, &json!({"version": "1.2.0"})).unwrap_err(), told, "{template}");
    }
    assert!(check(Kind::Title, &"x".repeat(LONGEST + 1)).unwrap_err().contains("at most 16384 bytes"));
}

#[test]
fn time_and_size_are_bounded() {
    let many: Vec<_> = (0..2_000).map(|_| json!({"tag": "x".repeat(500)})).collect();
    let context = json!({"releases": many});
    let squared =
        "{% for a in releases %}{% for b in releases %}{% if a %}{% endif %}{% endfor %}{% endfor %}";
    assert_eq!(rendered(squared, &context).unwrap_err(), "it takes too many steps");
    let large = "{% for a in releases %}{{ a.tag }}{{ a.tag }}{{ a.tag }}{% endfor %}";
    assert_eq!(rendered(large, &context).unwrap_err(), "what it gives is longer than 1048576 bytes");
    let text = json!({"version": "x".repeat(1_000)});
    let grown = "{{ version|replace('x', version)|replace('x', version) }}";
    assert!(rendered(grown, &text).unwrap_err().contains("too long"));
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let context = json!({"version": "{{ target }}{% for %}", "target": "main"});
    assert_eq!(rendered("{{ version }}", &context).unwrap(), "{{ target }}{% for %}");
}

#[test]
fn a_template_that_fails_gives_way_to_the_built_in_one() {
    let filled =
        fill(Kind::Title, Some("{{ version|upper|nothing }}"), "v{{ version }}", &json!({"version": "1"}));
    assert_eq!(filled.text, "v1");
    let told = "pull_request.title: line 1: filter nothing is unknown: the built-in template was used";
    assert_eq!(filled.warning.unwrap(), told);
}
