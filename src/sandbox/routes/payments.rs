//! `/billing-portal/sessions` and `/top-ups`: links to hosted pages.

use axum::extract::{Path, State};

use super::{Answer, created, ok};
use crate::credyt::types::{CreatePortalSessionRequest, InitiateTopUpRequest};
use crate::sandbox::app::App;
use crate::sandbox::extract::Body;

/// Answers 200, not 201.
pub(crate) async fn open_portal(
    State(app): State<App>,
    Body(request): Body<CreatePortalSessionRequest>,
) -> Answer {
    app.write(|store, now| store.open_portal(request, now)).map(|session| ok(&session))
}

pub(crate) async fn start_top_up(
    State(app): State<App>,
    Body(request): Body<InitiateTopUpRequest>,
) -> Answer {
    app.write(|store, now| store.start_top_up(request, now)).map(|started| created(&started))
}

pub(crate) async fn read_top_up(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.read(|store, _| store.top_up(&id)).map(|top_up| ok(&top_up))
}
