use crate::catalog::Catalog;
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::sites::Detail;
use crate::sites::billable::billables;
use crate::sites::cx::Cx;
use crate::workspace::Workspace;

const GUARD: &str = "import { Injectable } from '@nestjs/common';\nimport { JwtService } from '@nestjs/jwt';\n@Injectable()\nexport class JwtGuard {\n  constructor(private readonly jwt: JwtService) {}\n  async canActivate(context) {\n    const request = context.switchToHttp().getRequest();\n    const claims = await this.jwt.verifyAsync(request.headers.authorization);\n    request.user = { id: claims.sub, email: claims.email };\n    return true;\n  }\n}\n";

/// Who pays in a guarded handler with this parameter, where the decorator's function is this.
fn payer(decorator: &str, param: &str, guard: &str) -> String {
    payer_behind(GUARD, decorator, param, guard)
}

/// The same with a guard of its own.
fn payer_behind(made: &str, decorator: &str, param: &str, guard: &str) -> String {
    let decorator = format!(
        "import {{ createParamDecorator }} from '@nestjs/common';\nexport const CurrentUser = createParamDecorator({decorator});\n"
    );
    let controller = format!(
        "import {{ Controller, Post, UseGuards }} from '@nestjs/common';\nimport OpenAI from 'openai';\nimport {{ CurrentUser }} from './decorator';\nimport {{ JwtGuard, Person }} from './guard';\nconst ai = new OpenAI();\n@Controller('drafts')\nexport class Drafts {{\n  @Post()\n  {guard}\n  async write({param}) {{\n    return ai.responses.create({{ model: 'm', input: 'x' }});\n  }}\n}}\n"
    );
    let files = [("src/guard.ts", made), ("src/decorator.ts", &decorator), ("src/drafts.ts", &controller)];
    let workspace = Workspace::in_memory(files);
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&workspace);
    let picked = ["frameworks/nestjs", "auth/jwt-custom", "auth/passport", "providers/openai"];
    let entries = picked.iter().map(|p| (*p).to_owned()).collect();
    let app = App { root: ".".to_owned(), entries, folders: vec![String::new()], ..App::default() };
    let cx = Cx::new(&program, &catalog, &app);
    let sites = billables(&cx);
    let [site] = sites.as_slice() else { panic!("{} paid calls", sites.len()) };
    let Detail::Billable(billable) = &site.detail else { unreachable!() };
    match &billable.plan.identity {
        None => "-".to_owned(),
        Some(identity) => format!("{}{}", identity.id, if identity.nullable { "?" } else { "" }),
    }
}

const ON_GUARD: &str = "@UseGuards(JwtGuard)";

#[test]
fn what_the_guard_sets_is_the_user_under_the_parameters_name() {
    for decorator in [
        "(data, context) => context.switchToHttp().getRequest().user",
        "(data, context) => {\n  const request = context.switchToHttp().getRequest();\n  return request.user;\n}",
        "(data, context) => {\n  const { user } = context.switchToHttp().getRequest();\n  return data ? user?.[data] : user;\n}",
        "(data, context) => GqlExecutionContext.create(context).getContext().req.user",
    ] {
        assert_eq!(payer(decorator, "@CurrentUser() author: Author", ON_GUARD), "author.id", "{decorator}");
    }
}

#[test]
fn one_member_of_it_counts_when_it_is_the_id() {
    let by_name = "(data, context) => {\n  const user = context.switchToHttp().getRequest().user;\n  return data ? user[data] : user;\n}";
    assert_eq!(payer(by_name, "@CurrentUser('id') authorId: string", ON_GUARD), "authorId");
    assert_eq!(payer(by_name, "@CurrentUser('email') id: string", ON_GUARD), "-");
    let always = "(data, context) => context.switchToHttp().getRequest().user.id";
    assert_eq!(payer(always, "@CurrentUser() authorId: string", ON_GUARD), "authorId");
}

#[test]
fn a_guard_may_extend_what_a_function_makes() {
    let decorator = "(data, context) => context.switchToHttp().getRequest().user.id";
    let extends = |base: &str| {
        format!(
            "import {{ Injectable }} from '@nestjs/common';\nimport {{ AuthGuard }} from '@nestjs/passport';\nimport {{ Fast }} from 'fast-guards';\n@Injectable()\nexport class JwtGuard extends {base} {{}}\n"
        )
    };
    let id = |base: &str| payer_behind(&extends(base), decorator, "@CurrentUser() id: string", ON_GUARD);
    assert_eq!(id("AuthGuard('jwt')"), "id");
    assert_eq!(id("AuthGuard"), "id");
    assert_eq!(id("Fast('jwt')"), "id?");
}

#[test]
fn a_user_that_is_handed_on_whole_has_what_its_type_always_has() {
    // What the library puts on the request is told by nothing but the type.
    let of = |field: &str| {
        let guard = format!(
            "import {{ AuthGuard }} from '@nestjs/passport';\nexport class JwtGuard extends AuthGuard('jwt') {{}}\nexport class Person {{\n  {field}\n}}\n"
        );
        let decorator = "(data, context) => context.switchToHttp().getRequest().user";
        payer_behind(&guard, decorator, "@CurrentUser() author: Person", ON_GUARD)
    };
    assert_eq!(of("id: string;"), "author.id");
    assert_eq!(of("id?: string;"), "-");
    assert_eq!(of("name: string;"), "-");
}

#[test]
fn without_a_guard_it_may_be_missing() {
    let decorator = "(data, context) => context.switchToHttp().getRequest().user.id";
    assert_eq!(payer(decorator, "@CurrentUser() authorId: string", ""), "authorId?");
}

#[test]
fn what_the_sender_sets_is_nobody() {
    for decorator in [
        "(data, context) => context.switchToHttp().getRequest().body.user",
        "(data, context) => context.switchToHttp().getRequest().headers['x-user']",
        "(data, context) => {\n  const request = context.switchToHttp().getRequest();\n  return request.user ?? request.body.user;\n}",
        "(data, context) => ({ id: context.switchToHttp().getRequest().query.user })",
        "(data) => data.user",
    ] {
        assert_eq!(payer(decorator, "@CurrentUser() user: Author", ON_GUARD), "-", "{decorator}");
    }
}
