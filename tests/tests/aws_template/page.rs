//! `infra/aws/README.md` says what is so.

use std::fs;

use pointsman_tests::{cost, house::root};

use crate::template;

#[test]
fn what_a_month_costs_is_what_the_script_computes() {
    let page = fs::read_to_string(root().join(cost::PAGE)).unwrap();
    let said =
        page.split_once(cost::BEGIN).and_then(|(_, rest)| rest.split_once(cost::END)).unwrap_or_default().0;
    assert!(said == cost::tables(&template()), "{}: run scripts/aws-cost", cost::PAGE);
}

#[test]
fn every_parameter_and_every_output_is_on_the_page() {
    let page = fs::read_to_string(root().join(cost::PAGE)).unwrap();
    for part in ["/Parameters", "/Outputs"] {
        for name in template().at(part).as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "{}: {name} is not explained", cost::PAGE);
        }
    }
}
