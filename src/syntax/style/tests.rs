//! Styles learned from texts, and canonical text brought into them.

use super::*;

fn style_of(language: Language, text: &str) -> Style {
    Style::of(&Source::parse(language, text).unwrap())
}

#[test]
fn a_file_says_its_style() {
    let style = style_of(
        Language::TypeScript,
        "import {a} from 'x'\nfunction f() {\n\tconst o = {\n\t\tb: 'c',\n\t\td: \"it's\"\n\t}\n\treturn g(o)\n}\n",
    );
    assert_eq!(style.indent, Indent::Tab);
    assert_eq!(
        (style.quote, style.semicolons, style.trailing_commas, style.brace_spacing),
        ('\'', false, false, false)
    );
    let style = style_of(
        Language::Tsx,
        "import { a } from \"x\";\r\nexport function F() {\r\n    return <p className='x'>{a}</p>;\r\n}\r\n",
    );
    assert_eq!((style.indent, style.quote, style.semicolons), (Indent::Spaces(4), '"', true));
    assert_eq!(style.line_ending, LineEnding::CrLf);
    let style = style_of(Language::Python, "def f():\n  return ['a', 'b', f'{x}']\n");
    assert_eq!((style.indent, style.quote, style.semicolons), (Indent::Spaces(2), '\'', false));
    assert!(style_of(Language::JavaScript, "const a = require('a')\n").commonjs);
}

#[test]
fn an_empty_file_takes_the_app_then_configuration_then_the_usual() {
    let votes = Votes::of(&Source::parse(Language::TypeScript, "let a = 'b'\n").unwrap());
    let config = StyleConfig::prettier("{\"tabWidth\": 4, \"semi\": true, \"singleQuote\": false}");
    let style = Style::for_new_file(Language::TypeScript, &votes, config);
    assert_eq!((style.quote, style.semicolons, style.indent), ('\'', false, Indent::Spaces(4)));
    let style = Style::for_new_file(Language::TypeScript, &Votes::default(), StyleConfig::default());
    assert_eq!(style, Style::usual(Language::TypeScript));
    let style =
        Style::for_new_file(Language::Python, &Votes::default(), StyleConfig::prettier("singleQuote: true"));
    assert_eq!(style.quote, '"', "prettier says nothing about Python");
}

#[test]
fn configuration_is_read_as_data() {
    let yaml = StyleConfig::prettier(
        "# ours\nuseTabs: true\nsemi: false # none\nsingleQuote: true\ntrailingComma: es5\n",
    );
    assert_eq!(yaml.indent, Some(Indent::Tab));
    assert_eq!((yaml.semicolons, yaml.single_quotes), (Some(false), Some(true)));
    assert_eq!((yaml.trailing_commas, yaml.trailing_commas_in_calls), (Some(true), Some(false)));
    let text = "root = true\n[*]\nindent_style = space\nindent_size = 4\nend_of_line = crlf\n[*.py]\nindent_size = 8\n";
    let config = StyleConfig::editorconfig(text, "a.ts");
    assert_eq!((config.indent, config.crlf), (Some(Indent::Spaces(4)), Some(true)));
    assert_eq!(StyleConfig::editorconfig(text, "a.py").indent, Some(Indent::Spaces(8)));
    assert_eq!(StyleConfig::prettier("module.exports = {}"), StyleConfig::default());
}

/// Restyles into a style without semicolons and the like.
fn bare(text: &str) -> String {
    let style = Style {
        indent: Indent::Tab,
        quote: '\'',
        semicolons: false,
        trailing_commas: false,
        trailing_commas_in_calls: false,
        brace_spacing: false,
        ..Style::usual(Language::TypeScript)
    };
    restyle(text, Language::TypeScript, &style)
}

#[test]
fn canonical_text_in_the_usual_style_stays_as_it_is() {
    let text = "import { a } from \"a\";\n\nexport const b = {\n  c: [1, 2],\n};\n";
    assert_eq!(restyle(text, Language::TypeScript, &Style::usual(Language::TypeScript)), text);
}

#[test]
fn statements_take_the_style() {
    assert_eq!(
        bare(
            "const balance = await check({ id: user.id }, 0.01);\nif (!balance.ok) {\n  return json(body(balance), {\n    status: \"402\",\n  });\n}\n"
        ),
        "const balance = await check({id: user.id}, 0.01)\nif (!balance.ok) {\n\treturn json(body(balance), {\n\t\tstatus: '402'\n\t})\n}\n"
    );
}

#[test]
fn a_semicolon_stays_where_the_next_line_would_continue_the_statement() {
    assert_eq!(bare("const a = b;\n(c || d).e();\n"), "const a = b;\n(c || d).e()\n");
    assert_eq!(
        bare("const a = b;\n// note\n[1].map(f);\nx();\n"),
        "const a = b;\n// note\n[1].map(f)\nx()\n"
    );
    assert_eq!(bare("a();\n`x`.trim();\n"), "a();\n`x`.trim()\n");
    assert_eq!(
        bare("for (let i = 0; i < 2; i++) {\n  f(i);\n}\n"),
        "for (let i = 0; i < 2; i++) {\n\tf(i)\n}\n"
    );
    assert_eq!(bare("a(); b();\n"), "a(); b()\n");
    assert_eq!(bare("class A {\n  static;\n  x = 1;\n}\n"), "class A {\n\tstatic;\n\tx = 1\n}\n");
}

#[test]
fn strings_that_hold_a_quote_and_the_inside_of_templates_stay() {
    assert_eq!(bare("const a = \"it's\";\n"), "const a = \"it's\"\n");
    assert_eq!(bare("const a = `x\n  ${\"y\"};\n  z`;\n"), "const a = `x\n  ${'y'};\n  z`\n");
}

#[test]
fn comments_and_block_comment_stars_keep_their_alignment() {
    assert_eq!(
        bare("class A {\n  /**\n   * x;\n   */\n  m() {}\n}\n"),
        "class A {\n\t/**\n\t * x;\n\t */\n\tm() {}\n}\n"
    );
}

#[test]
fn python_takes_indent_and_quotes_and_docstrings_move_along() {
    let style = Style { indent: Indent::Spaces(2), quote: '\'', ..Style::usual(Language::Python) };
    let text = "def f(a):\n    \"\"\"Say it.\n\n    More.\n    \"\"\"\n    x = \"\"\"\n    data\n\"\"\"\n    return a[\"b\"], f\"{a['c']}\"\n";
    assert_eq!(
        restyle(text, Language::Python, &style),
        "def f(a):\n  \"\"\"Say it.\n\n  More.\n  \"\"\"\n  x = \"\"\"\n    data\n\"\"\"\n  return a['b'], f\"{a['c']}\"\n"
    );
}

#[test]
fn crlf_files_get_crlf() {
    let style = Style { line_ending: LineEnding::CrLf, ..Style::usual(Language::TypeScript) };
    assert_eq!(restyle("a();\nb();\n", Language::TypeScript, &style), "a();\r\nb();\r\n");
}

#[test]
fn string_literals_take_the_quote_that_needs_no_escape() {
    let style = Style { quote: '\'', ..Style::usual(Language::TypeScript) };
    assert_eq!(style.string("a"), "'a'");
    assert_eq!(style.string("it's"), "\"it's\"");
    assert_eq!(style.string("a'\"\\"), "'a\\'\"\\\\'");
}
