//! Writes what a month on AWS costs into its page: `scripts/aws-cost`.

use std::{fs, io};

use pointsman_tests::{cost, house::root, template::Template};

fn main() -> io::Result<()> {
    let template = Template::parse(&fs::read_to_string(root().join("template.yaml"))?);
    let path = root().join(cost::PAGE);
    let page = fs::read_to_string(&path)?;
    let parts =
        page.split_once(cost::BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(cost::END)?.1)));
    let (head, tail) =
        parts.ok_or_else(|| io::Error::other(format!("{} has no place for it", cost::PAGE)))?;
    fs::write(path, [head, cost::BEGIN, &cost::tables(&template), cost::END, tail].concat())
}
