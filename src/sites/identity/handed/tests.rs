use crate::catalog::Catalog;
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::sites::billable::billables;
use crate::sites::cx::Cx;
use crate::sites::{Detail, IdentitySource};
use crate::workspace::Workspace;

/// The sign-in of every app here: one call of a library.
const AUTH: &str = "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({ adapter });\n";
const PACKAGE: &str = r#"{ "dependencies": { "next-safe-action": "8", "@trpc/server": "11" } }"#;
const ROUTE: &str = "app/api/a/route.ts";

/// Who pays for the one paid call of an app: the expression, `?` when it may be missing, `-` when nobody is known.
fn payer(files: &[(&str, &str)]) -> String {
    let all = files.iter().copied().chain([("lib/auth.ts", AUTH), ("package.json", PACKAGE)]);
    let workspace = Workspace::in_memory(all);
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&workspace);
    let picked = [
        "frameworks/nextjs-app",
        "frameworks/trpc",
        "auth/authjs",
        "auth/jwt-custom",
        "orm/prisma",
        "providers/openai",
    ];
    let entries = picked.iter().map(|p| (*p).to_owned()).collect();
    let app = App { root: ".".to_owned(), entries, folders: vec![String::new()], ..App::default() };
    let cx = Cx::new(&program, &catalog, &app);
    let sites = billables(&cx);
    let [site] = sites.as_slice() else { panic!("{} paid calls", sites.len()) };
    let Detail::Billable(billable) = &site.detail else { unreachable!() };
    match &billable.plan.identity {
        None => "-".to_owned(),
        Some(identity) => {
            let taken = match &identity.source {
                IdentitySource::Handed { take: Some(take), .. } => format!(" +{}", take.name),
                _ => String::new(),
            };
            format!("{}{}{taken}", identity.id, if identity.nullable { "?" } else { "" })
        }
    }
}

/// A route whose handler is given to `withUser` of `lib/with-user.ts`, with the start of that function as written.
fn wrapped(wrapper: &str, handler: &str) -> String {
    let wrapper = format!("import {{ auth }} from './auth';\n{wrapper}");
    let route = format!(
        "import OpenAI from 'openai';\nimport {{ withUser }} from '../../../lib/with-user';\nconst client = new OpenAI();\nexport const POST = {};\n",
        handler.replace("SPEND", "await client.responses.create({ model: 'm', input: 'x' })")
    );
    payer(&[("lib/with-user.ts", &wrapper), (ROUTE, &route)])
}

/// The same with a wrapper that reads the session, refuses without one, and then runs these lines.
fn checked(lines: &str, handler: &str) -> String {
    let wrapper = format!(
        "export function withUser(handler: any) {{\n  return async (request: any, context: any) => {{\n    const session = await auth();\n    if (!session?.user) return new Response(null, {{ status: 401 }});\n    {lines}\n  }};\n}}\n"
    );
    wrapped(&wrapper, handler)
}

const READS: &str = "withUser(async (request) => Response.json(SPEND))";

#[test]
fn a_member_that_the_wrapper_sets_on_the_request() {
    for lines in [
        "request.auth = { userId: session.user.id };\n    return handler(request, context);",
        "const signed = request as Signed;\n    signed.auth = { userId: session.user.id };\n    return handler(signed, context);",
        "const signed = request as Signed;\n    signed.auth = { userId: session.user.id };\n    return handler(request, context);",
        "const userId = session.user.id;\n    return handler(Object.assign(request, { auth: { userId } }), context);",
        "Object.assign(request, { auth: { userId: session.user.id } });\n    return handler(request);",
        "const { id } = session.user;\n    return handler({ ...request, auth: { ...context, userId: id } });",
        "request.auth.userId = session.user.id;\n    return handler(request);",
    ] {
        assert_eq!(checked(lines, READS), "request.auth.userId", "{lines}");
    }
}

