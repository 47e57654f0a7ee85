//! What an auth library's entry says: who is signed in, and where users come to exist.

use serde::Deserialize;

use super::entry::{Callee, Symbol, UserFields};
use super::framework::Role;

/// The auth part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Users live with a provider; no line of the repository creates them.
    #[serde(default)]
    pub hosted: bool,
    /// Where the signed-in user comes from, best first.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// Calls that verify a token or read a session: a function of the app that reaches one, and whose value derives from
    /// it, is a session reader of the app's own.
    #[serde(default)]
    pub verifiers: Vec<Verifier>,
    /// Classes whose method says what stands on the request behind them.
    #[serde(default)]
    pub strategies: Vec<Strategy>,
    /// Calls that make a token: what an app puts into all of its own is in each that it checks.
    #[serde(default)]
    pub signers: Vec<Signer>,
    /// Expression that holds when nobody is signed in, where the user is an object all the same. Variable: `user`.
    pub signed_out: Option<String>,
    /// What puts the user's id into a session, where the library leaves that to the app.
    pub session_id: Option<SessionId>,
    /// What says whose tokens are, where the library leaves that to the app.
    pub signed: Option<Signed>,
    /// Methods of a handler's parameter that check a token (`request.jwtVerify()`): calling one is what a verifier does.
    #[serde(default)]
    pub request_verifiers: Vec<String>,
    /// Where a new user comes to exist.
    #[serde(default)]
    pub signups: Vec<SignUp>,
    /// Visitors the library lets in without an account.
    pub guests: Option<Guests>,
    /// Where one user becomes another.
    #[serde(default)]
    pub linked: Vec<Linked>,
    /// What the library knows of organisations that users belong to, when it does.
    pub organisations: Option<AuthOrganisations>,
}

/// What puts the user's id into a session. Where an app does none of it, a session names nobody: not every user the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionId {
    /// The function among the library's options that says what a session holds: `callbacks.session`.
    pub callback: String,
    /// The calls that take those options.
    pub options: Vec<Symbol>,
    /// The option with which sessions are rows and hold the whole user, where the library hands that over.
    pub rows: Option<String>,
    /// What in the options makes them tokens all the same.
    pub tokens: Option<OptionIs>,
    /// The option with which users are rows of the app's own; without it their ids may be those of whoever they sign in with.
    pub kept: Option<String>,
    /// What in the app's options says that it tells itself who somebody is.
    #[serde(default)]
    pub told: Vec<String>,
    /// The functions among the options in which the app may look up its own id instead.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Modules whose `Session` an app extends to say that the id is there.
    pub declared_in: Vec<String>,
    /// In TypeScript the id cannot be read before the app has said so.
    #[serde(default)]
    pub undeclared: bool,
}

/// An option with a value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionIs {
    /// Its path of keys.
    pub path: String,
    /// Its value, a string.
    pub is: String,
}

/// Users without an account: the library makes them up, address and all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guests {
    /// Texts one of which stands in the code of an app that has guests.
    pub marks: Vec<String>,
    /// The member of a user that says so.
    pub flag: String,
}

/// A function among a library's options that is called when a user goes over into another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// The call that takes the options.
    pub call: Symbol,
    /// Where the function is in them.
    pub path: String,
    /// It happens whether the function is written or not.
    #[serde(default)]
    pub always: bool,
}

/// Organisations kept by an auth library.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthOrganisations {
    /// What one is called: `organization`.
    pub noun: String,
    /// Texts one of which stands in the code of an app that uses them.
    pub marks: Vec<String>,
    /// Columns in which apps keep the id of one, to tell what belongs to it.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Where a new one comes to exist, in the form of a sign-up; `user` is then the organisation, and `email` that of the
    /// user who made it.
    #[serde(default)]
    pub founded: Vec<SignUp>,
}

/// One way to learn who is signed in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Unique in the entry.
    pub name: String,
    /// Where it comes from.
    pub source: IdentitySource,
    /// What of its value is the user.
    pub user: UserFields,
    /// What of its value is the organisation that the user is acting for. It is absent for users who act for none, so it
    /// counts only behind a check of its own.
    pub organisation: Option<UserFields>,
    /// The value may be absent: the code must have checked, or the insertion must.
    #[serde(default)]
    pub nullable: bool,
    /// Functions around a handler that let only signed-in users through: inside, the value is there.
    #[serde(default)]
    pub wrapped_by: Vec<Symbol>,
    /// Decorators behind which the value of an imported object is a user.
    #[serde(default)]
    pub vouched_by: Vec<Symbol>,
    /// The member of such an object that says whether somebody is signed in.
    #[serde(default)]
    pub asks: Option<String>,
    /// The user's members are the library's own: the first of each is there whether the code reads it or not.
    #[serde(default)]
    pub members_known: bool,
    /// The user's members are items of a mapping: `session["user_id"]`.
    #[serde(default)]
    pub items: bool,
    /// Texts with one of which in the decorators of a handler, or anywhere in an app where no handler is known, it is not meant.
    #[serde(default)]
    pub unless_said: Vec<String>,
    /// Texts one of which stands in an app where a `member` is set for every request, signed in or not.
    #[serde(default)]
    pub everywhere: Vec<String>,
    /// Only with these values of `frameworks`; all when empty.
    #[serde(default)]
    pub frameworks: Vec<String>,
}

