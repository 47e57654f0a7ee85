//! Streams that tell their usage in a callback: which there is one already, and how the stream is read to its end.

use crate::steps::paid::tests::plan;
use crate::steps::{Area, StepPlan};

/// Plans the events of a route that streams, written between the guard and the end of a handler.
fn events(lines: &str) -> (StepPlan, String) {
    let route = format!(
        "import {{ generateText, streamText, tool }} from 'ai';\nimport {{ auth }} from '../../../auth';\n\nexport async function POST(req: Request) {{\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, {{ status: 401 }});\n{lines}\n}}\n"
    );
    events_of(&route)
}

fn events_of(route: &str) -> (StepPlan, String) {
    let files = [
        ("package.json", r#"{"name": "n", "dependencies": {"next": "15", "ai": "6", "next-auth": "5.0.0"}}"#),
        ("auth.ts", "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({ adapter });\n"),
        ("app/page.tsx", "export default function Page() { return null; }\n"),
        ("app/api/chat/route.ts", route),
    ];
    plan(&files, Area::Events, "app/api/chat/route.ts")
}

fn todo_of(plan: &StepPlan) -> String {
    plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The event as it stands in a callback, with what the callback calls the usage.
fn event(usage: &str) -> String {
    format!(
        "await recordUsage({{\n        userId: String(session.user.id),\n        type: 'completion_finished',\n        data: {{ ...aiTokens({usage}) }},\n      }});\n"
    )
}

#[test]
fn a_callback_that_takes_its_argument_apart_gets_what_it_lacks() {
    let (plan, text) = events(
        "  const result = streamText({\n    prompt: 'x',\n    onFinish: async ({ text }) => {\n      await save(session.user.id, text);\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    let expected = format!(
        "    onFinish: async ({{ text, totalUsage }}) => {{\n      {}      await save(session.user.id, text);\n",
        event("totalUsage")
    );
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("  void result.consumeStream();\n"), "{text}");
    assert!(!todo_of(&plan).contains("streamText"), "{}", todo_of(&plan));
}

#[test]
fn names_the_callback_has_for_the_usage_are_its_own() {
    let (_, text) = events(
        "  const result = streamText({\n    prompt: 'x',\n    async onFinish({ totalUsage: usage }) {\n      log(usage);\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    assert!(
        text.contains(&format!(
            "    async onFinish({{ totalUsage: usage }}) {{\n      {}      log(usage);\n",
            event("usage")
        )),
        "{text}"
    );
    let (_, text) = events(
        "  const result = streamText({\n    prompt: 'x',\n    onFinish: async (end) => {\n      log(end);\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    assert!(text.contains(&event("end.totalUsage")), "{text}");
}

#[test]
fn a_callback_that_is_not_async_or_takes_nothing_becomes_one_that_does() {
    let (_, text) = events(
        "  const result = streamText({\n    prompt: 'x',\n    onFinish() {\n      save();\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    assert!(
        text.contains(&format!(
            "    async onFinish({{ totalUsage }}) {{\n      {}      save();\n",
            event("totalUsage")
        )),
        "{text}"
    );
    let (_, text) = events(
        "  const result = streamText({\n    prompt: 'x',\n    onFinish: ({ text }) => save(text),\n  });\n  return result.toTextStreamResponse();",
    );
    assert!(text.contains("    onFinish: async ({ text, totalUsage }) => {\n"), "{text}");
    assert!(text.contains("      return save(text);\n    },\n"), "{text}");
}

#[test]
fn a_callback_of_another_place_or_with_names_of_its_own_is_left_to_a_person() {
    for callback in [
        "onFinish: saveAnswer",
        "onFinish: async () => {}",
        "onFinish: async ({ session }) => { log(session); }",
        "onFinish: async ({ text }) => { const session = await open(text); log(session); }",
    ] {
        let (plan, text) = events(&format!(
            "  const result = streamText({{ prompt: 'x', {callback} }});\n  return result.toTextStreamResponse();"
        ));
        assert!(!text.contains("recordUsage"), "{text}");
        assert!(todo_of(&plan).contains("`onFinish` is there already"), "{}", todo_of(&plan));
    }
}

#[test]
fn a_stream_that_is_answered_at_once_is_named_and_read_to_its_end() {
    let (_, text) = events("  return streamText({\n    prompt: 'x',\n  }).toTextStreamResponse();");
    assert!(
        text.contains(
            "  const result = streamText({\n    prompt: 'x',\n    onFinish: async ({ totalUsage }) => {\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("  });\n  void result.consumeStream();\n  return result.toTextStreamResponse();\n}"),
        "{text}"
    );
}