#[test]
fn a_second_argument_or_an_object_of_them() {
    let second = "withUser(async (request, { user, params }) => Response.json(SPEND))";
    assert_eq!(checked("return handler(request, { ...context, user: session.user });", second), "user.id");
    let bare = "withUser(async (request: Request, userId: string) => Response.json(SPEND))";
    assert_eq!(checked("return handler(request, session.user.id);", bare), "userId");
    let one = "withUser(async ({ req, session }) => Response.json(SPEND))";
    assert_eq!(checked("return handler({ req: request, session });", one), "session.user.id");
    let whole = "withUser(async (context) => Response.json(SPEND))";
    assert_eq!(checked("return handler({ req: request, session });", whole), "context.session.user.id");
}

#[test]
fn a_handler_of_its_own_name() {
    let wrapper = "import { auth } from './auth';\nexport const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  if (!session) throw new Error('sign in');\n  return handler(request, session.user);\n};";
    let route = "import OpenAI from 'openai';\nimport { withUser } from '../../../lib/with-user';\nconst client = new OpenAI();\nasync function draft(request: Request, user: { id: string }) {\n  return Response.json(await client.responses.create({ model: 'm', input: user.id }));\n}\nexport const POST = withUser(draft);";
    // The route is the wrapper's value; what it runs is found by name.
    assert_eq!(payer(&[("lib/with-user.ts", wrapper), (ROUTE, route)]), "user.id");
}

#[test]
fn a_check_around_the_run_and_a_check_that_throws() {
    let around = "export const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  if (session?.user) {\n    return handler(request, session.user.id);\n  }\n  return new Response(null, { status: 401 });\n};";
    let handler = "withUser(async (request: Request, userId: string) => Response.json(SPEND))";
    assert_eq!(wrapped(around, handler), "userId");
    let throws = "async function requireUser() {\n  const session = await auth();\n  if (!session?.user) throw new Error('sign in');\n  return session.user;\n}\nexport const withUser = (handler: any) => async (request: any) => handler(request, (await requireUser()).id);";
    assert_eq!(wrapped(throws, handler), "userId");
    let caught = "export const withUser = (handler: any) => async (request: any) => {\n  let session: Session;\n  try {\n    session = await auth();\n  } catch (error) {\n    log(error);\n    throw error;\n  }\n  if (!session?.user) {\n    return new Response(null, { status: 401 });\n  }\n  return handler(request, session.user.id);\n};";
    assert_eq!(wrapped(caught, handler), "userId");
}

#[test]
fn a_wrapper_made_of_wrappers_and_checks() {
    let layers = "async function check(request: any): Promise<Signed | Response> {\n  const session = await auth();\n  if (!session?.user) return Response.json({ error: 'no' }, { status: 401 });\n  const signed = request as Signed;\n  signed.auth = { userId: session.user.id };\n  return signed;\n}\nasync function checkTeam(request: any): Promise<Signed | Response> {\n  const signed = await check(request);\n  if (signed instanceof Response) return signed;\n  const { userId } = signed.auth;\n  const team = request.headers.get('x-team');\n  if (!team) return Response.json({ error: 'team' }, { status: 403 });\n  const full = signed as Signed;\n  full.auth = { userId, team };\n  return full;\n}\nfunction withChecks(handler: any, check?: any) {\n  return async (request: any, context: any) => {\n    return run({ at: 1 }, async () => {\n      let checked = request;\n      if (check) {\n        const result = await check(request);\n        if (result instanceof Response) return result;\n        checked = result;\n      }\n      return await handler(checked as Signed, context);\n    });\n  };\n}\nexport function withUser(nameOrHandler: any, handler?: any) {\n  if (typeof nameOrHandler === 'string') {\n    return withChecks(handler!, checkTeam);\n  }\n  return withChecks(nameOrHandler, checkTeam);\n}";
    assert_eq!(wrapped(layers, READS), "request.auth.userId");
    let named = "withUser('ask', async (request) => Response.json(SPEND))";
    assert_eq!(wrapped(layers, named), "request.auth.userId");
}