/// Where an identity comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum IdentitySource {
    /// The value of a call (awaited or not).
    Call(Callee),
    /// A member of a handler's parameter: `req.user`, `event.context.user`, `locals.session`.
    Member {
        /// Which parameter.
        of: Role,
        /// The member.
        path: String,
    },
    /// A value fetched from a handler's parameter by key: `c.get("user")`.
    Getter {
        /// Which parameter.
        of: Role,
        /// The method.
        method: String,
        /// Its string argument.
        key: String,
    },
    /// An object that stands for the current user and is imported as such: `flask_login.current_user`.
    Object(Symbol),
    /// A handler's parameter filled by dependency injection: `user: User = Depends(get_current_user)`.
    Injected {
        /// What marks the parameter: `fastapi.Depends`.
        marker: Symbol,
        /// The function injected must be what this makes (`FastAPIUsers` → `current_user`), or, when absent, one of
        /// the app's own that reaches a verifier.
        callee: Option<Callee>,
    },
    /// A handler's parameter that something written around the handler fills or vouches for.
    Decorated {
        /// Decorators, what is given to them, classes the handler's class extends, and items of its lists
        /// (`permission_classes = [IsAuthenticated]`).
        symbols: Vec<Symbol>,
        /// Methods by which a class decides otherwise: lists of one that has any of them say nothing.
        #[serde(default)]
        unless: Vec<String>,
        /// What holds for handlers that say nothing of it themselves.
        default: Option<Vouching>,
        /// The user is then this member of the parameter with this role.
        of: Role,
        /// The member.
        path: String,
    },
}

/// A setting of the app in which it says who gets to all handlers of a framework.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vouching {
    /// The key of a list of names: `DEFAULT_PERMISSION_CLASSES`.
    pub setting: String,
    /// The field of a class, or the decorator, with which a handler says otherwise: `permission_classes`.
    pub field: String,
    /// The framework, by its id.
    pub framework: String,
}

/// A call that vouches for a user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// What is called.
    pub call: Callee,
    /// Members of its value that name the user.
    #[serde(default)]
    pub user: UserFields,
    /// Given a function, it hands the value to this parameter of it instead: `verify(token, key, (error, claims) => …)`.
    pub callback: Option<usize>,
    /// It may give nothing where nobody is signed in.
    #[serde(default)]
    pub nullable: bool,
    /// It throws where the token is not genuine.
    #[serde(default)]
    pub throws: bool,
    /// Texts of calls that only read a token and check nothing: `verify_signature`, which is written to turn that off.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// A class of the app that knows who is signed in: what its method gives back is put on the request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// What makes the class that it extends.
    pub base: Callee,
    /// The method.
    pub method: String,
    /// The member of the request.
    pub sets: String,
}

/// A call that makes a token; what it holds comes first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// What is called.
    pub call: Callee,
}

/// The call that makes a token for somebody, told by a value of the app's choice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is called.
    pub call: Callee,
    /// The argument that tells for whom; the first one where it has no name.
    pub keyword: String,
    /// What a user's id is called there; `*_id` is any name that ends so.
    pub ids: Vec<String>,
}

/// Where a user comes to exist, as `sites` reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A request handler (or server action) of the app.
    Handler,
    /// The return from a login provider.
    OauthCallback,
    /// A hook the auth library offers.
    AuthEventHook,
    /// A webhook of a hosted provider.
    Webhook,
    /// A signal of the ORM.
    OrmSignal,
    /// A service or repository function behind handlers.
    Service,
    /// Made when somebody is first seen signed in.
    FirstLoginUpsert,
}

/// One way a user comes to exist.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Unique in the entry.
    pub name: String,
    /// As reported.
    pub how: How,
    /// Where it is.
    pub place: SignUpPlace,
    /// The user, relative to the parameter or value named by the place.
    pub user: UserFields,
}

/// Where a sign-up is seen.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SignUpPlace {
    /// A function at a path of the options of a call: `events.createUser` of `NextAuth({…})`. It may be absent and can
    /// then be written.
    OptionsHook {
        /// The call.
        call: Symbol,
        /// The path of keys.
        path: String,
        /// The parameters as written when the hook is new: `{ user }` or `user`.
        params: String,
        /// Where the user is in them: a member of the first parameter, `""` for the parameter itself.
        user: String,
        /// The library only calls it when its options have this key.
        needs: Option<String>,
    },
    /// A call that makes the user; its value describes the user.
    Call {
        /// What is called.
        callee: Callee,
        /// Where the user is in its value.
        #[serde(default)]
        user: String,
        /// It is given a function that gets the new user as first argument (`User.register(u, pw, cb)`).
        #[serde(default)]
        callback: bool,
    },
    /// A function passed to a call (a strategy's verify callback, a signal receiver).
    Callback {
        /// The call or decorator.
        symbol: Symbol,
        /// Where the user is in the callback's parameters, by name.
        param: Option<String>,
    },
    /// A webhook handler that compares the event's type with this.
    Event {
        /// Calls that verify such a webhook; the handler holds one of them.
        verifiers: Vec<Symbol>,
        /// The type.
        event: String,
        /// Where the user is in the event.
        user: String,
    },
    /// A method to override on a class of the app: `UserManager.on_after_register`.
    Method {
        /// The base.
        base: Symbol,
        /// The method.
        method: String,
        /// The parameter that is the user.
        param: String,
    },
}
