use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites::{Site, find};
use crate::workspace::Workspace;

const VITE: (&str, &str) = (
    "package.json",
    r#"{"name": "notes", "dependencies": {"@supabase/supabase-js": "2", "react": "19"}, "devDependencies": {"vite": "7", "@vitejs/plugin-react": "5"}}"#,
);

fn found(files: &[(&str, &str)]) -> Vec<Site> {
    let workspace = Workspace::in_memory(files.iter().copied());
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(&workspace, &catalog);
    assert!(!found.apps.is_empty());
    find(&Program::new(&workspace), &catalog, &found)
        .into_iter()
        .filter(|site| site.id.starts_with("billable"))
        .collect()
}

#[test]
fn a_function_beside_the_app_is_named_with_its_call_and_who_may_call_it() {
    let signed_in = "import { createClient } from \"npm:@supabase/supabase-js@2\";\nimport OpenAI from \"npm:openai@6\";\n\nconst openai = new OpenAI();\nDeno.serve(async (req) => {\n  const supabase = createClient(\"u\", \"k\");\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json(await openai.chat.completions.create({ model: \"m\", messages: [] }));\n});\n";
    let open = "Deno.serve(async () => {\n  const answer = await fetch(\"https://api.openai.com/v1/chat/completions\", { method: \"POST\", body: \"{}\" });\n  return Response.json(await answer.json());\n});\n";
    let sites = found(&[
        VITE,
        ("vite.config.ts", "export default {};\n"),
        ("src/main.tsx", "export const x = 1;\n"),
        ("supabase/functions/sum/index.ts", signed_in),
        ("supabase/functions/draw/index.ts", open),
        ("supabase/config.toml", "[functions.draw]\nverify_jwt = false\n"),
    ]);
    let mut said: Vec<(&str, usize, &str, bool)> = sites
        .iter()
        .map(|s| (s.app.as_str(), s.line, s.evidence.last().unwrap().as_str(), s.selected))
        .collect();
    said.sort_unstable();
    let [(draw, 2, open, false), (sum, 9, signed_in, false)] = said.as_slice() else { panic!("{said:#?}") };
    assert_eq!((*draw, *sum), ("supabase/functions/draw", "supabase/functions/sum"));
    assert!(open.contains("`verify_jwt = false` (supabase/config.toml:2) lets everyone in"), "{open}");
    assert!(signed_in.contains("it asks who is signed in (`supabase.auth.getUser`, line 7)"), "{signed_in}");
}
