//! Whether the app's compiler tells `{ ok: true }` from `{ ok: false }` by `!balance.ok`. Without strict null checks it
//! only does so by a comparison: https://www.typescriptlang.org/tsconfig/#strictNullChecks

use camino::Utf8Path;

use crate::steps::support::{Kit, join};
use crate::template::Lang;

/// Files that extend one another before it is given up.
const CHAIN: usize = 8;

/// The condition under which a check of the balance failed.
pub(super) fn failed(kit: &Kit<'_>, path: &str, variable: &str) -> String {
    if kit.lang == Lang::TypeScript && is_lenient(kit, path) {
        return format!("{variable}.ok === false");
    }
    format!("!{variable}.ok")
}

/// Whether the configuration nearest to a file is known and asks for no strict null checks.
fn is_lenient(kit: &Kit<'_>, path: &str) -> bool {
    let text = |file: &str| kit.cx.workspace.text_at(file);
    let dirs = Utf8Path::new(path).ancestors().skip(1).map(Utf8Path::as_str);
    let Some(mut file) = dirs.map(|dir| join(dir, "tsconfig.json")).find(|file| text(file).is_some()) else {
        return false;
    };
    for _ in 0..CHAIN {
        let Some(config) = text(&file).and_then(|text| {
            let text = text.as_str().trim_start_matches('\u{feff}');
            jsonc_parser::parse_to_serde_value::<serde_json::Value>(
                text,
                &jsonc_parser::ParseOptions::default(),
            )
            .ok()
        }) else {
            return true;
        };
        let option = |name: &str| config.pointer(&format!("/compilerOptions/{name}"))?.as_bool();
        if let Some(strict) = option("strictNullChecks").or_else(|| option("strict")) {
            return !strict;
        }
        // One from a package is not looked into.
        let Some(further) = config.get("extends").and_then(|e| e.as_str()).filter(|e| e.starts_with('.'))
        else {
            return true;
        };
        let dir = file.rsplit_once('/').map_or("", |(dir, _)| dir);
        let name = if further.ends_with(".json") { further.to_owned() } else { format!("{further}.json") };
        file = Utf8Path::new(dir).join(name).components().fold(String::new(), |path, part| {
            match part.as_str() {
                "." => path,
                ".." => path.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned()),
                part => join(&path, part),
            }
        });
    }
    true
}