#[test]
fn a_wrapper_that_takes_options_first_and_one_around_another() {
    let curried = "export function withUser(options: any) {\n  return (handler: any) => async (request: any) => {\n    const session = await auth();\n    if (!session) return new Response(null, { status: 401 });\n    return handler(request, session.user);\n  };\n}";
    let handler = "withUser({ role: 'writer' })(async (request: Request, user) => Response.json(SPEND))";
    assert_eq!(wrapped(curried, handler), "user.id");
    let around = "export const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  if (!session) return new Response(null, { status: 401 });\n  return handler(request, session.user.id);\n};";
    let inner = "withUser(logged(async (request: Request, userId: string) => Response.json(SPEND)));\nfunction logged(handler: any) {\n  return async (request: any, id: string) => {\n    console.log(request.url);\n    return handler(request, id);\n  };\n}";
    assert_eq!(wrapped(around, inner), "userId");
}

#[test]
fn a_record_that_a_condition_on_the_user_finds() {
    let lines = "const profile = await db.profile.findFirst({ where: { userId: session.user.id } });\n    if (!profile) return new Response(null, { status: 404 });\n    return handler(request, profile);";
    let handler = "withUser(async (request: Request, profile) => Response.json(SPEND))";
    assert_eq!(checked(lines, handler), "profile.userId");
    let or = "const profile = await db.profile.findFirst({ where: { OR: [{ userId: session.user.id }] } });\n    return handler(request, profile!);";
    assert_eq!(checked(or, handler), "-");
}

#[test]
fn without_a_check_the_user_may_be_missing() {
    let open = "export const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  return handler(request, session?.user);\n};";
    let handler = "withUser(async (request: Request, user) => Response.json(SPEND))";
    assert_eq!(wrapped(open, handler), "user.id?");
    let checks = "withUser(async (request: Request, user) => {\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json(SPEND);\n})";
    assert_eq!(wrapped(open, checks), "user.id");
    let sometimes = "export const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  if (session) {\n    request.auth = { userId: session.user.id };\n  }\n  return handler(request);\n};";
    assert_eq!(wrapped(sometimes, READS), "-");
}

#[test]
fn what_the_sender_sets_is_nobody() {
    for lines in [
        "const body = await request.json();\n    request.auth = { userId: body.userId };\n    return handler(request, context);",
        "request.auth = { userId: request.headers.get('x-user-id') };\n    return handler(request, context);",
        "request.auth = { userId: new URL(request.url).searchParams.get('userId') };\n    return handler(request, context);",
        "request.auth = { userId: session.user.id };\n    request.auth = await request.json();\n    return handler(request, context);",
        "request.auth = { userId: session.user.id };\n    return handler({ ...request, ...(await request.json()), auth: context.auth });",
        "request.auth = { userId: session.user.id };\n    if (context.as) request.auth = { userId: context.as };\n    return handler(request);",
        "request.auth = { userId: decode(request.headers.get('authorization')).sub };\n    return handler(request);",
        "const body = await request.json();\n    request.auth = { userId: body.userId ?? session.user.id };\n    return handler(request, context);",
        "request.auth = { userId: session.user.id };\n    request.auth.userId = request.headers.get('x-as');\n    return handler(request);",
        "const as = request.headers.get('x-as');\n    request.auth = as ? { userId: as } : { userId: session.user.id };\n    return handler(request);",
        "return handler(request, context);",
    ] {
        assert_eq!(checked(lines, READS), "-", "{lines}");
    }
}

