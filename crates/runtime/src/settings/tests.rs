use std::collections::HashMap;
use std::time::Duration;

use clap::{Args, Command};

use super::*;

#[derive(Clone, Debug, Args)]
struct Example {
    /// Message that the server answers
    #[arg(default_value = "olá", value_parser = parse::<String>)]
    message: String,
    /// Time between two requests
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=Duration::from_mins(1)))]
    interval: Duration,
    /// Shared secret of the peers
    #[arg(value_parser = parse::<Secret>)]
    relay_secret: Option<Secret>,
    /// Redis, as in `redis://redis:6379/0`
    #[arg(value_parser = parse::<Secret>)]
    redis_url: Option<Secret>,
    /// TOML file with settings
    #[arg(value_parser = parse::<String>)]
    config_file: Option<String>,
}

impl Settings for Example {}

fn declaration() -> Command {
    Example::augment_args(Command::new("exemplo"))
}

fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn source(args: &[&str], variables: &[(&str, &str)]) -> Result<Source, SettingsError> {
    let args = args.iter().map(Into::into);
    invocation(declaration(), args, environment(variables))
}

fn read(args: &[&str], variables: &[(&str, &str)]) -> Example {
    source(args, variables).unwrap().read().unwrap()
}

fn refusal(args: &[&str], variables: &[(&str, &str)]) -> String {
    source(args, variables).err().unwrap().to_string()
}

/// A settings file of this text, whose folder goes with it.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_default_holds_until_the_environment_and_then_a_flag_overrides_it() {
    let interval = |args, env| read(args, env).interval;
    assert_eq!(interval(&[], &[]), Duration::from_secs(5));
    assert_eq!(interval(&[], &[("INTERVAL", "2s")]), Duration::from_secs(2));
    assert_eq!(
        interval(&["--interval", "1s"], &[("INTERVAL", "2s")]),
        Duration::from_secs(1)
    );
}

#[test]
fn a_file_lies_between_the_defaults_and_the_environment() {
    let (_folder, path) = file("interval = \"3s\"\nmessage = \"do arquivo\"\n");
    let example = read(&[], &[("CONFIG_FILE", &path), ("MESSAGE", "do ambiente")]);
    assert_eq!(example.interval, Duration::from_secs(3));
    assert_eq!(example.message, "do ambiente");

    let (_folder, path) = file("intervall = \"3s\"\n");
    let error = refusal(&[], &[("CONFIG_FILE", &path)]);
    assert!(
        error.contains("intervall") && error.contains("did you mean \"interval\""),
        "{error}"
    );
}

