//! Draws the pictures in docs/ anew: `scripts/pictures`.

use std::fs;

use pointsman_tests::pictures;

fn main() -> std::io::Result<()> {
    for picture in pictures::draw() {
        fs::write(picture.file(), &picture.svg)?;
        println!("{}", picture.path);
    }
    Ok(())
}