#[test]
fn a_wrapper_with_another_way_through_is_not_trusted() {
    let open = "export function withUser(handler: any) {\n  if (process.env.OPEN) return handler;\n  return async (request: any) => {\n    const session = await auth();\n    if (!session) return new Response(null, { status: 401 });\n    return handler(request, session.user);\n  };\n}";
    let handler = "withUser(async (request: Request, user) => Response.json(SPEND))";
    assert_eq!(wrapped(open, handler), "-");
    let passed_on = "import { traced } from 'tracing';\nexport const withUser = (handler: any) => async (request: any) => {\n  const session = await auth();\n  if (!session) return traced(handler)(request, request.headers);\n  return handler(request, session.user);\n};";
    assert_eq!(wrapped(passed_on, handler), "-");
    let by_key = "export const withUser = (handler: any) => async (request: any) => {\n  const body = await request.json();\n  if (body.key === process.env.KEY) return handler(request, body.user);\n  const session = await auth();\n  if (!session) return new Response(null, { status: 401 });\n  return handler(request, session.user);\n};";
    assert_eq!(wrapped(by_key, handler), "-");
}

/// A route that asks a function of the app who is signed in, with that function and the lines of the route as written.
fn asked(reader: &str, lines: &str) -> String {
    let reader = format!("import {{ auth }} from './auth';\n{reader}");
    let route = format!(
        "import OpenAI from 'openai';\nimport {{ requireUser }} from '../../../lib/user';\nconst client = new OpenAI();\nexport async function POST(request: Request) {{\n  {lines}\n  return Response.json(await client.responses.create({{ model: 'm', input: 'x' }}));\n}}\n"
    );
    payer(&[("lib/user.ts", &reader), (ROUTE, &route)])
}

#[test]
fn a_function_that_leaves_without_a_user_gives_one_for_certain() {
    let throws = "export async function requireUser() {\n  const session = await auth();\n  if (!session?.user) throw new Error('sign in');\n  return session.user;\n}";
    assert_eq!(asked(throws, "const user = await requireUser();"), "user.id");
    assert_eq!(asked(throws, "const { id: userId } = await requireUser();"), "userId");
    let redirects = "import { redirect } from 'next/navigation';\nexport const requireUser = async () => {\n  const session = await auth();\n  if (!session?.user) redirect('/login');\n  return { userId: session.user.id };\n};";
    assert_eq!(asked(redirects, "const { userId } = await requireUser();"), "userId");
}

#[test]
fn a_function_that_may_give_none_needs_a_check() {
    let maybe = "export async function requireUser() {\n  const session = await auth();\n  if (!session?.user) return null;\n  return session.user;\n}";
    assert_eq!(asked(maybe, "const user = await requireUser();"), "user.id?");
    let checked =
        "const user = await requireUser();\n  if (!user) return new Response(null, { status: 401 });";
    assert_eq!(asked(maybe, checked), "user.id");
    let sent = "export async function requireUser(request: Request) {\n  const session = await auth();\n  if (!session?.user) throw new Error('sign in');\n  return await request.json();\n}";
    assert_eq!(asked(sent, "const user = await requireUser(request);"), "-");
}

/// An action at the end of a chain that begins with `client` of `lib/client.ts`.
fn action(client: &str, handler: &str) -> String {
    let client = format!(
        "import {{ auth }} from './auth';\nimport {{ createSafeActionClient }} from 'next-safe-action';\n{client}"
    );
    let actions = format!(
        "'use server';\nimport OpenAI from 'openai';\nimport {{ client }} from './client';\nconst ai = new OpenAI();\nexport const draft = client.metadata({{ name: 'draft' }}).inputSchema(schema).action({});\n",
        handler.replace("SPEND", "await ai.responses.create({ model: 'm', input: 'x' })")
    );
    payer(&[("lib/client.ts", &client), ("lib/actions.ts", &actions)])
}

const BASE: &str =
    "const base = createSafeActionClient({}).use(async ({ next }) => next({ ctx: { at: Date.now() } }));\n";

