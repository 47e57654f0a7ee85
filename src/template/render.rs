//! From a context to the text of its modules.

use minijinja::{Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig, value::Serde};

use super::{
    Areas, Client, Flavour, Lang, ModuleContext, ModuleSystem, TemplateError,
    catalog::{self, AreaFile, When},
    commonjs, javascript, payer,
};
use crate::unseen::escaped;

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Stem of the file: `client`, `customer`, …
    pub name: String,
    /// File name within the folder of the generated code, such as `client.ts`.
    pub file_name: String,
    pub text: String,
}

/// All modules of the areas done so far, in the order of the areas, each once.
pub fn modules(context: &ModuleContext) -> Result<Vec<Module>, TemplateError> {
    supported(context)?;
    let mut modules: Vec<Module> = Vec::new();
    for area in catalog::areas()? {
        if !context.areas.has(&area.id) {
            continue;
        }
        for file in area.files.iter().filter(|file| applies(file, context)) {
            if modules.iter().any(|module| module.name == file.name) {
                continue;
            }
            let owner = file.area.as_deref().unwrap_or(&area.id);
            modules.push(module(owner, &file.name, context)?);
        }
    }
    Ok(modules)
}

/// Python packages the modules import, as requirement lines.
pub fn packages(context: &ModuleContext) -> Result<Vec<String>, TemplateError> {
    let mut packages = Vec::new();
    if context.lang != Lang::Python {
        return Ok(packages);
    }
    for area in catalog::areas()?.into_iter().filter(|area| context.areas.has(&area.id)) {
        for package in area.packages {
            let applies = package.client == context.client
                && package.flavour.is_none_or(|flavour| flavour == context.flavour)
                && package.http_library.is_none_or(|library| library == context.http_library);
            if applies {
                packages.extend(package.python);
            }
        }
    }
    Ok(packages)
}

fn applies(file: &AreaFile, context: &ModuleContext) -> bool {
    let language = match context.lang {
        Lang::TypeScript | Lang::JavaScript => &file.typescript,
        Lang::Python => &file.python,
    };
    language.is_some()
        && match file.when {
            None => true,
            Some(When::Streams) => !context.streams.is_empty(),
            Some(When::Tokens) => !context.readers.is_empty(),
            Some(When::Carried) => context.carried,
        }
}

fn module(area: &str, name: &str, context: &ModuleContext) -> Result<Module, TemplateError> {
    let folder = match context.lang {
        Lang::TypeScript | Lang::JavaScript => "typescript",
        Lang::Python => "python",
    };
    let path = format!("{area}/{folder}/{name}.j2");
    let template = payer::told(&catalog::text(&path)?, &context.noun);
    let rendered = tidy(&render(&path, &template, context)?);
    let syntax = |line| TemplateError::Syntax { path: path.clone(), line };
    let text = for_language(&rendered, context.lang, context.module).map_err(syntax)?;
    Ok(Module { name: name.to_owned(), file_name: format!("{name}.{}", context.source_ext), text })
}

/// Canonical TypeScript (or Python, which stays) in the language and module system of the app. The error is the line at
/// which the text does not parse.
pub fn for_language(text: &str, lang: Lang, module: ModuleSystem) -> Result<String, usize> {
    let text = tidy(text);
    Ok(match (lang, module) {
        (Lang::TypeScript | Lang::Python, _) => text,
        (Lang::JavaScript, ModuleSystem::Esm) => tidy(&javascript::from_typescript(&text)?),
        (Lang::JavaScript, ModuleSystem::Cjs) => {
            tidy(&commonjs::from_esm(&javascript::from_typescript(&text)?)?)
        }
    })
}

fn render(path: &str, template: &str, context: &ModuleContext) -> Result<String, TemplateError> {
    let is_async = context.flavour == Flavour::Async;
    let is_python = context.lang == Lang::Python;
    // Names of the readers that the meters call.
    let wanted: Vec<&str> = context
        .streams
        .iter()
        .map(|m| m.python.tokens.as_ref().filter(|_| is_python).unwrap_or(&m.tokens).as_str())
        .collect();
    let readers = context.readers.iter().filter(|r| wanted.contains(&r.id.as_str()));
    let names = readers.map(|r| if is_python { r.python.name.clone() } else { r.typescript.name.clone() });
    let mut stream_readers: Vec<String> = names.chain(["counted".to_owned()]).collect();
    stream_readers.sort_unstable();
    let scope = context! {
        stream_readers,
        is_async,
        async_ => if is_async { "async " } else { "" },
        await_ => if is_async { "await " } else { "" },
        // Annotations such as `str | None` are read as text before Python 3.10.
        future_annotations => context.python_floor.is_none_or(|floor| floor < (3, 10)),
        // `datetime.UTC` came with Python 3.11, and linters of such apps ask for it.
        utc => if context.python_floor.is_some_and(|floor| floor >= (3, 11)) { "UTC" } else { "timezone.utc" },
        utc_import => if context.python_floor.is_some_and(|floor| floor >= (3, 11)) { "UTC, datetime" } else { "datetime, timezone" },
        person => payer::USER,
        // `crypto` is a global from Node 19 on.
        node_crypto => !context.web_crypto && context.node_floor.is_none_or(|floor| floor < 19),
        as_error => if context.log.error.contains("{error}") { " as error" } else { "" },
        ..Value::from(Serde(context))
    };
    let error_call = context.log.error.clone();
    let failed = |source| TemplateError::Render { path: path.to_owned(), source };
    let mut environment = environment().map_err(failed)?;
    environment.add_function("log_error", move |message: String, error: String| {
        error_call.replace("{message}", &message).replace("{error}", &error)
    });
    // Where nothing was caught there is no traceback to write.
    let plain_call = context.log.error.replace(".exception(", ".error(");
    environment.add_function("log_fault", move |message: String, error: String| {
        plain_call.replace("{message}", &message).replace("{error}", &error)
    });
    environment.render_named_str(path, template, scope).map_err(failed)
}

/// Where templates of code are rendered: a line that is a tag leaves nothing, a variable that nobody gives is an error,
/// `literal` writes a text as code does.
pub fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax?);
    environment.add_filter("literal", |text: String| {
        Value::from(escaped(&serde_json::Value::from(text).to_string()))
    });
    environment.add_filter("digits", digits);
    Ok(environment)
}

/// `1000000` as `1_000_000`, which TypeScript, JavaScript and Python all read.
fn digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// No spaces at line ends, no blank lines at the start, at most two in a row, one line break at the end.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(&"\n".repeat(blank.min(2)));
        }
        blank = 0;
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy
}

fn supported(context: &ModuleContext) -> Result<(), TemplateError> {
    match context.lang {
        Lang::TypeScript | Lang::JavaScript => match context.node_floor {
            Some(floor) if floor < 18 => Err(TemplateError::OldNode { floor }),
            _ => Ok(()),
        },
        Lang::Python => match context.python_floor {
            Some(floor) if floor < (3, 8) => Err(TemplateError::AncientPython { floor }),
            Some(floor) if floor < (3, 9) && context.client == Client::Sdk => {
                Err(TemplateError::OldPython { floor })
            }
            _ => Ok(()),
        },
    }
}

impl Areas {
    /// All areas up to and including the one called `id`, as a run through the steps leaves them.
    pub fn up_to(id: &str) -> Result<Self, TemplateError> {
        let last = catalog::area(id)?.order;
        let done = catalog::areas()?.into_iter().filter(|area| area.order <= last);
        Ok(done.fold(Self::default(), |areas, area| areas.with(&area.id).unwrap_or(areas)))
    }
}
