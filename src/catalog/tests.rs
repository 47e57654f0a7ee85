use super::*;

fn minimal(extra: &str) -> String {
    format!(
        "id = \"ui/x\"\nkind = \"ui\"\ntitle = \"X\"\nlanguages = [\"python\"]\nlink = \"https://x.example\"\n{extra}\n\
         [[detect]]\nweight = 1.0\nwhy = \"file\"\nwhen.file = {{ globs = [\"*.x\"] }}\n\
         [ui]\nrank = 1\nfiles = [\"*.x\"]\nmarkup = \"html\"\n"
    )
}

fn load(path: &str, text: String) -> Result<Catalog, CatalogError> {
    Catalog::from_files(vec![(path.to_owned(), text)])
}

#[test]
fn every_entry_of_this_build_is_sound() {
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let faults = faults(&catalog);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(!catalog.entries().is_empty());
}

#[test]
fn whoever_puts_the_same_object_on_a_request_asks_it_alike_whether_somebody_is_signed_in() {
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let asks = |entry: &super::Entry| {
        let auth = entry.auth.as_ref()?;
        let known = auth.identities.iter().any(|i| i.members_known && i.name == "request-user");
        known.then(|| (entry.id.clone(), auth.signed_out.clone()))
    };
    let all: Vec<_> = catalog.of(Kind::Auth).filter_map(asks).collect();
    assert!(all.len() > 3, "{all:?}");
    for (id, asked) in &all {
        assert_eq!(asked, &all[0].1, "{id}");
    }
}

#[test]
fn the_words_for_what_a_call_makes_are_in_lower_case_and_name_an_event() {
    super::read_machines().unwrap_or_else(|e| panic!("{e}"));
    super::read_unread().unwrap_or_else(|e| panic!("{e}"));
    let outputs = super::read_outputs().unwrap_or_else(|e| panic!("{e}"));
    assert!(!outputs.is_empty());
    for output in outputs {
        assert!(
            !output.words.is_empty() && !output.event.is_empty() && !output.unit.is_empty(),
            "{output:?}"
        );
        assert!(output.words.iter().all(|w| *w == w.to_ascii_lowercase()), "{output:?}");
    }
}

#[test]
fn the_words_for_organisations_are_in_lower_case() {
    let words = super::read_payer_words().unwrap_or_else(|e| panic!("{e}"));
    assert!(!words.organisations.is_empty());
    let all = words.organisations.iter().chain(&words.suffixes).chain(&words.outsiders);
    assert!(all.into_iter().all(|w| *w == w.to_ascii_lowercase()));
}

#[test]
fn the_settings_for_an_address_are_each_listed_once_and_with_an_entry_that_exists() {
    let addresses = super::read_addresses().unwrap_or_else(|e| panic!("{e}"));
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let mut names: Vec<&String> = addresses.iter().flat_map(|a| &a.names).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert!(count > 0 && names.len() == count, "{names:?}");
    for id in addresses.iter().filter_map(|a| a.with.as_ref()) {
        assert!(catalog.get(id).is_some(), "{id}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_path_of_the_entry() {
    let err = load("ui/x/entry.toml", minimal("colour = \"red\"")).unwrap_err().to_string();
    assert!(err.starts_with("codemods/ui/x/entry.toml:") && err.contains("colour"), "{err}");
}

#[test]
fn an_id_that_is_not_the_folder_is_refused() {
    let err = load("ui/y/entry.toml", minimal("")).unwrap_err().to_string();
    assert!(err.contains("codemods/ui/y/entry.toml") && err.contains("`ui/x`"), "{err}");
}

#[test]
fn an_entry_that_names_an_unknown_one_is_a_fault() {
    let catalog = load("ui/x/entry.toml", minimal("requires = [\"frameworks/none\"]")).unwrap();
    let faults = faults(&catalog);
    assert_eq!(faults, ["codemods/ui/x/entry.toml: names the entry `frameworks/none`, which does not exist"]);
}

#[test]
fn values_are_found_by_kind() {
    let catalog = load("ui/x/entry.toml", minimal("")).unwrap();
    assert_eq!(catalog.by_value(Kind::Ui, "x").map(|e| e.id.as_str()), Some("ui/x"));
    assert!(catalog.by_value(Kind::Auth, "x").is_none());
}
