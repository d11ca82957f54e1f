use super::super::text::{Email, Name};
use super::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

fn directory(max_users: usize) -> Directory {
    Directory::new(Rules {
        ttl: None,
        max_users,
    })
}

/// A directory whose users live for 10 ms.
fn short_lived(max_users: usize) -> Directory {
    Directory::new(Rules {
        ttl: Some(Duration::from_millis(10)),
        max_users,
    })
}

fn new(name: &str) -> NewUser {
    NewUser {
        name: Name::new(name).unwrap(),
        email: email(&format!("{name}@exemplo.com")),
    }
}

fn email(text: &str) -> Email {
    Email::new(text).unwrap()
}

fn request(text: &str) -> RequestId {
    RequestId::new(text).unwrap()
}

/// Creates a user of this name, at this moment.
fn create(directory: &mut Directory, now: u64, name: &str) -> Result<User, Refusal> {
    create_once(directory, now, name, None).map(|(user, _)| user)
}

fn create_once(
    directory: &mut Directory,
    now: u64,
    name: &str,
    request: Option<&RequestId>,
) -> Result<(User, bool), Refusal> {
    // Nothing is at random here: the letters of a name tell ids of one moment apart.
    let mut random = [0; 10];
    name.bytes()
        .zip(&mut random)
        .for_each(|(letter, byte)| *byte = letter);
    let (now, random) = (Timestamp(now), RandomBits(random));
    let traceparent = format!("trace of {name}");
    directory.create(now, random, &new(name), request, traceparent)
}

fn get(directory: &mut Directory, now: u64, user: &User) -> Result<User, Refusal> {
    directory.get(Timestamp(now), user.id)
}

fn rename(
    directory: &mut Directory,
    now: u64,
    user: &User,
    name: &str,
    version: Option<Version>,
) -> Result<User, Refusal> {
    let patch = Patch {
        name: Name::new(name),
        email: None,
    };
    directory.update(Timestamp(now), user.id, &patch, version, String::new())
}

fn move_to(
    directory: &mut Directory,
    now: u64,
    user: &User,
    address: &str,
) -> Result<User, Refusal> {
    let patch = Patch {
        name: None,
        email: Some(email(address)),
    };
    directory.update(Timestamp(now), user.id, &patch, None, String::new())
}

fn remove(directory: &mut Directory, now: u64, user: &User) -> Result<(), Refusal> {
    directory.remove(Timestamp(now), user.id, None, String::new())
}

#[test]
fn a_user_is_got_as_it_was_created() {
    let mut directory = directory(9);
    let ana = create(&mut directory, 5, "ana").unwrap();
    assert_eq!(ana.name.as_str(), "ana");
    assert_eq!(ana.email.as_str(), "ana@exemplo.com");
    assert_eq!((ana.created, ana.updated), (Timestamp(5), Timestamp(5)));
    assert_eq!((ana.version, ana.expires), (Version(1), None));
    assert_eq!(get(&mut directory, u64::MAX, &ana), Ok(ana));
}

#[test]
fn two_users_have_two_e_mails_however_they_are_written() {
    let mut directory = directory(9);
    let ana = create(&mut directory, 1, "ana").unwrap();
    let taken = Err(Refusal::EmailTaken("ANA@exemplo.com".to_owned()));
    assert_eq!(create(&mut directory, 2, "ANA"), taken);
    let rui = create(&mut directory, 2, "rui").unwrap();
    assert_eq!(move_to(&mut directory, 3, &rui, "ANA@exemplo.com"), taken);
    assert_eq!(get(&mut directory, 3, &rui), Ok(rui.clone()));

    let moved = move_to(&mut directory, 4, &ana, "Ana@exemplo.com").unwrap();
    assert_eq!(
        moved.email.as_str(),
        "Ana@exemplo.com",
        "her own is no obstacle"
    );
    move_to(&mut directory, 5, &ana, "outra@exemplo.com").unwrap();
    move_to(&mut directory, 6, &rui, "ana@exemplo.com").unwrap();
}

