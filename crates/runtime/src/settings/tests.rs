use std::collections::HashMap;
use std::time::Duration;

use super::*;

const DEFAULTS: Defaults = Defaults(&["
# Message that the server answers
message = \"olá\"

# Time between two requests
interval = \"5s\"

# Shared secret of the peers
relay_secret = \"\"
"]);

fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn source(args: &[&str], variables: &[(&str, &str)]) -> Result<Source, SettingsError> {
    let service = Invocation {
        name: "exemplo",
        about: "An example",
        version: "1.2.3",
        defaults: DEFAULTS,
    };
    invocation(service, args.iter().map(Into::into), environment(variables))
}

#[test]
fn a_default_holds_until_the_environment_and_then_a_flag_overrides_it() {
    let interval = |args, env| {
        source(args, env)
            .unwrap()
            .get::<Duration>("INTERVAL")
            .unwrap()
    };
    assert_eq!(interval(&[], &[]), Duration::from_secs(5));
    assert_eq!(interval(&[], &[("INTERVAL", "2s")]), Duration::from_secs(2));
    assert_eq!(
        interval(&["--interval", "1s"], &[("INTERVAL", "2s")]),
        Duration::from_secs(1)
    );
}

#[test]
fn a_file_lies_between_the_defaults_and_the_environment() {
    let folder = std::env::temp_dir().join(format!("malha-settings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("settings.toml");
    std::fs::write(&path, "interval = \"3s\"\nmessage = \"do arquivo\"\n").unwrap();
    let file = ("CONFIG_FILE", path.to_str().unwrap());
    let read = source(&[], &[file, ("MESSAGE", "do ambiente")]).unwrap();
    assert_eq!(
        read.get::<Duration>("INTERVAL").unwrap(),
        Duration::from_secs(3)
    );
    assert_eq!(read.get::<String>("MESSAGE").unwrap(), "do ambiente");

    std::fs::write(&path, "intervall = \"3s\"\n").unwrap();
    let error = source(&[], &[file]).unwrap_err().to_string();
    assert!(
        error.contains("intervall") && error.contains("did you mean \"interval\""),
        "{error}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_settings_file_that_does_not_exist_is_named() {
    let error = source(&[], &[("CONFIG_FILE", "/nowhere/malha.toml")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("/nowhere/malha.toml"), "{error}");
}

#[test]
fn a_refused_value_names_the_setting_its_origin_and_what_would_be_right() {
    let read = source(&[], &[("INTERVAL", "soon")]).unwrap();
    assert_eq!(
        read.get::<Duration>("INTERVAL").unwrap_err().to_string(),
        "INTERVAL=\"soon\" (from the environment) is refused: \
         expected a duration such as 500ms, 5s or 1m30s"
    );
    let read = source(&["--interval=2h"], &[]).unwrap();
    let range = Duration::from_millis(1)..=Duration::from_mins(1);
    assert_eq!(
        read.get_within("INTERVAL", range).unwrap_err().to_string(),
        "INTERVAL=\"2h\" (from the command line) is refused: \
         expected a duration such as 500ms, 5s or 1m30s, from 1ms to 60s"
    );
}

#[test]
fn text_that_looks_like_a_number_stays_text() {
    let read = source(&[], &[("MESSAGE", "007")]).unwrap();
    assert_eq!(read.get::<String>("MESSAGE").unwrap(), "007");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let read = source(&[], &[("MESSAGE", "")]).unwrap();
    assert_eq!(read.get::<String>("MESSAGE").unwrap(), "olá");
}

#[test]
fn a_secret_is_shown_nowhere() {
    let read = source(&[], &[("RELAY_SECRET", "abracadabra")]).unwrap();
    let secret: Secret = read.get("RELAY_SECRET").unwrap();
    let refused = read.refused("RELAY_SECRET", "abracadabra", "32 bytes".to_owned());
    for shown in [read.shown(), format!("{secret:?}"), refused.to_string()] {
        assert!(!shown.contains("abracadabra"), "{shown}");
        assert!(shown.contains("***"), "{shown}");
    }
    assert_eq!(secret.reveal(), "abracadabra");
}

#[test]
fn help_lists_every_setting_with_its_default_and_variable() {
    let help = source(&["--help"], &[]).unwrap_err().to_string();
    for setting in Source::declared(DEFAULTS) {
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
}

#[test]
fn a_misspelt_flag_is_refused_with_the_right_one() {
    let error = source(&["--intervall", "5s"], &[]).unwrap_err().to_string();
    assert!(error.contains("--interval"), "{error}");
}

#[test]
fn a_value_may_start_with_a_hyphen() {
    let read = source(&["--message", "-1"], &[]).unwrap();
    assert_eq!(read.get::<String>("MESSAGE").unwrap(), "-1");
}

#[test]
fn a_service_may_give_a_common_setting_another_default() {
    let own = Defaults(&["# Where its probes are\nadmin_listen = \"127.0.0.1:9110\"\n"]);
    let source = Source::load(own, Inputs::default()).unwrap();
    let address: String = source.get("ADMIN_LISTEN").unwrap();
    assert_eq!(address, "127.0.0.1:9110");
    let declared = Source::declared(own);
    let mut named = declared
        .iter()
        .filter(|setting| setting.key == "admin_listen");
    assert_eq!(named.next().unwrap().about, "Where its probes are");
    assert!(named.next().is_none());
}

#[test]
fn a_flag_only_setting_is_not_taken_from_the_environment() {
    let service = Invocation {
        name: "exemplo",
        about: "An example",
        version: "1.2.3",
        defaults: Defaults(&["# Flag only: whom to greet\nname = \"\"\n"]),
    };
    // Some systems set NAME to the name of the machine.
    let variables = || environment(&[("NAME", "DESKTOP-1")]);
    let name = |args: &[&str]| {
        let source = invocation(service, args.iter().map(Into::into), variables());
        source.unwrap().get_optional::<String>("NAME").unwrap()
    };
    assert_eq!(name(&[]), None);
    assert_eq!(name(&["--name", "João"]).as_deref(), Some("João"));
}