#[test]
fn a_value_of_a_file_is_refused_with_the_path() {
    let (_folder, path) = file("interval = \"soon\"\n");
    let error = refusal(&[], &[("CONFIG_FILE", &path)]);
    let expected = format!("INTERVAL=\"soon\" (from {path}) is refused");
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn a_settings_file_that_does_not_exist_is_named() {
    let error = refusal(&[], &[("CONFIG_FILE", "/nowhere/malha.toml")]);
    let expected = "settings cannot be read: CONFIG_FILE=\"/nowhere/malha.toml\": No such file";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_settings_file_that_is_none_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let error = refusal(&[], &[("CONFIG_FILE", path)]);
    let expected = format!("settings cannot be read: CONFIG_FILE={path:?}: Is a directory");
    assert!(error.starts_with(&expected), "{error}");

    let (_folder, path) = file(&"#".repeat(1024 * 1024 + 1));
    let error = refusal(&[], &[("CONFIG_FILE", &path)]);
    assert!(error.ends_with(": is longer than 1 MiB"), "{error}");
}

#[test]
fn a_settings_file_need_not_be_a_regular_file() {
    assert_eq!(read(&[], &[("CONFIG_FILE", "/dev/null")]).message, "olá");
}

#[test]
fn a_list_a_table_or_another_file_is_refused_in_a_settings_file() {
    let refused = |text: &str| {
        let (_folder, path) = file(text);
        refusal(&[], &[("CONFIG_FILE", &path)]).replace(&path, "FILE")
    };
    let one = "one text, number or boolean; several values are one text with commas between them";
    for (text, value) in [
        ("message = [\"a\"]\n", "[…]"),
        ("[message]\nx = 1\n", "{…}"),
        ("[message]\n", "{…}"),
    ] {
        let expected = format!("MESSAGE={value:?} (from FILE) is refused: expected {one}");
        assert_eq!(refused(text), expected);
    }
    assert_eq!(
        refused("relay_secret = [\"segredo\"]\n"),
        format!("RELAY_SECRET=\"***\" (from FILE) is refused: expected {one}")
    );
    assert_eq!(
        refused("config_file = \"b.toml\"\n"),
        "CONFIG_FILE=\"b.toml\" (from FILE) is refused: \
         expected it in the environment or as a flag: a file names no other"
    );
}

#[test]
fn a_variable_that_is_no_utf_8_is_refused_and_not_passed_over() {
    let broken = String::from_utf8_lossy(b"Ol\xe1").into_owned();
    assert_eq!(
        refusal(&[], &[("MESSAGE", &broken)]),
        "MESSAGE=\"Ol\u{fffd}\" (from the environment) is refused: expected a text in UTF-8"
    );
    assert_eq!(read(&[], &[("UNRELATED", &broken)]).message, "olá");
}

#[test]
fn a_refused_value_names_the_setting_its_origin_and_what_would_be_right() {
    assert_eq!(
        refusal(&[], &[("INTERVAL", "soon")]),
        "INTERVAL=\"soon\" (from the environment) is refused: \
         expected a duration such as 500ms, 5s or 1m30s, from 1ms to 60s"
    );
    assert_eq!(
        refusal(&["--interval=2h"], &[]),
        "INTERVAL=\"2h\" (from the command line) is refused: \
         expected a duration such as 500ms, 5s or 1m30s, from 1ms to 60s"
    );
}

#[test]
fn a_number_is_refused_with_one_range() {
    let places = within(1_usize..=65_536);
    assert_eq!(places("65536"), Ok(65_536));
    for wrong in ["0", "65537", "-1", "many", ""] {
        let refused = places(wrong).unwrap_err().to_string();
        assert_eq!(refused, "expected a whole number, from 1 to 65536");
    }
    let refused = parse::<u64>("-1").unwrap_err().to_string();
    assert_eq!(refused, "expected a whole number, 0 or more");
}

#[test]
fn a_setting_left_empty_where_a_value_is_needed_is_refused() {
    assert_eq!(
        refusal(&["--interval", ""], &[]),
        "INTERVAL is not set: expected a duration such as 500ms, 5s or 1m30s, from 1ms to 60s"
    );
    assert!(read(&["--relay-secret", ""], &[]).relay_secret.is_none());
}

#[test]
fn text_that_looks_like_a_number_stays_text() {
    assert_eq!(read(&[], &[("MESSAGE", "007")]).message, "007");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    assert_eq!(read(&[], &[("MESSAGE", "")]).message, "olá");
}

#[test]
fn a_secret_is_shown_nowhere() {
    let read = source(&[], &[("RELAY_SECRET", "abracadabra")]).unwrap();
    let secret = read.read::<Example>().unwrap().relay_secret.unwrap();
    let refused = read.refused("RELAY_SECRET", "32 bytes");
    for shown in [read.shown(), format!("{secret:?}"), refused.to_string()] {
        assert!(!shown.contains("abracadabra"), "{shown}");
        assert!(shown.contains("***"), "{shown}");
    }
    assert_eq!(secret.reveal(), "abracadabra");
}

#[test]
fn a_url_with_a_password_is_hidden_by_its_type_whatever_its_name() {
    const URL: &str = "redis://:abracadabra@redis:6379/0";
    for (args, variables) in [
        (&[][..], &[("REDIS_URL", URL)][..]),
        (&["--redis-url", URL], &[]),
    ] {
        let source = source(args, variables).unwrap();
        let (shown, example) = (source.shown(), source.read::<Example>().unwrap());
        assert!(shown.contains("REDIS_URL=***"), "{shown}");
        assert!(!format!("{shown}{example:?}").contains("abracadabra"));
    }
    // Nor where the file that holds it cannot be read.
    let (_folder, path) = file(&format!("redis_url = \"{URL}\nrate = 1\n"));
    let error = refusal(&[], &[("CONFIG_FILE", &path)]);
    assert!(error.contains(&path) && error.contains("line 1"), "{error}");
    assert!(!error.contains("abracadabra"), "{error}");
}

#[test]
fn user_and_password_of_any_url_are_shown_nowhere() {
    let urls = "http://ana:abracadabra@a:1/x, http://b/y, http://ana:abra/cadabra@c";
    let shown = source(&[], &[("MESSAGE", urls)]).unwrap().shown();
    let expected = "MESSAGE=http://***@a:1/x, http://b/y, http://***@c";
    assert!(shown.contains(expected), "{shown}");
    let error = refusal(&[], &[("INTERVAL", "http://ana:abracadabra@a")]);
    let expected = "INTERVAL=\"http://***@a\" (from the environment) is refused";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn help_lists_every_setting_with_its_default_and_variable() {
    let help = refusal(&["--help"], &[]);
    for setting in declared(&declaration()) {
        assert!(
            !setting.about.is_empty(),
            "{} has no comment above it",
            setting.key
        );
        assert!(
            help.contains(&format!("--{} ", setting.flag())),
            "{}",
            setting.flag()
        );
        assert!(
            help.contains(&format!("[{}, default: ", setting.env())),
            "{}",
            setting.env()
        );
    }
    let line = "Time between two requests [INTERVAL, default: 5s]";
    assert!(help.contains(line), "{help}");
    let flags: Vec<_> = declared(&declaration())
        .iter()
        .map(|setting| help.find(&format!("--{} ", setting.flag())))
        .collect();
    assert!(flags.is_sorted(), "{help}"); // as they are declared
    let plain = "Redis, as in redis://redis:6379/0 [REDIS_URL, default: none]";
    assert!(help.contains(plain), "{help}");
}

#[test]
fn a_misspelt_flag_is_refused_with_the_right_one() {
    let error = refusal(&["--intervall", "5s"], &[]);
    assert!(error.contains("--interval"), "{error}");
}

#[test]
fn a_value_may_start_with_a_hyphen() {
    assert_eq!(read(&["--message", "-1"], &[]).message, "-1");
}

#[test]
fn a_service_may_give_a_common_setting_another_default() {
    let command = adjust(declaration(), "message", |arg| {
        arg.default_value("oi").help("What the lab answers")
    });
    let source = Source::load(command.clone(), Inputs::default()).unwrap();
    assert_eq!(source.read::<Example>().unwrap().message, "oi");
    let declared = declared(&command);
    assert_eq!(declared[0].key, "message"); // still where it was declared
    let mut named = declared.iter().filter(|setting| setting.key == "message");
    assert_eq!(named.next().unwrap().about, "What the lab answers");
    assert!(named.next().is_none());
}

#[test]
fn a_flag_only_setting_is_not_taken_from_the_environment() {
    #[derive(Clone, Debug, Args)]
    struct Greeting {
        /// Flag only: whom to greet
        #[arg(value_parser = parse::<String>)]
        name: Option<String>,
    }
    // Some systems set NAME to the name of the machine.
    let variables = || environment(&[("NAME", "DESKTOP-1")]);
    let name = |args: &[&str]| {
        let command = Greeting::augment_args(Command::new("exemplo"));
        let source = invocation(command, args.iter().map(Into::into), variables());
        source.unwrap().group::<Greeting>().unwrap().name
    };
    assert_eq!(name(&[]), None);
    assert_eq!(name(&["--name", "João"]).as_deref(), Some("João"));
}