#[test]
fn the_context_that_an_action_client_adds() {
    let client = format!(
        "{BASE}export const client = base.bindArgsSchemas([id]).use(async ({{ next, ctx, metadata }}) => {{\n  const session = await auth();\n  if (!session?.user) throw new Error('sign in');\n  const userId = session.user.id;\n  return logged({{ name: metadata.name, run: () => next({{ ctx: {{ ...ctx, userId, session }} }}) }});\n}});\n"
    );
    let taken = "async ({ ctx: { userId, at }, parsedInput }) => { return SPEND; }";
    assert_eq!(action(&client, taken), "userId");
    assert_eq!(action(&client, "async ({ ctx, parsedInput }) => { return SPEND; }"), "ctx.userId");
    assert_eq!(action(&client, "async (given) => { return SPEND; }"), "given.ctx.userId");
    // What the pattern does not take yet, it can.
    assert_eq!(action(&client, "async ({ ctx: { at } }) => { return SPEND; }"), "userId +userId");
    assert_eq!(action(&client, "async ({ parsedInput }) => { return SPEND; }"), "ctx.userId +ctx");
    // Unless the name stands for something else there.
    assert_eq!(action(&client, "async ({ parsedInput: { ctx } }) => { return SPEND; }"), "-");
    assert_eq!(action(&client, "async ({ ctx: context }) => { return SPEND; }"), "context.userId");
    assert_eq!(action(&client, "async () => { return SPEND; }"), "-");
}

#[test]
fn a_context_that_a_later_link_overwrites_or_adds_to() {
    let first = format!(
        "{BASE}const signed = base.use(async ({{ next }}) => {{\n  const session = await auth();\n  if (!session) throw new Error('sign in');\n  return next({{ ctx: {{ user: session.user }} }});\n}});\n"
    );
    let handler = "async ({ ctx }) => { return SPEND; }";
    let adds = format!(
        "{first}export const client = signed.use(async ({{ next, ctx }}) => next({{ ctx: {{ mail: ctx.user.email }} }}));"
    );
    assert_eq!(action(&adds, handler), "ctx.user.id");
    let overwrites = format!(
        "{first}export const client = signed.use(async ({{ next, clientInput }}) => next({{ ctx: {{ user: clientInput }} }}));"
    );
    assert_eq!(action(&overwrites, handler), "-");
    let unchecked = format!(
        "{BASE}export const client = base.use(async ({{ next, bindArgsClientInputs }}) => next({{ ctx: {{ userId: bindArgsClientInputs[0] }} }}));"
    );
    assert_eq!(action(&unchecked, handler), "-");
}

#[test]
fn the_context_of_a_procedure() {
    let router = |check: &str| {
        format!(
            "import {{ initTRPC, TRPCError }} from '@trpc/server';\nimport {{ auth }} from './auth';\nexport const createContext = async (opts: {{ headers: Headers }}) => {{\n  const session = await auth();\n  return {{ session, ...opts }};\n}};\nconst t = initTRPC.context<typeof createContext>().create({{}});\nexport const publicProcedure = t.procedure;\nexport const procedure = t.procedure.use(({{ ctx, next }}) => {{\n  {check}\n}});\n"
        )
    };
    let route = "import OpenAI from 'openai';\nimport { procedure } from './trpc';\nconst ai = new OpenAI();\nexport const drafts = { write: procedure.input(schema).mutation(async ({ ctx, input }) => {\n  return ai.responses.create({ model: 'm', input: 'x' });\n}) };";
    let refuses = router(
        "if (!ctx.session?.user) throw new TRPCError({ code: 'UNAUTHORIZED' });\n  return next({ ctx: { session: { ...ctx.session, user: ctx.session.user } } });",
    );
    assert_eq!(payer(&[("lib/trpc.ts", &refuses), ("lib/drafts.ts", route)]), "ctx.session.user.id");
    let lets_through = router("return next();");
    assert_eq!(payer(&[("lib/trpc.ts", &lets_through), ("lib/drafts.ts", route)]), "ctx.session.user.id?");
}