#[test]
fn a_stream_that_is_read_to_its_end_already_is_not_read_twice() {
    let (_, text) = events(
        "  const result = streamText({ prompt: 'x' });\n  result.consumeStream();\n  return result.toTextStreamResponse();",
    );
    assert!(text.contains("recordUsage"), "{text}");
    assert_eq!(text.matches("consumeStream").count(), 1, "{text}");
}

#[test]
fn a_paid_call_in_a_tool_of_the_stream_and_the_stream_are_each_recorded_once() {
    let (_, once) = events(
        "  const result = streamText({\n    prompt: 'x',\n    tools: {\n      sum: tool({ execute: async ({ text }) => {\n        const { text: short } = await generateText({ prompt: text });\n        return short;\n      } }),\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    assert_eq!(once.matches("await recordUsage(").count(), 2, "{once}");
    let (again, same) = events_of(&once);
    assert_eq!(same, once);
    assert!(
        again.changes.paths().iter().all(|path| !path.ends_with("route.ts")),
        "{:?}",
        again.changes.paths()
    );
}

#[test]
fn a_stream_that_the_app_stops_is_billed_for_its_finished_steps() {
    let (plan, text) = events(
        "  const result = streamText({ prompt: 'x', abortSignal: req.signal });\n  return result.toTextStreamResponse();",
    );
    assert!(text.contains("onFinish: async ({ totalUsage }) => {"), "{text}");
    assert!(text.contains("onAbort: async ({ steps }) => {"), "{text}");
    assert!(text.contains("...summed(steps.map((step) => aiTokens(step.usage)))"), "{text}");
    let expected = "`streamText` that `abortSignal` stops are billed for their finished steps";
    assert!(todo_of(&plan).contains(expected), "{}", todo_of(&plan));
    assert!(!todo_of(&plan).contains("is not billed"), "{}", todo_of(&plan));
    let (_, own) = events(
        "  const result = streamText({\n    prompt: 'x',\n    abortSignal: req.signal,\n    onAbort({ steps }) {\n      log(steps);\n    },\n  });\n  return result.toTextStreamResponse();",
    );
    assert!(own.contains("    async onAbort({ steps }) {\n      await recordUsage({\n"), "{own}");
    let (_, same) = events_of(&own);
    assert_eq!(same, own);
}

#[test]
fn of_two_names_of_a_callback_the_one_that_the_app_has_is_used() {
    let of = |version: &str, callbacks: &str| {
        let route = format!(
            "import {{ streamText }} from 'ai';\nimport {{ auth }} from '../../../auth';\n\nexport async function POST(req: Request) {{\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, {{ status: 401 }});\n  const result = streamText({{\n    prompt: 'x',\n{callbacks}  }});\n  return result.toTextStreamResponse();\n}}\n"
        );
        let manifest = format!(
            r#"{{"name": "n", "dependencies": {{"next": "15", "ai": "{version}", "next-auth": "5.0.0"}}}}"#
        );
        let files = [
            ("package.json", manifest.as_str()),
            (
                "auth.ts",
                "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({ callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } });\n",
            ),
            ("app/page.tsx", "export default function Page() { return null; }\n"),
            ("app/api/chat/route.ts", route.as_str()),
        ];
        plan(&files, Area::Events, "app/api/chat/route.ts").1
    };
    let own = of("^7.0.1", "    onEnd({ text }) {\n      save(text);\n    },\n");
    assert!(own.contains("    async onEnd({ text, totalUsage }) {\n      await recordUsage("), "{own}");
    assert!(!own.contains("onFinish"), "{own}");
    let old = of("^7.0.1", "    onFinish: async ({ text }) => {\n      save(text);\n    },\n");
    assert!(
        old.contains("    onFinish: async ({ text, totalUsage }) => {\n      await recordUsage("),
        "{old}"
    );
    assert!(!old.contains("onEnd"), "{old}");
    assert!(of("^7.0.1", "").contains("onEnd: async ({ totalUsage }) => {"));
    assert!(of("^6.0.1", "").contains("onFinish: async ({ totalUsage }) => {"));
    let four = of("^4.3.0", "");
    assert!(four.contains("onFinish: async ({ usage }) => {"), "{four}");
    assert!(
        four.contains("...completionTokens(usage)") && four.contains("void result.consumeStream();"),
        "{four}"
    );
}