#[test]
fn an_update_changes_what_it_names_and_raises_the_version() {
    let mut directory = directory(9);
    let ana = create(&mut directory, 1, "ana").unwrap();
    let renamed = rename(&mut directory, 2, &ana, "Ana Maria", None).unwrap();
    let expected = User {
        name: Name::new("Ana Maria").unwrap(),
        updated: Timestamp(2),
        version: Version(2),
        ..ana.clone()
    };
    assert_eq!(renamed, expected);
    let moved = move_to(&mut directory, 3, &ana, "am@exemplo.com").unwrap();
    assert_eq!(moved.name, renamed.name);
    assert_eq!(moved.version, Version(3));
    assert_eq!(get(&mut directory, 3, &ana), Ok(moved));
}

#[test]
fn a_version_that_is_not_the_users_changes_and_removes_nothing() {
    let mut directory = directory(9);
    let ana = create(&mut directory, 1, "ana").unwrap();
    rename(&mut directory, 2, &ana, "Ana", Some(Version(1))).unwrap();
    let stale = Some(Version(1));
    let differs = Refusal::VersionDiffers;
    assert_eq!(
        rename(&mut directory, 3, &ana, "Bia", stale),
        Err(differs.clone())
    );
    let removed = directory.remove(Timestamp(3), ana.id, stale, String::new());
    assert_eq!(removed, Err(differs));
    let removed = directory.remove(Timestamp(3), ana.id, Some(Version(2)), String::new());
    assert_eq!(removed, Ok(()));
}

#[test]
fn a_removed_user_is_gone_and_its_e_mail_is_free() {
    let mut directory = directory(9);
    let ana = create(&mut directory, 1, "ana").unwrap();
    let gone = Refusal::NotFound(ana.id);
    assert_eq!(remove(&mut directory, 2, &ana), Ok(()));
    assert_eq!(get(&mut directory, 2, &ana), Err(gone.clone()));
    assert_eq!(
        rename(&mut directory, 2, &ana, "Ana", None),
        Err(gone.clone())
    );
    assert_eq!(remove(&mut directory, 2, &ana), Err(gone));
    assert!(create(&mut directory, 3, "ana").is_ok());
}

#[test]
fn there_are_as_many_users_as_there_may_be_and_no_more() {
    let mut directory = directory(2);
    let ana = create(&mut directory, 1, "ana").unwrap();
    create(&mut directory, 1, "rui").unwrap();
    assert_eq!(create(&mut directory, 2, "bia"), Err(Refusal::Full));
    remove(&mut directory, 3, &ana).unwrap();
    assert!(create(&mut directory, 3, "bia").is_ok());
}

#[test]
fn a_user_expires_on_the_millisecond_unless_it_is_changed() {
    let mut directory = short_lived(1);
    let ana = create(&mut directory, 100, "ana").unwrap();
    assert_eq!(ana.expires, Some(Timestamp(110)));
    let ana = rename(&mut directory, 109, &ana, "ana", None).unwrap();
    assert_eq!(ana.expires, Some(Timestamp(119)));
    assert_eq!(get(&mut directory, 118, &ana), Ok(ana.clone()));
    assert_eq!(
        get(&mut directory, 119, &ana),
        Err(Refusal::NotFound(ana.id))
    );
}

#[test]
fn whoever_has_expired_is_gone_whatever_is_asked_first() {
    let expired = || {
        let mut directory = short_lived(1);
        let ana = create(&mut directory, 0, "ana").unwrap();
        directory.take_changes();
        (directory, ana)
    };
    let (mut directory, _) = expired();
    assert!(
        create(&mut directory, 10, "ana").is_ok(),
        "neither her e-mail nor her place is taken"
    );
    let (mut directory, _) = expired();
    let all = PageSize::new(0).unwrap();
    assert_eq!(directory.list(Timestamp(10), all, None), Page::default());
    let (mut directory, ana) = expired();
    let gone = Refusal::NotFound(ana.id);
    assert_eq!(
        rename(&mut directory, 10, &ana, "Ana", None),
        Err(gone.clone())
    );
    let (mut directory, ana) = expired();
    assert_eq!(remove(&mut directory, 10, &ana), Err(gone));
    assert_eq!(directory.take_changes()[0].kind, ChangeKind::Expired);
}

