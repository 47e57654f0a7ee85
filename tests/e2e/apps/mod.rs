//! The sample apps, as a person uses them.

mod express_jwt_prisma;
mod fastapi_async_replicate;
mod fastapi_sqlmodel_jwt;
mod nextjs_authjs_prisma;
mod nextjs_jwt_drizzle;
mod nextjs_teams_drizzle;

use crate::app::App;

pub(crate) const ALL: &[&App] = &[
    &express_jwt_prisma::APP,
    &express_jwt_prisma::BLOCK,
    &express_jwt_prisma::MONTHLY,
    &fastapi_sqlmodel_jwt::APP,
    &fastapi_sqlmodel_jwt::BLOCK,
    &fastapi_sqlmodel_jwt::MONTHLY,
    &fastapi_async_replicate::APP,
    &fastapi_async_replicate::MONTHLY,
    &nextjs_jwt_drizzle::APP,
    &nextjs_teams_drizzle::APP,
    &nextjs_authjs_prisma::APP,
];
