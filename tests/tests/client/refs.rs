//! Of two who move a ref, one wins and the other learns it; the bare repository has the last word.

use pointsman_github::{Claim, Moved, Swap};

use crate::house::{House, REPO, branch, tag};

/// Where git itself says that a ref is.
fn in_git(house: &House, name: &str) -> String {
    let mut git = std::process::Command::new("git");
    let output = git.arg("-C").arg(house.github.git_folder(REPO)).args(["rev-parse", name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_name_is_claimed_once() {
    let house = House::new().await;
    let (repository, other) = (house.repository(), house.commit("other", "a.txt"));
    assert_eq!(repository.claim(&tag("v1"), &house.base).await.unwrap(), Claim::Made);
    assert_eq!(repository.claim(&tag("v1"), &house.base).await.unwrap(), Claim::Same);
    assert_eq!(repository.claim(&tag("v1"), &other).await.unwrap(), Claim::Taken(house.base.clone()));
    assert_eq!(in_git(&house, "refs/tags/v1"), house.base.as_str());
}

#[tokio::test]
async fn a_branch_goes_forward_and_never_back() {
    let house = House::new().await;
    let (repository, ahead) = (house.repository(), house.commit("ahead", "a.txt"));
    let aside = house.commit("aside", "b.txt");
    repository.claim(&branch("ours"), &house.base).await.unwrap();
    assert_eq!(repository.forward(&branch("ours"), &ahead).await.unwrap(), Moved::Done);
    assert_eq!(repository.forward(&branch("ours"), &aside).await.unwrap(), Moved::NotFastForward);
    assert_eq!(repository.forward(&branch("none"), &ahead).await.unwrap(), Moved::Gone);
    assert_eq!(in_git(&house, "refs/heads/ours"), ahead.as_str());
}

#[tokio::test]
async fn a_swap_happens_from_the_known_head_or_not_at_all() {
    let house = House::new().await;
    let (repository, ours) = (house.repository(), branch("ours"));
    let (one, two) = (house.commit("one", "1.txt"), house.commit("two", "2.txt"));
    let swap = |from, to| repository.swap(&ours, from, to);
    assert_eq!(swap(None, Some(&one)).await.unwrap(), Swap::Done);
    assert_eq!(swap(None, Some(&two)).await.unwrap(), Swap::Other(Some(one.clone())));
    assert_eq!(swap(Some(&house.base), Some(&two)).await.unwrap(), Swap::Other(Some(one.clone())));
    assert_eq!(in_git(&house, "refs/heads/ours"), one.as_str());
    assert_eq!(
        swap(Some(&one), Some(&two)).await.unwrap(),
        Swap::Done,
        "aside, from where it is known to be"
    );
    assert_eq!(in_git(&house, "refs/heads/ours"), two.as_str());
    assert_eq!(swap(Some(&one), None).await.unwrap(), Swap::Other(Some(two.clone())));
    assert_eq!(swap(Some(&two), None).await.unwrap(), Swap::Done);
    assert_eq!(swap(Some(&two), None).await.unwrap(), Swap::Done, "gone is gone");
    assert_eq!(house.github.reference(REPO, "refs/heads/ours"), None);
    assert!(
        house.asked("POST /graphql") > 0 && house.asked("PATCH /repos/{owner}/{repo}/git/refs/{ref}") == 0
    );
}

#[tokio::test]
async fn of_many_who_swap_at_once_one_wins() {
    let house = House::new().await;
    let ours = branch("ours");
    house.repository().claim(&ours, &house.base).await.unwrap();
    let heads: Vec<_> = (0..8).map(|n| house.commit(&format!("b{n}"), &format!("{n}.txt"))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for head in heads {
        let (repository, ours, base) = (house.repository(), ours.clone(), house.base.clone());
        tasks.spawn(async move { (repository.swap(&ours, Some(&base), Some(&head)).await.unwrap(), head) });
    }
    let ends = tasks.join_all().await;
    let winners: Vec<_> = ends.iter().filter(|(end, _)| *end == Swap::Done).map(|(_, head)| head).collect();
    let [winner] = winners.as_slice() else { panic!("{ends:?}") };
    assert_eq!(in_git(&house, "refs/heads/ours"), winner.as_str());
    assert!(ends.iter().all(|(end, head)| head == *winner || *end == Swap::Other(Some((*winner).clone()))));
}