#[test]
fn each_change_is_told_once_in_its_order() {
    let mut directory = short_lived(9);
    let ana = create(&mut directory, 1, "ana").unwrap();
    let renamed = rename(&mut directory, 2, &ana, "Ana", None).unwrap();
    let rui = create(&mut directory, 3, "rui").unwrap();
    remove(&mut directory, 4, &renamed).unwrap();
    directory.prune(Timestamp(1000));
    let told: Vec<_> = directory.take_changes();
    let told: Vec<_> = told
        .iter()
        .map(|change| (change.kind, &change.user, change.at.0))
        .collect();
    assert_eq!(
        told,
        [
            (ChangeKind::Created, &ana, 1),
            (ChangeKind::Updated, &renamed, 2),
            (ChangeKind::Created, &rui, 3),
            (ChangeKind::Removed, &renamed, 4),
            (ChangeKind::Expired, &rui, 13),
        ]
    );
    assert_eq!(directory.take_changes(), []);
}

#[test]
fn a_change_carries_the_trace_in_which_it_was_made() {
    let mut directory = directory(9);
    create(&mut directory, 1, "ana").unwrap();
    assert_eq!(directory.take_changes()[0].traceparent, "trace of ana");
}

#[test]
fn pages_tell_all_users_once_from_the_oldest_on() {
    let mut directory = directory(9);
    let users: Vec<_> = (1..=5)
        .map(|now| create(&mut directory, now, &format!("user{now}")).unwrap())
        .collect();
    let two = PageSize::new(2).unwrap();
    let mut list = |after| directory.list(Timestamp(9), two, after);

    let first = list(None);
    assert_eq!(first.users, users[..2]);
    assert_eq!(first.next, Some(users[1].id));
    let second = list(first.next);
    assert_eq!(second.users, users[2..4]);
    let last = list(second.next);
    assert_eq!((&last.users[..], last.next), (&users[4..], None));

    let exact = directory.list(Timestamp(9), PageSize::new(5).unwrap(), None);
    assert_eq!((&exact.users[..], exact.next), (&users[..], None));
}

#[test]
fn a_page_begins_after_a_user_who_is_gone_too() {
    let mut directory = directory(9);
    let bia = create(&mut directory, 1, "bia").unwrap();
    let ana = create(&mut directory, 2, "ana").unwrap();
    remove(&mut directory, 3, &bia).unwrap();
    let page = directory.list(Timestamp(3), PageSize::new(9).unwrap(), Some(bia.id));
    assert_eq!(page.users, [ana]);
}

#[test]
fn a_request_creates_one_user_however_often_it_comes() {
    let mut directory = directory(9);
    let (ana, again) = create_once(&mut directory, 1, "ana", Some(&request("r"))).unwrap();
    assert!(!again);
    directory.take_changes();
    let repeated = create_once(&mut directory, 2, "ana", Some(&request("r")));
    assert_eq!(repeated, Ok((ana.clone(), true)));
    assert_eq!(directory.take_changes(), []);
    let differs = create_once(&mut directory, 2, "rui", Some(&request("r")));
    assert_eq!(differs, Err(Refusal::RequestDiffers));
    remove(&mut directory, 3, &ana).unwrap();
    let gone = create_once(&mut directory, 4, "ana", Some(&request("r")));
    assert_eq!(gone, Err(Refusal::NotFound(ana.id)));
}

#[test]
fn a_request_is_remembered_for_a_day() {
    let mut directory = directory(9);
    create_once(&mut directory, 1, "ana", Some(&request("r"))).unwrap();
    let within = create_once(&mut directory, DAY, "rui", Some(&request("r")));
    assert_eq!(within, Err(Refusal::RequestDiffers));
    let after = create_once(&mut directory, DAY + 1, "rui", Some(&request("r")));
    assert!(after.is_ok_and(|(_, again)| !again));
}

#[test]
fn no_more_requests_are_remembered_than_there_may_be_users() {
    let mut directory = directory(2);
    for (now, name) in [(1, "ana"), (2, "rui"), (3, "bia")] {
        let (user, _) = create_once(&mut directory, now, name, Some(&request(name))).unwrap();
        remove(&mut directory, now, &user).unwrap();
    }
    let mut create = |name, asked| create_once(&mut directory, 4, name, Some(&request(asked)));
    assert_eq!(create("eva", "rui"), Err(Refusal::RequestDiffers));
    assert!(create("eva", "ana").is_ok(), "the oldest is forgotten");
}
